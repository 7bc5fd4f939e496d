from datetime import datetime
from uuid import UUID

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from verf.database import Record, TenantRecord


class OrganisationRow(Record):
    """Not a TenantRecord, since its own id is the organisation; its policy hides all others within a scope."""

    __tablename__ = "organisations"
    room = "organisations"

    name: Mapped[str]
    created_at: Mapped[datetime]


class MemberRow(Record):
    """Readable without a scope, because signing in has to find out which organisations a person belongs to."""

    __tablename__ = "members"
    room = "organisations"
    __table_args__ = (
        UniqueConstraint("organisation_id", "person_id"),
        Index("ix_members_person_id", "person_id"),
    )

    organisation_id: Mapped[UUID] = mapped_column(ForeignKey("organisations.organisations.id", ondelete="CASCADE"))
    person_id: Mapped[UUID] = mapped_column(ForeignKey("identity.people.id", ondelete="CASCADE"))
    role: Mapped[str]
    joined_at: Mapped[datetime]


class InvitationRow(TenantRecord):
    __tablename__ = "invitations"
    room = "organisations"
    __table_args__ = (Index("ix_invitations_email", "email"),)

    email: Mapped[str]
    role: Mapped[str]
    invited_by: Mapped[UUID]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]
    answered_at: Mapped[datetime | None]


class CredentialRow(TenantRecord):
    """A secret of somebody else's service. Only ever written here encrypted, and read only to call that service."""

    __tablename__ = "credentials"
    room = "organisations"

    kind: Mapped[str]
    key_id: Mapped[str]
    sealed: Mapped[bytes]
    fingerprint: Mapped[bytes]
    created_at: Mapped[datetime]
