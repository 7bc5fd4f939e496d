"""What to expect of every product of a shop, worked out from its past after each sync."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from stock import demand
from stock.models import ProductOutlook
from stock.wildberries import moscow_day
from verf.database import upsert

DAYS = 90
# Orders younger than this may still be on their way to a buyer or back.
SETTLED = 14
SOON_AFTER_LEAD = 7

PRODUCTS = text("""
SELECT p.id, p.nm_id, p.listed_at, p.lead_days,
       coalesce(s.quantity, 0), coalesce(s.to_client, 0), coalesce(s.from_client, 0),
       coalesce(s.value, 0), coalesce(m.price, 0)
FROM stock.products p
LEFT JOIN (
    SELECT l.nm_id, sum(l.quantity)::bigint AS quantity, sum(l.to_client)::bigint AS to_client,
           sum(l.from_client)::bigint AS from_client, sum(l.quantity * coalesce(r.discounted_minor, 0))::bigint AS value
    FROM stock.stock_levels l
    LEFT JOIN stock.prices r ON r.connection_id = l.connection_id AND r.chrt_id = l.chrt_id
    WHERE l.connection_id = :connection GROUP BY l.nm_id
) s ON s.nm_id = p.nm_id
LEFT JOIN (
    SELECT nm_id, min(discounted_minor) AS price FROM stock.prices WHERE connection_id = :connection GROUP BY nm_id
) m ON m.nm_id = p.nm_id
WHERE p.connection_id = :connection AND p.is_followed ORDER BY p.id
""")
HISTORY = text("""
SELECT nm_id, array_agg(day - CAST(:start AS date)), array_agg(orders), array_agg(sales - returns),
       array_agg(revenue_minor), array_agg(watched_seconds), array_agg(in_stock_seconds), array_agg(unit_seconds)
FROM stock.days WHERE connection_id = :connection AND day >= :start AND day < :today GROUP BY nm_id
""")
WRITTEN = (
    "state",
    "quantity",
    "to_client",
    "from_client",
    "price_minor",
    "value_minor",
    "per_day",
    "buyout",
    "days_of_cover",
    "runs_out_early",
    "runs_out",
    "runs_out_late",
    "reorder_point",
    "reorder_quantity",
    "reorder_by",
    "lost_units",
    "lost_minor",
    "sold_28",
    "revenue_28_minor",
    "turnover_days",
    "revenue_class",
    "steadiness_class",
    "why",
)

Floats = NDArray[np.float64]


@dataclass(frozen=True)
class Past:
    orders: Floats
    kept: Floats
    revenue: Floats
    watched: Floats
    in_stock: Floats
    units: Floats

    @property
    def available(self) -> Floats:
        share: Floats = np.divide(
            self.in_stock, self.watched, out=np.full_like(self.watched, np.nan), where=self.watched > 0
        )
        return share


@dataclass(frozen=True)
class Assortment:
    """The products of one shop as columns."""

    ids: list[UUID]
    numbers: list[int]
    age_days: Floats
    lead_days: Floats
    quantity: Floats
    to_client: Floats
    from_client: Floats
    value: Floats
    price: Floats


@dataclass(frozen=True)
class Appraised:
    product: UUID
    quantity: int
    days_of_cover: float | None
    state: str


async def appraise(
    session: AsyncSession, connection: UUID, *, policy: demand.Policy, at: datetime
) -> Sequence[Appraised]:
    """Work out and keep the outlook of every product; return what alerts look at."""
    today = moscow_day(at)
    # Right after the first load PostgreSQL has no statistics yet, takes every table for a handful of rows and would
    # join whole shops row by row: two minutes instead of a tenth of a second. Nothing here gains from such joins.
    await session.execute(text("SET LOCAL enable_nestloop = off"))
    goods = await _assortment(session, connection, policy, at)
    if not goods.ids:
        return []
    past = await _past(session, connection, goods, today)
    rows = _outlooks(goods, past, policy, today)
    await upsert(
        session,
        ProductOutlook,
        [(product, connection, at, *row) for product, row in zip(goods.ids, rows, strict=True)],
        columns=("product_id", "connection_id", "computed_at", *WRITTEN),
        by=("product_id",),
        changed=WRITTEN,
    )
    cover = WRITTEN.index("days_of_cover")
    return [
        Appraised(product, int(row[1]), row[cover], str(row[0])) for product, row in zip(goods.ids, rows, strict=True)
    ]


async def _assortment(session: AsyncSession, connection: UUID, policy: demand.Policy, at: datetime) -> Assortment:
    rows = list(await session.execute(PRODUCTS, {"connection": connection}))
    numbers = np.array([[float(value) for value in row[4:]] for row in rows]).reshape(len(rows), 5).T
    return Assortment(
        ids=[row[0] for row in rows],
        numbers=[row[1] for row in rows],
        age_days=np.array([(at - row[2]).total_seconds() / 86_400 if row[2] else float(DAYS) for row in rows]),
        lead_days=np.array([policy.lead_days if row[3] is None else float(row[3]) for row in rows]),
        quantity=numbers[0],
        to_client=numbers[1],
        from_client=numbers[2],
        value=numbers[3],
        price=numbers[4],
    )


async def _past(session: AsyncSession, connection: UUID, goods: Assortment, today: date) -> Past:
    start = today - timedelta(days=DAYS)
    place = {number: row for row, number in enumerate(goods.numbers)}
    arrays = [np.zeros((len(place), DAYS)) for _ in range(6)]
    found = await session.execute(HISTORY, {"connection": connection, "start": start, "today": today})
    for number, days, *columns in found:
        row = place.get(number)
        if row is None:
            continue
        for array, values in zip(arrays, columns, strict=True):
            array[row, days] = values
    return Past(*arrays)


@dataclass(frozen=True)
class Numbers:
    """Everything worked out, as columns over the products."""

    pace: demand.Velocity
    buyout: Floats
    ahead: demand.Outlook
    order: demand.Reorder
    expected_back: Floats
    lost: Floats
    sold: Floats
    revenue: Floats
    turnover: Floats
    classes: list[str]
    steadiness: list[str]


def _outlooks(goods: Assortment, past: Past, policy: demand.Policy, today: date) -> list[tuple[Any, ...]]:
    numbers = _numbers(goods, past, policy, today)
    return [_row(goods, past, numbers, today, i) for i in range(len(goods.ids))]


def _numbers(goods: Assortment, past: Past, policy: demand.Policy, today: date) -> Numbers:
    history = demand.History(past.orders, past.available)
    shares = demand.likely_in_stock(history)
    pace = demand.velocity(history, goods.age_days)
    buyout = demand.buyout_share(past.orders[:, :-SETTLED].sum(axis=1), past.kept[:, :-SETTLED].sum(axis=1))
    first_weekday = (today - timedelta(days=DAYS)).weekday()
    ahead = demand.run_out(
        demand.Shelf(goods.quantity, goods.to_client, goods.from_client),
        pace.per_day,
        buyout,
        weekdays=demand.weekday_profile(past.orders, shares, first_weekday),
        tomorrow=today.weekday(),
    )
    net = pace.per_day * buyout
    expected_back = goods.from_client + (1 - buyout) * goods.to_client
    position = goods.quantity + expected_back
    sold = past.kept[:, -28:].sum(axis=1)
    return Numbers(
        pace=pace,
        buyout=buyout,
        ahead=ahead,
        order=demand.reorder(net, _deviation(past, shares, net), position, policy, goods.lead_days),
        expected_back=expected_back,
        lost=demand.lost_units(pace.per_day, past.available),
        sold=sold,
        revenue=past.revenue[:, -28:].sum(axis=1),
        turnover=demand.turnover_days(_average_stock(goods, past), sold / 28),
        classes=demand.revenue_classes(past.revenue.sum(axis=1)),
        steadiness=demand.steadiness_classes(past.orders, shares),
    )


def _average_stock(goods: Assortment, past: Past) -> Floats:
    """Over the watched time of the last 28 days; what lies there now until there is any."""
    watched = past.watched[:, -28:].sum(axis=1)
    units = past.units[:, -28:].sum(axis=1)
    average: Floats = np.divide(units, watched, out=goods.quantity.astype(float), where=watched > 0)
    return average


def _row(goods: Assortment, past: Past, numbers: Numbers, today: date, i: int) -> tuple[Any, ...]:
    """In the order of WRITTEN."""
    pace, ahead, order = numbers.pace, numbers.ahead, numbers.order
    state = _state(goods.quantity[i], bool(pace.known[i]), pace.per_day[i], ahead.middle[i], goods.lead_days[i])
    says = state not in ("unknown", "quiet")
    return (
        state,
        int(goods.quantity[i]),
        int(goods.to_client[i]),
        int(goods.from_client[i]),
        int(goods.price[i]),
        int(goods.value[i]),
        round(float(pace.per_day[i]), 4),
        round(float(numbers.buyout[i]), 4),
        _finite(ahead.middle[i]) if says else None,
        _day(today, ahead.early[i]) if says else None,
        _day(today, ahead.middle[i]) if says else None,
        _day(today, ahead.late[i]) if says else None,
        int(order.point[i]) if says else 0,
        int(order.quantity[i]) if says else 0,
        _day(today, order.days_left[i]) if says else None,
        round(float(numbers.lost[i]), 2),
        int(numbers.lost[i] * goods.price[i]),
        int(numbers.sold[i]),
        int(numbers.revenue[i]),
        _finite(numbers.turnover[i]),
        numbers.classes[i],
        numbers.steadiness[i],
        _why(goods, past, numbers, i),
    )


def _why(goods: Assortment, past: Past, numbers: Numbers, i: int) -> dict[str, Any]:
    net = numbers.pace.per_day[i] * numbers.buyout[i]
    return {
        "windows": {str(days): round(float(rate[i]), 3) for days, rate in numbers.pace.by_window.items()},
        "in_stock_days": round(float(numbers.pace.in_stock_days[i]), 1),
        "observed_days": int(min(goods.age_days[i], DAYS)),
        "orders": int(past.orders[i].sum()),
        "quick_cover": _finite(goods.quantity[i] / net) if net > 0 else None,
        "safety_stock": int(numbers.order.safety_stock[i]),
        "lead_days": int(goods.lead_days[i]),
        "expected_back": round(float(numbers.expected_back[i]), 1),
    }


def _deviation(past: Past, shares: Floats, net: Floats) -> Floats:
    """How much a day's demand strays, at least as much as chance alone makes it stray."""
    open_days = shares[:, -28:] > 0.5
    count = open_days.sum(axis=1)
    orders = past.orders[:, -28:]
    mean = np.divide((orders * open_days).sum(axis=1), count, out=np.zeros(len(net)), where=count > 0)
    squares = (((orders - mean[:, None]) ** 2) * open_days).sum(axis=1)
    spread: Floats = np.sqrt(np.divide(squares, count, out=np.zeros(len(net)), where=count > 1))
    return np.maximum(spread, np.sqrt(net))


def _state(quantity: float, known: bool, per_day: float, middle: float, lead: float) -> str:
    if quantity <= 0:
        return "out"
    if not known:
        return "unknown"
    if per_day <= 0:
        return "quiet"
    return "soon" if middle <= lead + SOON_AFTER_LEAD else "enough"


def _finite(value: float) -> float | None:
    return round(float(value), 2) if np.isfinite(value) else None


def _day(today: date, days: float) -> date | None:
    return today + timedelta(days=int(days)) if np.isfinite(days) else None
