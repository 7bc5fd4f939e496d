from datetime import datetime
from uuid import UUID

from sqlalchemy import BigInteger, ForeignKeyConstraint, Index, UniqueConstraint, true
from sqlalchemy.orm import Mapped, mapped_column

from verf.database import TenantRecord, TenantTable


class Product(TenantRecord):
    """A card of the shop; its sizes are what is stocked."""

    __tablename__ = "products"
    room = "stock"
    __table_args__ = (
        UniqueConstraint("organisation_id", "connection_id", "nm_id"),
        ForeignKeyConstraint(
            ["organisation_id", "connection_id"],
            ["stock.connections.organisation_id", "stock.connections.id"],
            ondelete="CASCADE",
        ),
    )

    connection_id: Mapped[UUID]
    nm_id: Mapped[int] = mapped_column(BigInteger)
    vendor_code: Mapped[str]
    title: Mapped[str]
    brand: Mapped[str]
    subject: Mapped[str]
    photo: Mapped[str]
    listed_at: Mapped[datetime | None]
    lead_days: Mapped[int | None]
    # Whether the plan has room for it.
    is_followed: Mapped[bool] = mapped_column(server_default=true())


class Size(TenantTable):
    __tablename__ = "sizes"
    room = "stock"
    __table_args__ = (Index("ix_sizes_product", "organisation_id", "connection_id", "nm_id"),)

    organisation_id: Mapped[UUID] = mapped_column(primary_key=True)
    connection_id: Mapped[UUID] = mapped_column(primary_key=True)
    chrt_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    nm_id: Mapped[int] = mapped_column(BigInteger)
    name: Mapped[str]
    barcodes: Mapped[list[str]]


class Price(TenantTable):
    """What a size costs now, in minor units."""

    __tablename__ = "prices"
    room = "stock"

    organisation_id: Mapped[UUID] = mapped_column(primary_key=True)
    connection_id: Mapped[UUID] = mapped_column(primary_key=True)
    chrt_id: Mapped[int] = mapped_column(BigInteger, primary_key=True)
    nm_id: Mapped[int] = mapped_column(BigInteger)
    full_minor: Mapped[int] = mapped_column(BigInteger)
    discounted_minor: Mapped[int] = mapped_column(BigInteger)
    currency: Mapped[str]


class Warehouse(TenantRecord):
    """An entry of the open dictionary of places. Wildberries renames and hides its warehouses as it likes.

    `kind`: wb, seller or transit (goods on the way that the report does not place).
    """

    __tablename__ = "warehouses"
    room = "stock"
    __table_args__ = (
        UniqueConstraint("organisation_id", "connection_id", "key"),
        ForeignKeyConstraint(
            ["organisation_id", "connection_id"],
            ["stock.connections.organisation_id", "stock.connections.id"],
            ondelete="CASCADE",
        ),
    )

    connection_id: Mapped[UUID]
    key: Mapped[str]
    kind: Mapped[str]
    number: Mapped[int | None] = mapped_column(BigInteger)
    name: Mapped[str]
