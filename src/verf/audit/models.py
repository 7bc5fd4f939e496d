from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index
from sqlalchemy.orm import Mapped, mapped_column

from verf.database import Record
from verf.kit import now


class EntryRow(Record):
    room = "audit"
    __tablename__ = "entries"
    __table_args__ = (
        Index("ix_entries_organisation_id_id", "organisation_id", "id"),
        Index("ix_entries_subject_id", "subject", "id"),
    )

    at: Mapped[datetime] = mapped_column(default=now)
    # Empty for what concerns the house and no organisation.
    organisation_id: Mapped[UUID | None]
    actor: Mapped[str]
    action: Mapped[str]
    subject: Mapped[str]
    before: Mapped[dict[str, Any] | None]
    after: Mapped[dict[str, Any] | None]
    request_id: Mapped[str]
    address: Mapped[str]
