"""A room for measuring: the shortest list a product could offer, and a page that listens. Never installed."""

from fastapi import APIRouter, Response
from orjson import dumps
from sqlalchemy import bindparam, select

from stock.models import Product
from verf.database import reading
from verf.manifest import Room
from verf.organisations import CurrentTenant
from verf.realtime import stream

TOPIC = "benchmark"
PRODUCTS = "/api/v1/benchmark/products"
EVENTS = "/benchmark/events"

router = APIRouter(include_in_schema=False)
_goods = (
    select(Product.id, Product.nm_id, Product.vendor_code, Product.title, Product.brand, Product.subject, Product.photo)
    .order_by(Product.nm_id)
    .limit(bindparam("limit"))
)


@router.get(PRODUCTS)
async def products(tenant: CurrentTenant, limit: int = 50) -> Response:
    async with reading(organisation=tenant.organisation) as connection:
        found = await connection.execute(_goods, {"limit": limit})
    items = [dict(row) for row in found]
    return Response(dumps({"items": items}, default=str), media_type="application/json")


@router.get(EVENTS)
async def events() -> Response:
    return stream([TOPIC])


shelf = Room(name="benchmark", package="verf.web", routers=(router,))
