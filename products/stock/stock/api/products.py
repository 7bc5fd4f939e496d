from collections.abc import Iterable
from datetime import date
from typing import Annotated, Any, Literal
from uuid import UUID

import orjson
from fastapi import APIRouter, Depends, Query, Response
from pydantic import BaseModel, Field

from stock.api.counting import counted
from stock.listing import CURRENCY, LevelView, ProductView, Wanted, levels_of, product_of, products_after
from stock.overview import trade_days
from verf.database import reading
from verf.organisations import CurrentTenant, TenantTransaction
from verf.web import decode_cursor, encode_cursor, problem_responses

router = APIRouter(
    prefix="/api/v1/stock/products",
    tags=["stock"],
    responses=problem_responses(401, 402, 403, 404, 429),
    dependencies=[Depends(counted)],
)
State = Literal["out", "soon", "enough", "quiet", "unknown", "unfollowed", "reorder"]


class MoneyAnswer(BaseModel):
    minor_units: int = Field(examples=[129900])
    currency: str = Field(examples=["RUB"])


class StockAnswer(BaseModel):
    chrt_id: int
    size: str = Field(examples=["42"])
    barcodes: list[str] = Field(examples=[["2037031652319"]])
    warehouse_id: int | None = Field(description="The marketplace's number; absent in reports that only name it.")
    warehouse: str
    kind: str = Field(description="wb, seller or transit", examples=["wb"])
    quantity: int
    to_client: int
    from_client: int


class OutlookAnswer(BaseModel):
    state: str = Field(
        description="out, soon, enough, quiet (no demand), unknown (under 7 days of data) "
        "or unfollowed (beyond the products of the plan: kept, without numbers)"
    )
    orders_per_day: float
    buyout_share: float
    days_of_cover: float | None = Field(description="None: no demand, or not known yet.")
    runs_out_early: date | None
    runs_out: date | None
    runs_out_late: date | None
    reorder_point: int
    reorder_quantity: int
    reorder_by: date | None
    lost_units_28_days: float
    lost_28_days: MoneyAnswer
    sold_28_days: int
    revenue_28_days: MoneyAnswer
    turnover_days: float | None
    revenue_class: str
    steadiness_class: str


class ProductAnswer(BaseModel):
    id: UUID
    connection_id: UUID
    nm_id: int
    vendor_code: str = Field(examples=["0557722/синий"])
    title: str
    brand: str
    subject: str
    quantity: int
    price: MoneyAnswer
    value: MoneyAnswer
    outlook: OutlookAnswer
    stocks: list[StockAnswer]


class TradeDayAnswer(BaseModel):
    day: date = Field(description="A Moscow day.")
    orders: int
    sales: int
    revenue_minor: int
    closing: int | None


class ProductDetail(ProductAnswer):
    why: dict[str, Any] = Field(description="How the numbers came about.")
    days: list[TradeDayAnswer]


class ProductPage(BaseModel):
    items: list[ProductAnswer]
    next_cursor: str | None


# A long list is written as it is documented, without checking each of its values again: that took most of its time.
def answer_of(product: ProductView, levels: Iterable[LevelView]) -> dict[str, Any]:
    """What ProductAnswer describes."""
    return {
        "id": product.id,
        "connection_id": product.connection,
        "nm_id": product.nm_id,
        "vendor_code": product.vendor_code,
        "title": product.title,
        "brand": product.brand,
        "subject": product.subject,
        "quantity": product.quantity,
        "price": _money(product.price_minor),
        "value": _money(product.value_minor),
        "outlook": _outlook(product),
        "stocks": [_stock(level) for level in levels if level.kind],
    }


def _money(minor: int) -> dict[str, Any]:
    return {"minor_units": minor, "currency": CURRENCY}


def _stock(level: LevelView) -> dict[str, Any]:
    return {
        "chrt_id": level.chrt_id,
        "size": level.size,
        "barcodes": level.barcodes,
        "warehouse_id": level.warehouse_number,
        "warehouse": level.warehouse,
        "kind": level.kind,
        "quantity": level.quantity,
        "to_client": level.to_client,
        "from_client": level.from_client,
    }


def _outlook(product: ProductView) -> dict[str, Any]:
    return {
        "state": product.state,
        "orders_per_day": product.per_day,
        "buyout_share": product.buyout,
        "days_of_cover": product.days_of_cover,
        "runs_out_early": product.runs_out_early,
        "runs_out": product.runs_out,
        "runs_out_late": product.runs_out_late,
        "reorder_point": product.reorder_point,
        "reorder_quantity": product.reorder_quantity,
        "reorder_by": product.reorder_by,
        "lost_units_28_days": product.lost_units,
        "lost_28_days": _money(product.lost_minor),
        "sold_28_days": product.sold_28,
        "revenue_28_days": _money(product.revenue_28_minor),
        "turnover_days": product.turnover_days,
        "revenue_class": product.revenue_class,
        "steadiness_class": product.steadiness_class,
    }


async def wanted_from(
    q: Annotated[
        str, Query(max_length=200, description="Part of title, article or brand; a WB article; a barcode.")
    ] = "",
    state: State | None = None,
    subject: Annotated[str, Query(max_length=100)] = "",
    connection_id: UUID | None = None,
) -> Wanted:
    return Wanted(search=q.replace("\x00", "").strip(), state=state or "", subject=subject, connection=connection_id)


Filters = Annotated[Wanted, Depends(wanted_from)]


@router.get("", response_model=None, responses={200: {"model": ProductPage}})
async def list_all(
    tenant: CurrentTenant,
    wanted: Filters,
    cursor: str | None = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> Response:
    """Products with their stock by size and warehouse. Go on with `next_cursor` until it is null."""
    (after,) = decode_cursor(cursor, UUID) if cursor is not None else (None,)
    async with reading(organisation=tenant.organisation) as connection:
        products = await products_after(connection, wanted, after=after, limit=limit + 1)
        shown = products[:limit]
        followed = [product.id for product in shown if product.is_followed]
        levels = await levels_of(connection, followed) if followed else {}
    page = {
        "items": [answer_of(product, levels.get(product.id, ())) for product in shown],
        "next_cursor": encode_cursor(shown[-1].id) if len(products) > limit else None,
    }
    # The driver's UUIDs are of a class of its own, which only `str` knows how to write.
    return Response(orjson.dumps(page, default=str), media_type="application/json")


@router.get("/{product_id}")
async def show(product_id: UUID, session: TenantTransaction) -> ProductDetail:
    product = await product_of(session, product_id)
    levels = await levels_of(session, [product.id] if product.is_followed else [])
    days = await trade_days(session, days=90, connection=product.connection, nm_id=product.nm_id)
    return ProductDetail(
        **answer_of(product, levels.get(product.id, ())),
        why=dict(product.why),
        days=[TradeDayAnswer(**vars(day)) for day in days],
    )
