from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import ForeignKeyConstraint, Index, text
from sqlalchemy.orm import Mapped, mapped_column

from verf.database import Table, TenantRecord, TenantTable


class SyncRun(TenantRecord):
    """One reading of a shop. `steps` holds each step's state, counts and place; at most one run is under way."""

    __tablename__ = "sync_runs"
    room = "stock"
    __table_args__ = (
        ForeignKeyConstraint(
            ["organisation_id", "connection_id"],
            ["stock.connections.organisation_id", "stock.connections.id"],
            ondelete="CASCADE",
        ),
        Index("ix_sync_runs_organisation_id_created_at", "organisation_id", "created_at"),
        Index(
            "uq_sync_runs_under_way",
            "organisation_id",
            "connection_id",
            unique=True,
            postgresql_where=text("state IN ('queued', 'running')"),
        ),
    )

    connection_id: Mapped[UUID]
    state: Mapped[str]
    trigger: Mapped[str]
    created_at: Mapped[datetime]
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]
    resumes_at: Mapped[datetime | None]
    cancelled_at: Mapped[datetime | None]
    steps: Mapped[dict[str, Any]]
    requests: Mapped[int] = mapped_column(server_default="0")
    cost: Mapped[int] = mapped_column(server_default="0")
    first_error: Mapped[str | None]
    first_error_code: Mapped[str | None]


class SyncCursor(TenantTable):
    """How far one step has come over all runs: the watermark exactly as the marketplace wrote it."""

    __tablename__ = "sync_cursors"
    room = "stock"
    __table_args__ = (
        ForeignKeyConstraint(
            ["organisation_id", "connection_id"],
            ["stock.connections.organisation_id", "stock.connections.id"],
            ondelete="CASCADE",
        ),
    )

    organisation_id: Mapped[UUID] = mapped_column(primary_key=True)
    connection_id: Mapped[UUID] = mapped_column(primary_key=True)
    step: Mapped[str] = mapped_column(primary_key=True)
    watermark: Mapped[dict[str, Any]]
    digest: Mapped[str] = mapped_column(server_default="")
    completed_at: Mapped[datetime | None]


class RateWindow(Table):
    """When a bucket of the marketplace lets us ask again. Shared by all organisations that know the same shop.

    `key` names marketplace, shop (as a hash), kind of token and group of methods; `tat` is GCRA's theoretical arrival.
    """

    __tablename__ = "rate_windows"
    room = "stock"

    key: Mapped[str] = mapped_column(primary_key=True)
    tat: Mapped[datetime]
    blocked_until: Mapped[datetime]
