from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Index, LargeBinary, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from verf.database import TenantRecord


class AnswerRow(TenantRecord):
    """What was answered to a request that must not be done twice. `id` names the operation, through every retry."""

    __tablename__ = "answers"
    __table_args__ = (
        UniqueConstraint("organisation_id", "actor", "route", "key"),
        Index(None, "expires_at"),
    )
    room = "limits"

    actor: Mapped[str]
    route: Mapped[str]
    key: Mapped[str]
    fingerprint: Mapped[bytes] = mapped_column(LargeBinary)
    # Whoever works on it says every few seconds that they live; when they fall silent somebody else may try.
    holder: Mapped[UUID]
    alive_until: Mapped[datetime]
    # None: not answered yet.
    status: Mapped[int | None]
    headers: Mapped[dict[str, Any]]
    body: Mapped[bytes] = mapped_column(LargeBinary)
    expires_at: Mapped[datetime]
