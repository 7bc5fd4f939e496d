from datetime import date, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import BigInteger, Index
from sqlalchemy.orm import Mapped, mapped_column

from verf.database import TenantTable


class Day(TenantTable):
    """What one product did on one Moscow day. `in_stock_seconds` counts only watched seconds."""

    __tablename__ = "days"
    room = "stock"
    __table_args__ = (Index("ix_days_day", "organisation_id", "connection_id", "day"),)

    organisation_id: Mapped[UUID] = mapped_column(primary_key=True)
    connection_id: Mapped[UUID] = mapped_column(primary_key=True)
    nm_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    day: Mapped[date] = mapped_column(primary_key=True)
    orders: Mapped[int] = mapped_column(server_default="0")
    cancelled: Mapped[int] = mapped_column(server_default="0")
    sales: Mapped[int] = mapped_column(server_default="0")
    returns: Mapped[int] = mapped_column(server_default="0")
    revenue_minor: Mapped[int] = mapped_column(BigInteger, server_default="0")
    watched_seconds: Mapped[int] = mapped_column(server_default="0")
    in_stock_seconds: Mapped[int] = mapped_column(server_default="0")
    closing: Mapped[int | None]
    unit_seconds: Mapped[int] = mapped_column(BigInteger, server_default="0")


class ProductOutlook(TenantTable):
    """What we expect of one product, worked out after each sync; the pages only read it.

    `state`: out, soon, enough, quiet (no demand) or unknown (too little data). Days are counted from `computed_at`.
    """

    __tablename__ = "outlooks"
    room = "stock"
    __table_args__ = (Index("ix_outlooks_connection_id", "organisation_id", "connection_id", "state"),)

    organisation_id: Mapped[UUID] = mapped_column(primary_key=True)
    product_id: Mapped[UUID] = mapped_column(primary_key=True)
    connection_id: Mapped[UUID]
    computed_at: Mapped[datetime]
    state: Mapped[str]
    quantity: Mapped[int]
    to_client: Mapped[int]
    from_client: Mapped[int]
    price_minor: Mapped[int] = mapped_column(BigInteger)
    value_minor: Mapped[int] = mapped_column(BigInteger)
    per_day: Mapped[float]
    buyout: Mapped[float]
    days_of_cover: Mapped[float | None]
    runs_out_early: Mapped[date | None]
    runs_out: Mapped[date | None]
    runs_out_late: Mapped[date | None]
    reorder_point: Mapped[int]
    reorder_quantity: Mapped[int]
    reorder_by: Mapped[date | None]
    lost_units: Mapped[float]
    lost_minor: Mapped[int] = mapped_column(BigInteger)
    sold_28: Mapped[int]
    revenue_28_minor: Mapped[int] = mapped_column(BigInteger)
    turnover_days: Mapped[float | None]
    revenue_class: Mapped[str]
    steadiness_class: Mapped[str]
    why: Mapped[dict[str, Any]]
