"""seller-analytics-api: Wildberries' own figures on turnover, time without stock and lost orders."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from stock.simulators.wildberries.answers import Answer, analytics_error, json_answer
from stock.simulators.wildberries.calls import Call
from stock.simulators.wildberries.catalogue import Card
from stock.simulators.wildberries.demand import BOUGHT, Integers
from stock.simulators.wildberries.moments import DAY, HOUR, MOSCOW_AHEAD, TICK, day_name, day_start, read_moment
from stock.simulators.wildberries.moments import moscow_day as day_of
from stock.simulators.wildberries.orders import ORDERED, OUTCOME, OUTCOME_AT, SIZE
from stock.simulators.wildberries.prices import discounted
from stock.simulators.wildberries.shelves import WB
from stock.simulators.wildberries.shop import Shop

LARGEST_PAGE = 1000
# Hours that are not hours.
ENDLESS, ZERO, UNKNOWN, ABSENT = -1, -2, -3, -4


@dataclass(frozen=True, slots=True)
class Period:
    first: int
    last: int

    @property
    def days(self) -> range:
        return range(self.first, self.last + 1)


def products(call: Call) -> Answer:
    body = call.body(analytics_error)
    period = _period(body)
    limit, offset = body.get("limit", 100), body.get("offset")
    if type(limit) is not int or not 1 <= limit <= LARGEST_PAGE or type(offset) is not int or offset < 0:
        raise analytics_error(400, "code=400, message=invalid: limit, offset (field required)")
    cards = [card for card in call.shop.catalogue.cards if _passes(body, card)]
    items = [_item(call.shop, card, period) for card in cards]
    field, mode = body["orderBy"]["field"], body["orderBy"]["mode"]
    items.sort(key=lambda item: _sortable(item["metrics"].get(field)), reverse=mode == "desc")
    if wanted := body["availabilityFilters"]:
        items = [item for item in items if item["metrics"]["availability"] in wanted]
    return json_answer({"data": {"items": items[offset : offset + limit], "currency": "RUB"}})


def _period(body: dict[str, Any]) -> Period:
    required = ("currentPeriod", "stockType", "skipDeletedNm", "orderBy", "availabilityFilters")
    missing = [f"{name} (field required)" for name in required if name not in body]
    if missing:
        raise analytics_error(400, f"code=400, message=invalid: {', '.join(missing)}")
    try:
        first, last = (day_of(read_moment(body["currentPeriod"][name])) for name in ("start", "end"))
    except (KeyError, TypeError, ValueError):
        raise analytics_error(400, "code=400, message=invalid: currentPeriod") from None
    return Period(first, last)


def _sortable(figure: Any) -> float:
    if isinstance(figure, dict):
        return float(figure["days"] * 24 + figure["hours"])
    return float(figure or 0)


def _passes(body: dict[str, Any], card: Card) -> bool:
    if body["skipDeletedNm"] and card.trashed_at:
        return False
    if body.get("nmIDs") and card.nm_id not in body["nmIDs"]:
        return False
    if body.get("subjectID") and card.subject.id != body["subjectID"]:
        return False
    return not body.get("brandName") or card.brand == body["brandName"]


def _item(shop: Shop, card: Card, period: Period) -> dict[str, Any]:
    return {
        "nmID": card.nm_id,
        "isDeleted": bool(card.trashed_at),
        "subjectName": card.subject.name,
        "name": card.title,
        "vendorCode": card.vendor_code,
        "brandName": card.brand,
        "mainPhoto": f"https://basket-12.wbbasket.ru/vol{card.nm_id // 100_000}/{card.nm_id}/images/c246x328/1.webp",
        "hasSizes": card.sizes > 1,
        "metrics": metrics_of(shop, list(card.size_numbers), card, period),
    }


def metrics_of(shop: Shop, sizes: list[int], card: Card, period: Period) -> dict[str, Any]:
    ordered, bought, months = _counted(shop, sizes, period)
    days = len(period.days)
    view, price = shop.view, int(discounted(card))
    stock = int(view.shelf[:, sizes].sum())
    books = [shop.days[day] for day in period.days if day in shop.days]
    average = sum(int(book.close[:, sizes].sum()) for book in books) / len(books) if books else 0.0
    empty = int(np.mean([book.empty_ticks[sizes].mean() for book in books]) * len(books)) if books else 0
    lost = sum(int(book.lost[sizes].sum()) for book in books)
    kept = bought / ordered if ordered else 0.0
    return {
        "ordersCount": ordered,
        "ordersSum": ordered * price,
        "avgOrders": round(ordered / days, 2),
        "avgOrdersByMonth": months,
        "buyoutCount": bought,
        "buyoutSum": bought * price,
        "buyoutPercent": min(100, round(kept * 100)),
        "stockCount": stock,
        "stockSum": stock * price,
        "saleRate": _span(stock, ordered / days),
        "avgStockTurnover": _span(average, ordered / days),
        "toClientCount": int(view.to_client[WB][sizes].sum()),
        "fromClientCount": int(view.from_client[WB][sizes].sum()),
        "officeMissingTime": _missing(empty, days),
        "lostOrdersCount": float(lost) if lost else float(ZERO),
        "lostOrdersSum": float(lost * price) if lost else float(ZERO),
        "lostBuyoutsCount": round(lost * kept, 2) if lost else float(ZERO),
        "lostBuyoutsSum": round(lost * kept * price, 2) if lost else float(ZERO),
        "currentPrice": {"minPrice": price, "maxPrice": price},
        "availability": _availability(stock, ordered / days),
    }


def _rows_of(shop: Shop, sizes: list[int]) -> Integers:
    table = shop.orders.table()
    # Sizes of one card are neighbours.
    return table[(table[:, SIZE] >= sizes[0]) & (table[:, SIZE] <= sizes[-1])]


def _counted(shop: Shop, sizes: list[int], period: Period) -> tuple[int, int, list[dict[str, Any]]]:
    rows, start, end = _rows_of(shop, sizes), day_start(period.first), min(day_start(period.last + 1), shop.view.at)
    ordered = (rows[:, ORDERED] >= start) & (rows[:, ORDERED] < end)
    bought = (rows[:, OUTCOME] == BOUGHT) & (rows[:, OUTCOME_AT] >= start) & (rows[:, OUTCOME_AT] < end)
    days = (rows[ordered, ORDERED] + MOSCOW_AHEAD) // DAY
    months: dict[str, list[int]] = {}
    for day in period.days:
        months.setdefault(day_name(day)[:7], []).append(day)
    by_month = [
        {
            "start": day_name(span[0]),
            "end": day_name(span[-1]),
            "value": round(float(((days >= span[0]) & (days <= span[-1])).sum()) / len(span), 2),
        }
        for span in months.values()
    ]
    return int(ordered.sum()), int(bought.sum()), by_month


def _span(quantity: float, pace: float) -> dict[str, int]:
    if not quantity:
        return {"days": 0, "hours": ZERO}
    if not pace:
        return {"days": 0, "hours": ENDLESS}
    hours = int(quantity / pace * 24)
    return {"days": hours // 24, "hours": hours % 24}


def _missing(ticks: int, days: int) -> dict[str, int]:
    hours = ticks * TICK // HOUR
    if hours >= days * 24:
        return {"days": 0, "hours": ABSENT}
    return {"days": hours // 24, "hours": hours % 24} if hours else {"days": 0, "hours": ZERO}


def _availability(stock: int, pace: float) -> str:
    if not pace:
        return "nonLiquid" if stock else "nonActual"
    cover = stock / pace
    return next(
        (name for below, name in ((7, "deficient"), (30, "actual"), (60, "balanced")) if cover < below), "nonActual"
    )
