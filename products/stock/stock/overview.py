"""The dashboard's numbers: what the stock is worth, what runs out, what to order, what was lost. Five queries."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy import func, select, text, true
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.orm import aliased

from stock.connections import ERASING, ConnectionView
from stock.connections import view as connection_view
from stock.listing import COLUMNS, CURRENCY, ProductView, joined, product_view
from stock.models import Connection, Day, ProductOutlook, SyncRun
from stock.sync import RunView
from stock.sync.runs import view as run_view
from stock.wildberries import moscow_day
from verf.kit import Money, now

SUMMARY = text("""
SELECT count(*), coalesce(sum(quantity), 0)::bigint, coalesce(sum(value_minor), 0)::bigint,
       coalesce(sum(lost_minor), 0)::bigint, coalesce(sum(lost_units), 0)::float8,
       coalesce(sum(revenue_28_minor), 0)::bigint, coalesce(sum(sold_28), 0)::bigint,
       count(*) FILTER (WHERE reorder_quantity > 0), coalesce(sum(reorder_quantity), 0)::bigint,
       count(*) FILTER (WHERE state = 'out'), count(*) FILTER (WHERE state = 'soon'),
       count(*) FILTER (WHERE state = 'enough'), count(*) FILTER (WHERE state = 'quiet'),
       count(*) FILTER (WHERE state = 'unknown'),
       coalesce(sum(per_day * buyout), 0)::float8,
       count(*) FILTER (WHERE days_of_cover > 0 AND days_of_cover < 7),
       count(*) FILTER (WHERE days_of_cover >= 7 AND days_of_cover < 14),
       count(*) FILTER (WHERE days_of_cover >= 14 AND days_of_cover < 30),
       count(*) FILTER (WHERE days_of_cover >= 30 AND days_of_cover < 60),
       count(*) FILTER (WHERE days_of_cover >= 60),
       max(computed_at)
FROM stock.outlooks
""")


@dataclass(frozen=True)
class Shop:
    connection: ConnectionView
    run: RunView | None


@dataclass(frozen=True)
class Summary:
    products: int
    quantity: int
    value: Money
    lost: Money
    lost_units: float
    revenue: Money
    sold: int
    to_reorder: int
    reorder_units: int
    states: Mapping[str, int]
    net_per_day: float
    cover: Sequence[int]
    computed_at: datetime | None

    @property
    def days_of_cover(self) -> float | None:
        return self.quantity / self.net_per_day if self.net_per_day > 0 else None


@dataclass(frozen=True)
class TradeDay:
    day: date
    orders: int
    sales: int
    revenue_minor: int
    closing: int | None


async def shops_of(session: AsyncSession) -> Sequence[Shop]:
    """Every shop with its newest run."""
    one = aliased(SyncRun)
    newest = select(one.id).where(one.connection_id == Connection.id).order_by(one.created_at.desc()).limit(1).lateral()
    query = (
        select(Connection, SyncRun)
        .select_from(Connection)
        .outerjoin(newest, true())
        .outerjoin(SyncRun, SyncRun.id == newest.c.id)
        .where(Connection.state != ERASING)
        .order_by(Connection.created_at, Connection.id)
        .limit(100)
    )
    return [Shop(connection_view(row), run_view(run) if run else None) for row, run in await session.execute(query)]


async def summary_of(session: AsyncSession) -> Summary:
    row = (await session.execute(SUMMARY)).one()
    states = dict(zip(("out", "soon", "enough", "quiet", "unknown"), row[9:14], strict=True))
    return Summary(
        products=row[0],
        quantity=row[1],
        value=Money(row[2], CURRENCY),
        lost=Money(row[3], CURRENCY),
        lost_units=row[4],
        revenue=Money(row[5], CURRENCY),
        sold=row[6],
        to_reorder=row[7],
        reorder_units=row[8],
        states=states,
        net_per_day=row[14],
        cover=[row[9], *row[15:20]],
        computed_at=row[20],
    )


async def running_out(session: AsyncSession, *, limit: int = 8) -> Sequence[ProductView]:
    """The soonest first; those that are out already come last, the ones that lose most before the others."""
    query = (
        joined(*COLUMNS)
        .where(ProductOutlook.state.in_(("out", "soon")), ProductOutlook.per_day > 0)
        .order_by(
            ProductOutlook.state == "out",
            ProductOutlook.days_of_cover.asc(),
            ProductOutlook.per_day.desc(),
            ProductOutlook.product_id,
        )
        .limit(limit)
    )
    return [product_view(row) for row in await session.execute(query)]


async def to_reorder(session: AsyncSession, *, limit: int = 8) -> Sequence[ProductView]:
    query = (
        joined(*COLUMNS)
        .where(ProductOutlook.reorder_quantity > 0)
        .order_by(
            ProductOutlook.reorder_by.asc().nulls_last(),
            (ProductOutlook.per_day * ProductOutlook.price_minor).desc(),
            ProductOutlook.product_id,
        )
        .limit(limit)
    )
    return [product_view(row) for row in await session.execute(query)]


async def trade_days(
    session: AsyncSession, *, days: int = 30, connection: UUID | None = None, nm_id: int | None = None
) -> Sequence[TradeDay]:
    """The last full Moscow days, those without a row as zeros."""
    today = moscow_day(now())
    query = select(
        Day.day,
        func.sum(Day.orders),
        func.sum(Day.sales - Day.returns),
        func.sum(Day.revenue_minor),
        func.sum(Day.closing),
    ).where(Day.day >= today - timedelta(days=days), Day.day < today)
    if connection is not None:
        query = query.where(Day.connection_id == connection, Day.nm_id == nm_id)
    found = {row[0]: row for row in await session.execute(query.group_by(Day.day))}
    result = []
    for back in range(days, 0, -1):
        day = today - timedelta(days=back)
        row = found.get(day)
        closing = int(row[4]) if row and row[4] is not None else None
        result.append(
            TradeDay(day, int(row[1]), int(row[2]), int(row[3]), closing) if row else TradeDay(day, 0, 0, 0, None)
        )
    return result
