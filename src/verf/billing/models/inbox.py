from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from verf.database import Record
from verf.kit import now


class ProviderEvent(Record):
    """A webhook, word for word. Only authentic ones get here."""

    __tablename__ = "provider_events"
    __table_args__ = (
        UniqueConstraint("provider", "account", "is_live", "event_id"),
        Index(None, "received_at"),
        Index("ix_provider_events_unhandled", "received_at", postgresql_where=text("state = 'new'")),
    )
    room = "billing"

    provider: Mapped[str]
    account: Mapped[str]
    is_live: Mapped[bool]
    event_id: Mapped[str]
    kind: Mapped[str]
    version: Mapped[str] = mapped_column(default="")
    subject_kind: Mapped[str] = mapped_column(default="")
    subject_ref: Mapped[str] = mapped_column(default="")
    key: Mapped[str] = mapped_column(default="")
    occurred_at: Mapped[datetime]
    received_at: Mapped[datetime] = mapped_column(default=now)
    headers: Mapped[dict[str, Any]]
    body: Mapped[bytes]
    # new, handled, ignored (unknown, foreign, wrong mode), failed (gave up; staff may replay)
    state: Mapped[str] = mapped_column(default="new")
    reason: Mapped[str] = mapped_column(default="")
    attempts: Mapped[int] = mapped_column(default=0)
    deliveries: Mapped[int] = mapped_column(default=1)
    handled_at: Mapped[datetime | None]
    organisation_id: Mapped[UUID | None]


class SyncCursor(Record):
    """How far the changes of a provider have been read."""

    __tablename__ = "sync_cursors"
    __table_args__ = (UniqueConstraint("provider", "account", "is_live", "stream"),)
    room = "billing"

    provider: Mapped[str]
    account: Mapped[str]
    is_live: Mapped[bool]
    stream: Mapped[str]
    read_until: Mapped[datetime]


class Finding(Record):
    """A difference between what a provider says and what we keep, until it is repaired or dismissed."""

    __tablename__ = "findings"
    __table_args__ = (
        Index(
            "uq_findings_one_open",
            "provider",
            "kind",
            "subject",
            unique=True,
            postgresql_where=text("state = 'open'"),
        ),
        Index(None, "found_at"),
    )
    room = "billing"

    provider: Mapped[str]
    account: Mapped[str]
    is_live: Mapped[bool]
    # lost_webhook, refund_elsewhere, duplicate, wrong_mode, amount_differs, unknown_payment, missing_there
    kind: Mapped[str]
    subject: Mapped[str]
    organisation_id: Mapped[UUID | None]
    ours: Mapped[dict[str, Any]]
    theirs: Mapped[dict[str, Any]]
    proposal: Mapped[str] = mapped_column(default="")
    state: Mapped[str] = mapped_column(default="open")
    found_at: Mapped[datetime] = mapped_column(default=now)
    closed_at: Mapped[datetime | None]
    closed_by: Mapped[str] = mapped_column(default="")
