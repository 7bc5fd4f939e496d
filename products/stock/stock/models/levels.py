from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKeyConstraint, Index
from sqlalchemy.orm import Mapped, mapped_column

from verf.database import TenantTable


class StockLevel(TenantTable):
    """How many of a size lie in a warehouse now. Zero is a row too, once there was something.

    `source` is the report that speaks of the row: a complete answer of that report zeroes what it leaves out.
    """

    __tablename__ = "stock_levels"
    room = "stock"
    __table_args__ = (Index("ix_stock_levels_product", "organisation_id", "connection_id", "nm_id"),)

    organisation_id: Mapped[UUID] = mapped_column(primary_key=True)
    connection_id: Mapped[UUID] = mapped_column(primary_key=True)
    chrt_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    warehouse_id: Mapped[UUID] = mapped_column(primary_key=True)
    nm_id: Mapped[int] = mapped_column(BigInteger)
    source: Mapped[str]
    quantity: Mapped[int]
    to_client: Mapped[int]
    from_client: Mapped[int]


class StockChange(TenantTable):
    """What a level became, and when we learnt it. Written only when something moved."""

    __tablename__ = "stock_changes"
    room = "stock"
    __table_args__ = (
        Index("ix_stock_changes_product", "organisation_id", "connection_id", "nm_id", "at"),
        Index("ix_stock_changes_at", "at", postgresql_using="brin"),
    )

    organisation_id: Mapped[UUID] = mapped_column(primary_key=True)
    connection_id: Mapped[UUID] = mapped_column(primary_key=True)
    chrt_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    warehouse_id: Mapped[UUID] = mapped_column(primary_key=True)
    at: Mapped[datetime] = mapped_column(primary_key=True)
    nm_id: Mapped[int] = mapped_column(BigInteger)
    quantity: Mapped[int]
    quantity_before: Mapped[int | None]
    to_client: Mapped[int]
    from_client: Mapped[int]
    run_id: Mapped[UUID]


class StagedLevel(TenantTable):
    """A page of a snapshot that is not complete yet. Nobody looks at it before the last page is there."""

    __tablename__ = "staged_levels"
    room = "stock"

    organisation_id: Mapped[UUID] = mapped_column(primary_key=True)
    run_id: Mapped[UUID] = mapped_column(primary_key=True)
    source: Mapped[str] = mapped_column(primary_key=True)
    chrt_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    warehouse: Mapped[str] = mapped_column(primary_key=True)
    nm_id: Mapped[int] = mapped_column(BigInteger)
    quantity: Mapped[int]
    to_client: Mapped[int]
    from_client: Mapped[int]


class Doubt(TenantTable):
    """Too much of a place is gone to be believed: since when, how many runs in a row have said so, and the last."""

    __tablename__ = "doubts"
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
    place: Mapped[str] = mapped_column(primary_key=True)
    since: Mapped[datetime]
    runs: Mapped[int]
    run_id: Mapped[UUID]
