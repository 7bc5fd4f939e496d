from datetime import datetime
from uuid import UUID

from sqlalchemy import Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from verf.database import TenantRecord, TenantTable


class Connection(TenantRecord):
    """A shop on a marketplace. The token itself lies in the organisation's vault.

    `state`: active, invalid (the marketplace refused the token) or disconnected (its data is kept).
    """

    __tablename__ = "connections"
    room = "stock"
    __table_args__ = (
        UniqueConstraint("organisation_id", "marketplace", "seller"),
        UniqueConstraint("organisation_id", "fingerprint"),
        Index("ix_connections_next_sync_at", "next_sync_at"),
    )

    marketplace: Mapped[str]
    seller: Mapped[str]
    seller_name: Mapped[str] = mapped_column(server_default="")
    token_kind: Mapped[str]
    scopes: Mapped[list[str]]
    read_only: Mapped[bool]
    expires_at: Mapped[datetime]
    fingerprint: Mapped[str | None]
    credential_id: Mapped[UUID | None]
    state: Mapped[str]
    state_reason: Mapped[str] = mapped_column(server_default="")
    state_at: Mapped[datetime]
    warned_days: Mapped[int | None]
    created_by: Mapped[UUID]
    created_at: Mapped[datetime]
    next_sync_at: Mapped[datetime]
    first_synced_at: Mapped[datetime | None]
    last_synced_at: Mapped[datetime | None]
    # When the marketplace's stock that we show was read completely.
    stock_at: Mapped[datetime | None]


class Policy(TenantTable):
    """How this organisation buys: days from order to shelf, and how often it orders."""

    __tablename__ = "policies"
    room = "stock"

    organisation_id: Mapped[UUID] = mapped_column(primary_key=True)
    lead_days: Mapped[int]
    lead_deviation_days: Mapped[int]
    review_days: Mapped[int]
