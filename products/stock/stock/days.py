"""Daily roll-ups: what each product did on each Moscow day."""

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from stock.models import Day
from stock.wildberries import moscow_day
from verf.database import upsert

MOSCOW_OFFSET = timedelta(hours=3)
DAY = timedelta(days=1)

# Moscow has been three hours ahead all year round since 2014.
TRADE = text("""
SELECT nm_id, day, sum(orders)::int, sum(cancelled)::int, sum(sales)::int, sum(returns)::int, sum(revenue)::bigint
FROM (
    SELECT nm_id, (ordered_at AT TIME ZONE 'UTC' + interval '3 hours')::date AS day,
           1 AS orders, is_cancelled::int AS cancelled, 0 AS sales, 0 AS returns, 0 AS revenue
    FROM stock.orders WHERE connection_id = :connection AND ordered_at >= :since
    UNION ALL
    SELECT nm_id, (sold_at AT TIME ZONE 'UTC' + interval '3 hours')::date, 0, 0,
           (kind = 'sale')::int, (kind = 'return')::int, CASE kind WHEN 'sale' THEN price_minor ELSE -price_minor END
    FROM stock.sales WHERE connection_id = :connection AND sold_at >= :since
) AS trade
GROUP BY nm_id, day
""")
LEVELS = text(
    "SELECT nm_id, sum(quantity)::bigint FROM stock.stock_levels WHERE connection_id = :connection GROUP BY nm_id"
)
CHANGES = text("""
SELECT nm_id, at, sum(quantity - coalesce(quantity_before, 0))::bigint
FROM stock.stock_changes WHERE connection_id = :connection AND at >= :since GROUP BY nm_id, at ORDER BY nm_id, at DESC
""")
SOLD = ("orders", "cancelled", "sales", "returns", "revenue_minor")
SHELF = ("watched_seconds", "in_stock_seconds", "closing", "unit_seconds")


def start_of(day: date) -> datetime:
    """Midnight in Moscow, in UTC."""
    return datetime.combine(day, time(), UTC) - MOSCOW_OFFSET


async def roll_up_trade(session: AsyncSession, connection: UUID, since: date) -> None:
    """Count orders and sales again, from the first day of which a row has moved."""
    found = await session.execute(TRADE, {"connection": connection, "since": start_of(since)})
    await upsert(
        session,
        Day,
        [(connection, *row) for row in found],
        columns=("connection_id", "nm_id", "day", *SOLD),
        by=("connection_id", "nm_id", "day"),
        changed=SOLD,
    )


async def close_days(
    session: AsyncSession, connection: UUID, *, watched_from: datetime, after: date | None, at: datetime
) -> date | None:
    """Measure the shelf on the days that have ended since `after`; return the last day closed."""
    first = max(after + DAY, moscow_day(watched_from)) if after else moscow_day(watched_from)
    last = moscow_day(at) - DAY
    if first > last:
        return after
    since = max(start_of(first), watched_from)
    levels = {nm_id: total for nm_id, total in await session.execute(LEVELS, {"connection": connection})}  # noqa: C416
    moves: dict[int, list[tuple[datetime, int]]] = defaultdict(list)
    for nm_id, moment, delta in await session.execute(CHANGES, {"connection": connection, "since": since}):
        moves[nm_id].append((moment, delta))
    rows = [
        (connection, nm_id, *shelf)
        for nm_id, total in levels.items()
        for shelf in shelf_days(Shelf(total, moves[nm_id], since, start_of(last + DAY)))
    ]
    await upsert(
        session,
        Day,
        rows,
        columns=("connection_id", "nm_id", "day", *SHELF),
        by=("connection_id", "nm_id", "day"),
        changed=SHELF,
    )
    return last


@dataclass(frozen=True)
class Shelf:
    """What lies there now, and its moves since `since`, newest first."""

    total: int
    moves: list[tuple[datetime, int]]
    since: datetime
    until: datetime


def shelf_days(shelf: Shelf) -> Iterable[tuple[date, int, int, int, int]]:
    """Day, seconds watched, seconds with something on the shelf, closing quantity, units times seconds."""
    stretches = list(reversed(list(_stretches(shelf))))
    day = moscow_day(shelf.since)
    while start_of(day) < shelf.until:
        start, end = max(start_of(day), shelf.since), start_of(day + DAY)
        watched = filled = units = closing = 0
        for begins, ends, quantity in stretches:
            seconds = int((min(ends, end) - max(begins, start)).total_seconds())
            if seconds <= 0:
                continue
            watched += seconds
            filled += seconds if quantity > 0 else 0
            units += seconds * quantity
            closing = quantity
        yield day, watched, filled, closing, units
        day += DAY


def _stretches(shelf: Shelf) -> Iterable[tuple[datetime, datetime, int]]:
    """Backwards from now: from when, until when, how many."""
    quantity, ends = shelf.total, max(shelf.until, shelf.moves[0][0] if shelf.moves else shelf.until)
    for moment, delta in shelf.moves:
        if moment < ends:
            yield max(moment, shelf.since), ends, max(quantity, 0)
            ends = moment
        quantity -= delta
    if shelf.since < ends:
        yield shelf.since, ends, max(quantity, 0)
