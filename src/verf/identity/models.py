from datetime import datetime
from uuid import UUID

from sqlalchemy import CheckConstraint, ForeignKey, Index
from sqlalchemy.dialects.postgresql import INET
from sqlalchemy.orm import Mapped, mapped_column

from verf.database import Record, Table


class PersonRow(Record):
    __tablename__ = "people"
    room = "identity"
    __table_args__ = (CheckConstraint("email = lower(email)", name="email_is_lower_case"),)

    email: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    locale: Mapped[str]
    password_hash: Mapped[str | None]
    created_at: Mapped[datetime]
    verified_at: Mapped[datetime | None]
    disabled_at: Mapped[datetime | None]


class StaffRow(Table):
    __tablename__ = "staff"
    room = "identity"

    person_id: Mapped[UUID] = mapped_column(ForeignKey("identity.people.id", ondelete="CASCADE"), primary_key=True)
    role: Mapped[str]
    added_at: Mapped[datetime]


class SessionRow(Record):
    """One sign-in on one device. `counter` is the generation of its current refresh token, `sealed_key` signs them."""

    __tablename__ = "sessions"
    room = "identity"
    __table_args__ = (
        # What the list of sessions and "end all the others" ask for.
        Index("ix_sessions_person_open", "person_id", postgresql_where="ended_at IS NULL"),
    )

    person_id: Mapped[UUID] = mapped_column(ForeignKey("identity.people.id", ondelete="CASCADE"))
    organisation_id: Mapped[UUID | None]
    counter: Mapped[int]
    sealed_key: Mapped[bytes]
    device_hash: Mapped[bytes | None]
    user_agent: Mapped[str]
    ip: Mapped[str | None] = mapped_column(INET)
    created_at: Mapped[datetime]
    refreshed_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]
    ended_because: Mapped[str | None]


class LinkRow(Record):
    """A link in a mail. The password is what was chosen when asking: proving the address proves that one."""

    __tablename__ = "links"
    room = "identity"
    __table_args__ = (Index("ix_links_person_purpose", "person_id", "purpose"),)

    person_id: Mapped[UUID] = mapped_column(ForeignKey("identity.people.id", ondelete="CASCADE"))
    purpose: Mapped[str]
    password_hash: Mapped[str | None]
    device_hash: Mapped[bytes | None]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]
