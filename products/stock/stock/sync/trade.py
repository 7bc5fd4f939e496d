"""Steps "orders" and "sales": what changed since the watermark, which is kept exactly as Wildberries wrote it."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from stock.models import Order, Sale
from stock.sync.visit import Visit
from stock.wildberries import Answer, Group, Market, Trouble, moscow_day, moscow_moment, moscow_text
from stock.wildberries import rows as reading
from verf.database import Table, upsert
from verf.kit import now

KEPT = timedelta(days=90)
ORDER = (
    "nm_id",
    "barcode",
    "size",
    "ordered_at",
    "changed",
    "is_cancelled",
    "cancelled_at",
    "price_minor",
    "warehouse",
    "from_seller",
)
SALE = ("sale_id", "nm_id", "barcode", "sold_at", "changed", "price_minor", "payout_minor")


@dataclass(frozen=True)
class Report:
    group: Group
    ask: Callable[[Market, str, bool], Awaitable[Answer]]
    read: Callable[[object], Sequence[Any]]
    record: type[Table]
    key: tuple[str, ...]
    columns: tuple[str, ...]


ORDERS = Report(
    Group.ORDERS,
    lambda market, since, whole_day: market.orders(since, whole_day=whole_day),
    reading.read_orders,
    Order,
    ("connection_id", "srid"),
    ORDER,
)
SALES = Report(
    Group.SALES,
    lambda market, since, whole_day: market.sales(since, whole_day=whole_day),
    reading.read_sales,
    Sale,
    ("connection_id", "srid", "kind"),
    SALE,
)


async def read_orders(visit: Visit) -> None:
    await _read(visit, ORDERS)


async def read_sales(visit: Visit) -> None:
    await _read(visit, SALES)


async def _read(visit: Visit, report: Report) -> None:
    """The row at the watermark always comes again, and so does each row whose state changed; both are upserted."""
    await _walk_days(visit, report)
    watermark = str(visit.place.get("since") or (await visit.cursor()).watermark.get("changed") or _beginning())
    while True:
        answer = await visit.ask(report.group, lambda market: report.ask(market, watermark, False))
        if not isinstance(answer.body, list):
            raise Trouble("Wildberries sent a report that is not a list.")
        rows = report.read(answer.body)
        reached = _latest([watermark, *(row.changed for row in rows)])
        is_cut = len(answer.body) >= visit.wildberries.statistics_page * 0.9
        is_stuck = is_cut and reached == watermark
        async with visit.writing() as session:
            await _save(session, visit, report, rows)
            visit.count(unreadable=len(answer.body) - len(rows))
            if is_stuck:
                _plan_days(visit, watermark)
            else:
                visit.place["since"] = watermark = reached
                await visit.move_cursor(session, {"changed": reached}, completed=not is_cut)
                if not is_cut:
                    visit.state["state"] = "ok"
        visit.check()
        if is_stuck:
            await _walk_days(visit, report)
            watermark = str(visit.place["since"])
        elif not is_cut:
            return


def _plan_days(visit: Visit, watermark: str) -> None:
    """More rows share one moment than an answer holds: only whole days can get past it."""
    today = moscow_day(now())
    days = [str(today - timedelta(days=back)) for back in range(KEPT.days, -1, -1)]
    visit.place.update(days=days, since=_just_after(watermark))


async def _walk_days(visit: Visit, report: Report) -> None:
    while days := visit.place.get("days"):
        day = str(date.fromisoformat(days[0]))
        answer = await visit.ask(report.group, lambda market: report.ask(market, day, True))
        if not isinstance(answer.body, list):
            raise Trouble("Wildberries sent a report that is not a list.")
        async with visit.writing() as session:
            await _save(session, visit, report, report.read(answer.body))
            visit.place["days"] = days[1:]
        visit.check()


def _just_after(watermark: str) -> str:
    moment = moscow_moment(watermark)
    return moscow_text(moment + timedelta(seconds=1)) if moment else _beginning()


def _latest(texts: list[str]) -> str:
    """The latest moment, in its own spelling: fractions have any length, so texts must not be compared as texts."""
    moments = [(moment, text) for text in texts if (moment := moscow_moment(text))]
    return max(moments, key=lambda pair: pair[0])[1] if moments else texts[0]


def _beginning() -> str:
    return moscow_text(now() - KEPT)


async def _save(session: AsyncSession, visit: Visit, report: Report, rows: Sequence[Any]) -> None:
    """A row that is older than the one we have (late pages, repeated days) must not win."""
    ordered = sorted(rows, key=lambda row: moscow_moment(row.changed) or now() - KEPT)
    names = (*report.key, *report.columns)
    moved = await upsert(
        session,
        report.record,
        [(visit.shop.connection, *_values(row, names[1:])) for row in ordered],
        columns=names,
        by=report.key,
        changed=report.columns,
    )
    visit.count(done=len(rows), changed=len(moved), new=sum(1 for move in moved if move.before is None))
    days = [row.ordered_at if isinstance(row, reading.Order) else row.sold_at for row in rows]
    if days:
        since = str(min(moscow_day(day) for day in days))
        visit.place["from_day"] = min(visit.place.get("from_day", since), since)


def _values(row: Any, names: tuple[str, ...]) -> tuple[Any, ...]:
    """Our column names differ from the row's only where money is concerned."""
    return tuple(getattr(row, name.removesuffix("_minor")) for name in names)
