from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, Index
from sqlalchemy.orm import Mapped, mapped_column

from verf.database import TenantTable


class Order(TenantTable):
    """One ordered unit. `srid` is its identity; the basket number groups several orders and must not be."""

    __tablename__ = "orders"
    room = "stock"
    __table_args__ = (
        Index("ix_orders_product", "organisation_id", "connection_id", "nm_id", "ordered_at"),
        Index("ix_orders_ordered_at", "organisation_id", "connection_id", "ordered_at"),
    )

    organisation_id: Mapped[UUID] = mapped_column(primary_key=True)
    connection_id: Mapped[UUID] = mapped_column(primary_key=True)
    srid: Mapped[str] = mapped_column(primary_key=True)
    nm_id: Mapped[int] = mapped_column(BigInteger)
    barcode: Mapped[str]
    size: Mapped[str]
    ordered_at: Mapped[datetime]
    # As Wildberries wrote it: fractions of any length, Moscow time.
    changed: Mapped[str]
    is_cancelled: Mapped[bool]
    cancelled_at: Mapped[datetime | None]
    price_minor: Mapped[int] = mapped_column(BigInteger)
    warehouse: Mapped[str]
    from_seller: Mapped[bool]


class Sale(TenantTable):
    """A kept unit (sale) or one that came back (return). Both may carry the srid of the same order."""

    __tablename__ = "sales"
    room = "stock"
    __table_args__ = (
        Index("ix_sales_product", "organisation_id", "connection_id", "nm_id", "sold_at"),
        Index("ix_sales_sold_at", "organisation_id", "connection_id", "sold_at"),
    )

    organisation_id: Mapped[UUID] = mapped_column(primary_key=True)
    connection_id: Mapped[UUID] = mapped_column(primary_key=True)
    srid: Mapped[str] = mapped_column(primary_key=True)
    kind: Mapped[str] = mapped_column(primary_key=True)
    sale_id: Mapped[str]
    nm_id: Mapped[int] = mapped_column(BigInteger)
    barcode: Mapped[str]
    sold_at: Mapped[datetime]
    changed: Mapped[str]
    price_minor: Mapped[int] = mapped_column(BigInteger)
    payout_minor: Mapped[int] = mapped_column(BigInteger)
