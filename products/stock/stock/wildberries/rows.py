"""Rows of Wildberries' answers, read with patience: unknown fields, nulls and numbers in quotes are all fine."""

from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any, NamedTuple

from stock.wildberries.moments import moscow_moment


class Size(NamedTuple):
    chrt_id: int
    name: str
    barcodes: tuple[str, ...]


class Card(NamedTuple):
    nm_id: int
    vendor_code: str
    title: str
    brand: str
    subject: str
    photo: str
    created_at: datetime | None
    sizes: tuple[Size, ...]


class Price(NamedTuple):
    nm_id: int
    chrt_id: int
    full: int
    discounted: int
    currency: str


class Level(NamedTuple):
    """What one size has in one warehouse. `warehouse` is our key in the open dictionary of warehouses."""

    nm_id: int
    chrt_id: int
    warehouse: str
    quantity: int
    to_client: int
    from_client: int


class Order(NamedTuple):
    srid: str
    nm_id: int
    barcode: str
    size: str
    ordered_at: datetime
    changed: str
    cancelled_at: datetime | None
    is_cancelled: bool
    price: int
    warehouse: str
    from_seller: bool


class Sale(NamedTuple):
    srid: str
    kind: str
    sale_id: str
    nm_id: int
    barcode: str
    sold_at: datetime
    changed: str
    price: int
    payout: int


def whole(value: object) -> int:
    """An integer out of 5, "5", 5.0 or null. Truth values are not numbers."""
    if isinstance(value, int) and not isinstance(value, bool):
        return value
    if isinstance(value, str | float):
        try:
            return int(Decimal(str(value)))
        except (InvalidOperation, ValueError, OverflowError):
            return 0
    return 0


def minor(value: object) -> int:
    """Roubles in any spelling to kopecks."""
    if isinstance(value, bool) or not isinstance(value, int | float | str):
        return 0
    try:
        return int((Decimal(str(value)) * 100).to_integral_value())
    except (InvalidOperation, ValueError, OverflowError):
        return 0


def text(value: object, longest: int = 200) -> str:
    """Text without the one character PostgreSQL cannot keep."""
    if value is None:
        return ""
    return str(value).replace("\x00", "")[:longest]


def mappings(value: object) -> Iterator[Mapping[str, Any]]:
    if isinstance(value, list):
        yield from (item for item in value if isinstance(item, dict))


def read_cards(body: object) -> list[Card]:
    cards = body.get("cards") if isinstance(body, dict) else None
    return [card for item in mappings(cards) if (card := _card(item)).nm_id > 0]


def _card(item: Mapping[str, Any]) -> Card:
    photo = next(mappings(item.get("photos")), {})
    return Card(
        nm_id=whole(item.get("nmID")),
        vendor_code=text(item.get("vendorCode"), 75),
        title=text(item.get("title")),
        brand=text(item.get("brand"), 100),
        subject=text(item.get("subjectName"), 100),
        photo=text(photo.get("c246x328") or photo.get("big"), 500),
        created_at=moscow_moment(item.get("createdAt")),
        sizes=tuple(_size(size) for size in mappings(item.get("sizes")) if whole(size.get("chrtID")) > 0),
    )


def _size(item: Mapping[str, Any]) -> Size:
    barcodes = item.get("skus")
    found = tuple(text(code, 30) for code in barcodes if code) if isinstance(barcodes, list) else ()
    return Size(whole(item.get("chrtID")), text(item.get("techSize"), 30), found)


def read_prices(body: object) -> list[Price]:
    data = body.get("data") if isinstance(body, dict) else None
    goods = data.get("listGoods") if isinstance(data, dict) else None
    return [
        Price(
            nm_id=whole(item.get("nmID")),
            chrt_id=whole(size.get("sizeID")),
            full=minor(size.get("price")),
            discounted=minor(size.get("discountedPrice")) or minor(size.get("price")),
            currency=text(item.get("currencyIsoCode4217"), 3) or "RUB",
        )
        for item in mappings(goods)
        for size in mappings(item.get("sizes"))
        if whole(item.get("nmID")) > 0 and whole(size.get("sizeID")) > 0
    ]


def count_goods(body: object) -> int:
    data = body.get("data") if isinstance(body, dict) else None
    goods = data.get("listGoods") if isinstance(data, dict) else None
    return len(goods) if isinstance(goods, list) else 0


def read_orders(body: object) -> list[Order]:
    return [order for item in mappings(body) if (order := _order(item))]


def _order(item: Mapping[str, Any]) -> Order | None:
    ordered_at = moscow_moment(item.get("date"))
    srid = text(item.get("srid"), 120)
    if not srid or ordered_at is None:
        return None
    return Order(
        srid=srid,
        nm_id=whole(item.get("nmId")),
        barcode=text(item.get("barcode"), 30),
        size=text(item.get("techSize"), 30),
        ordered_at=ordered_at,
        changed=text(item.get("lastChangeDate"), 40),
        cancelled_at=moscow_moment(item.get("cancelDate")),
        is_cancelled=item.get("isCancel") in (True, "true", 1),
        price=minor(item.get("priceWithDisc")),
        warehouse=text(item.get("warehouseName"), 100),
        from_seller=item.get("warehouseType") == "Склад продавца",
    )


def read_sales(body: object) -> list[Sale]:
    return [sale for item in mappings(body) if (sale := _sale(item))]


def _sale(item: Mapping[str, Any]) -> Sale | None:
    sold_at = moscow_moment(item.get("date"))
    srid, sale_id = text(item.get("srid"), 120), text(item.get("saleID"), 40)
    if not srid or sold_at is None:
        return None
    return Sale(
        srid=srid,
        kind="return" if sale_id.startswith("R") else "sale",
        sale_id=sale_id,
        nm_id=whole(item.get("nmId")),
        barcode=text(item.get("barcode"), 30),
        sold_at=sold_at,
        changed=text(item.get("lastChangeDate"), 40),
        price=minor(item.get("priceWithDisc")),
        payout=minor(item.get("forPay")),
    )
