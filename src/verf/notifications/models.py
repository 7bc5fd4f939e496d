from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from verf.database import Record
from verf.kit import now


class Notification(Record):
    """One thing to tell one person. The key makes it one, however often it is asked for."""

    __tablename__ = "notifications"
    __table_args__ = (UniqueConstraint("person_id", "notice", "key"),)
    room = "notifications"

    person_id: Mapped[UUID]
    notice: Mapped[str]
    key: Mapped[str]
    data: Mapped[dict[str, Any]]
    created_at: Mapped[datetime] = mapped_column(default=now)


class Delivery(Record):
    """A notification on its way over one channel."""

    __tablename__ = "deliveries"
    __table_args__ = (
        UniqueConstraint("notification_id", "channel"),
        UniqueConstraint("unsubscribe_token"),
        Index(None, "created_at"),
    )
    room = "notifications"

    notification_id: Mapped[UUID] = mapped_column(ForeignKey("notifications.notifications.id", ondelete="CASCADE"))
    channel: Mapped[str]
    state: Mapped[str] = mapped_column(default="waiting")
    address: Mapped[str] = mapped_column(default="")
    subject: Mapped[str] = mapped_column(default="")
    unsubscribe_token: Mapped[str]
    attempts: Mapped[int] = mapped_column(default=0)
    last_error: Mapped[str] = mapped_column(default="")
    created_at: Mapped[datetime] = mapped_column(default=now)
    finished_at: Mapped[datetime | None]


class Suppression(Record):
    """An address that does not exist or does not want us, as its hash: it is known again, not read."""

    __tablename__ = "suppressions"
    __table_args__ = (UniqueConstraint("address_hash"),)
    room = "notifications"

    address_hash: Mapped[str]
    reason: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(default=now)


class OptOut(Record):
    """This person no longer wants this notice by mail."""

    __tablename__ = "opt_outs"
    __table_args__ = (UniqueConstraint("person_id", "notice"),)
    room = "notifications"

    person_id: Mapped[UUID]
    notice: Mapped[str]
    created_at: Mapped[datetime] = mapped_column(default=now)
