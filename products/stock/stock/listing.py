"""Finding products: the same filters for the page, the API and the exports."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import lru_cache
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import ARRAY, ColumnElement, Select, Uuid, bindparam, case, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from stock.models import Connection, Price, Product, ProductOutlook, Size, StockLevel, Warehouse
from verf.database import Line
from verf.errors import NotFound
from verf.kit import Money
from verf.web import _

STATES = ("out", "soon", "enough", "quiet", "unknown", "unfollowed")
UNFOLLOWED = "unfollowed"
SORTS = {
    "title": Product.title,
    "quantity": ProductOutlook.quantity,
    "value": ProductOutlook.value_minor,
    "per_day": ProductOutlook.per_day,
    "cover": ProductOutlook.days_of_cover,
    "reorder": ProductOutlook.reorder_quantity,
    "lost": ProductOutlook.lost_minor,
    "revenue": ProductOutlook.revenue_28_minor,
}
CURRENCY = "RUB"
Reader = AsyncSession | Line


@dataclass(frozen=True)
class Wanted:
    search: str = ""
    state: str = ""
    subject: str = ""
    connection: UUID | None = None


class ProductView(NamedTuple):
    id: UUID
    connection: UUID
    nm_id: int
    vendor_code: str
    title: str
    brand: str
    subject: str
    photo: str
    lead_days: int | None
    state: str
    quantity: int
    to_client: int
    from_client: int
    price_minor: int
    value_minor: int
    per_day: float
    buyout: float
    days_of_cover: float | None
    runs_out_early: date | None
    runs_out: date | None
    runs_out_late: date | None
    reorder_point: int
    reorder_quantity: int
    reorder_by: date | None
    lost_units: float
    lost_minor: int
    sold_28: int
    revenue_28_minor: int
    turnover_days: float | None
    revenue_class: str
    steadiness_class: str
    why: Mapping[str, Any] = {}

    @property
    def name(self) -> str:
        return self.title or self.vendor_code or str(self.nm_id)

    @property
    def is_followed(self) -> bool:
        return self.state != UNFOLLOWED

    @property
    def price(self) -> Money:
        return Money(self.price_minor, CURRENCY)

    @property
    def value(self) -> Money:
        return Money(self.value_minor, CURRENCY)

    @property
    def lost(self) -> Money:
        return Money(self.lost_minor, CURRENCY)

    @property
    def revenue_28(self) -> Money:
        return Money(self.revenue_28_minor, CURRENCY)


class LevelView(NamedTuple):
    product: UUID
    chrt_id: int
    size: str
    barcodes: Sequence[str]
    warehouse: str
    warehouse_number: int | None
    kind: str
    quantity: int
    to_client: int
    from_client: int
    price_minor: int


# No outlook: too little is known yet, or the plan has no room for it.
_state: ColumnElement[str] = func.coalesce(
    ProductOutlook.state, case((Product.is_followed, "unknown"), else_=UNFOLLOWED)
)
LISTED = (
    Product.id,
    Product.connection_id,
    Product.nm_id,
    Product.vendor_code,
    Product.title,
    Product.brand,
    Product.subject,
    Product.photo,
    Product.lead_days,
    _state,
    func.coalesce(ProductOutlook.quantity, 0),
    func.coalesce(ProductOutlook.to_client, 0),
    func.coalesce(ProductOutlook.from_client, 0),
    func.coalesce(ProductOutlook.price_minor, 0),
    func.coalesce(ProductOutlook.value_minor, 0),
    func.coalesce(ProductOutlook.per_day, 0.0),
    func.coalesce(ProductOutlook.buyout, 0.0),
    ProductOutlook.days_of_cover,
    ProductOutlook.runs_out_early,
    ProductOutlook.runs_out,
    ProductOutlook.runs_out_late,
    func.coalesce(ProductOutlook.reorder_point, 0),
    func.coalesce(ProductOutlook.reorder_quantity, 0),
    ProductOutlook.reorder_by,
    func.coalesce(ProductOutlook.lost_units, 0.0),
    func.coalesce(ProductOutlook.lost_minor, 0),
    func.coalesce(ProductOutlook.sold_28, 0),
    func.coalesce(ProductOutlook.revenue_28_minor, 0),
    ProductOutlook.turnover_days,
    func.coalesce(ProductOutlook.revenue_class, ""),
    func.coalesce(ProductOutlook.steadiness_class, ""),
)
COLUMNS = (*LISTED, ProductOutlook.why)
BEFORE_ALL = UUID(int=0)

_levels = (
    select(
        Product.id,
        Size.chrt_id,
        Size.name,
        Size.barcodes,
        func.coalesce(Warehouse.name, ""),
        Warehouse.number,
        func.coalesce(Warehouse.kind, ""),
        func.coalesce(StockLevel.quantity, 0),
        func.coalesce(StockLevel.to_client, 0),
        func.coalesce(StockLevel.from_client, 0),
        func.coalesce(Price.discounted_minor, 0),
    )
    .join(Size, (Size.connection_id == Product.connection_id) & (Size.nm_id == Product.nm_id))
    .outerjoin(
        StockLevel,
        (StockLevel.organisation_id == Size.organisation_id)
        & (StockLevel.connection_id == Size.connection_id)
        & (StockLevel.chrt_id == Size.chrt_id),
    )
    .outerjoin(Warehouse, Warehouse.id == StockLevel.warehouse_id)
    .outerjoin(
        Price,
        (Price.organisation_id == Size.organisation_id)
        & (Price.connection_id == Size.connection_id)
        & (Price.chrt_id == Size.chrt_id),
    )
    .where(Product.id == bindparam("products", type_=ARRAY(Uuid)).any_())
    .order_by(Product.id, Size.name, Size.chrt_id, Warehouse.kind.desc(), Warehouse.name)
)


def joined(*columns: Any) -> Select[Any]:
    same = (ProductOutlook.organisation_id == Product.organisation_id) & (ProductOutlook.product_id == Product.id)
    return select(*columns).select_from(Product).outerjoin(ProductOutlook, same)


def _narrow(query: Select[Any], wanted: Wanted) -> Select[Any]:
    if wanted.connection:
        query = query.where(Product.connection_id == wanted.connection)
    if wanted.subject:
        query = query.where(Product.subject == wanted.subject)
    if wanted.state == "reorder":
        query = query.where(ProductOutlook.reorder_quantity > 0)
    elif wanted.state:
        query = query.where(_state == wanted.state)
    if wanted.search:
        # The sign % and _ in what was typed are letters, not wildcards.
        found = [Product.title.icontains(wanted.search, autoescape=True)]
        found.append(Product.vendor_code.icontains(wanted.search, autoescape=True))
        found.append(Product.brand.icontains(wanted.search, autoescape=True))
        if wanted.search.isascii() and wanted.search.isdigit() and len(wanted.search) < 19:
            found.append(Product.nm_id == int(wanted.search))
        found.append(
            select(Size.chrt_id)
            .where(
                Size.connection_id == Product.connection_id,
                Size.nm_id == Product.nm_id,
                Size.barcodes.contains([wanted.search]),
            )
            .exists()
        )
        query = query.where(or_(*found))
    return query


def product_view(row: Any) -> ProductView:
    return ProductView(*(*row[:-1], row[-1] or {}))


async def list_products(
    session: AsyncSession, wanted: Wanted, *, sort: str, descending: bool, limit: int, offset: int
) -> tuple[Sequence[ProductView], int]:
    """One page and the number of all."""
    column = SORTS[sort]
    order = column.desc().nulls_last() if descending else column.asc().nulls_last()
    query = _narrow(joined(*COLUMNS, func.count().over()), wanted).order_by(order, Product.id)
    rows = (await session.execute(query.limit(limit).offset(offset))).all()
    if rows:
        return [product_view(row[:-1]) for row in rows], rows[0][-1]
    total = await session.scalar(_narrow(joined(func.count()), wanted))
    return [], total or 0


async def products_after(reader: Reader, wanted: Wanted, *, after: UUID | None, limit: int) -> Sequence[ProductView]:
    """In the order of their ids, for listings that go on where they ended. Without `why`."""
    rows = await reader.execute(_after(wanted), {"after": after or BEFORE_ALL, "limit": limit})
    return [ProductView(*row) for row in rows]


@lru_cache(maxsize=64)
def _after(wanted: Wanted) -> Select[Any]:
    """Kept: a program that lists everything asks the same again and again, and composing costs more than asking."""
    query = _narrow(joined(*LISTED), wanted).where(Product.id > bindparam("after"))
    return query.order_by(Product.id).limit(bindparam("limit"))


async def product_of(session: AsyncSession, product: UUID) -> ProductView:
    row = (await session.execute(joined(*COLUMNS).where(Product.id == product))).first()
    if row is None:
        raise NotFound(_("There is no such product."))
    return product_view(row)


async def levels_of(reader: Reader, products: Sequence[UUID]) -> Mapping[UUID, Sequence[LevelView]]:
    """What lies where, by product; sizes that have nothing anywhere are there with an empty place."""
    found: dict[UUID, list[LevelView]] = defaultdict(list)
    for row in await reader.execute(_levels, {"products": list(products)}):
        found[row[0]].append(LevelView(*row))
    return found


async def count_products(session: AsyncSession, organisation: UUID) -> int:
    """Of all shops, followed or not."""
    query = select(func.count()).select_from(Product).where(Product.organisation_id == organisation)
    return await session.scalar(query) or 0


async def count_unfollowed(session: AsyncSession) -> int:
    return await session.scalar(select(func.count()).select_from(Product).where(Product.is_followed.is_(False))) or 0


async def subjects_of(session: AsyncSession) -> Sequence[str]:
    query = select(Product.subject).where(Product.subject != "").distinct().order_by(Product.subject).limit(200)
    return list(await session.scalars(query))


async def shop_names(session: AsyncSession) -> Mapping[UUID, str]:
    query = select(Connection.id, Connection.seller_name)
    return {row[0]: row[1] for row in await session.execute(query)}
