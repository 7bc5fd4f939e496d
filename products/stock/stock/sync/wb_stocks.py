"""Step "stocks": what lies in Wildberries' own warehouses, by the report this kind of token may use."""

import hashlib
from collections.abc import Iterable
from datetime import datetime

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from stock.models import Size
from stock.sync.doubts import Verdict, is_doubtful, weigh
from stock.sync.snapshot import Key, apply, in_stock, mark_read, remember_warehouses, stage, staged, unstage
from stock.sync.visit import Visit
from stock.sync.windows import NotYet
from stock.wildberries import Group, TokenKind, Trouble
from stock.wildberries.remains import Warehouse, is_stock_report, read_remains, read_wb_stocks
from stock.wildberries.rows import Level, text
from verf.database import transaction
from verf.kit import now

SOURCE = "wb"
HALF_HOUR = 1800


async def read_wb_warehouses(visit: Visit) -> None:
    if visit.shop.kind is TokenKind.BASE and visit.wildberries.client_secret is None:
        await _read_report(visit)
    else:
        await _read_rows(visit)


async def _read_rows(visit: Visit) -> None:
    """Page by page. Before anything is believed to be gone, an empty page must prove that there are no more rows."""
    limit = visit.wildberries.stocks_page
    while True:
        offset = int(visit.place.get("offset", 0))
        answer = await visit.ask(Group.WB_STOCKS, lambda market: market.wb_stocks(limit, offset))
        if answer.body is not None and not is_stock_report(answer.body):
            raise Trouble("Wildberries sent a stock report without its list.")
        levels, warehouses = read_wb_stocks(answer.body)
        if offset == 0:
            visit.place.update(slot=_slot(now()), digest=_digest(answer.raw))
        elif visit.place["slot"] != _slot(now()):
            await _start_again(visit)
            continue
        count = len(answer.body["data"]["items"]) if answer.body else 0
        if await _take_page(visit, levels, warehouses, count=count, limit=limit):
            return
        visit.check()


async def _take_page(
    visit: Visit, levels: list[Level], warehouses: dict[str, Warehouse], *, count: int, limit: int
) -> bool:
    """Stage or believe; True when the snapshot is done."""
    cursor = await visit.cursor()
    is_only_page = visit.place.get("offset", 0) == 0
    async with visit.writing() as session:
        if is_only_page and count and cursor.digest == visit.place["digest"]:
            await weigh(session, visit, SOURCE, doubtful=False)
            await _done(session, visit, count)
            return True
        every = levels if is_only_page else _merged(await staged(session, visit, SOURCE), levels)
        before = await in_stock(session, visit, SOURCE)
        gone = before - {(level.chrt_id, level.warehouse) for level in every}
        if count and (count >= limit or gone):
            await stage(session, visit, SOURCE, levels)
            await remember_warehouses(session, visit, warehouses.values())
            visit.place["offset"] = int(visit.place.get("offset", 0)) + count
            visit.state["total"] = 0
            return False
        await unstage(session, visit, SOURCE)
        if not await _settle(session, visit, before, every, warehouses.values()):
            visit.place["offset"] = 0
            return False
        return True


async def _settle(
    session: AsyncSession, visit: Visit, before: set[Key], levels: list[Level], warehouses: Iterable[Warehouse]
) -> bool:
    """Believe a whole answer as far as it can be believed; False when it has to be read again first."""
    doubtful = is_doubtful(before, levels, visit.stock.believable_drop)
    verdict = await weigh(session, visit, SOURCE, doubtful=doubtful)
    if verdict is Verdict.READ_AGAIN:
        return False
    ids = await remember_warehouses(session, visit, warehouses)
    if verdict is Verdict.WAIT:
        await apply(session, visit, SOURCE, levels, ids=ids, complete=None)
        await _leave_open(session, visit, len(levels))
        return True
    await apply(session, visit, SOURCE, levels, ids=ids, complete={})
    await _done(session, visit, len(levels))
    return True


def _merged(first: list[Level], second: list[Level]) -> list[Level]:
    return list({(level.chrt_id, level.warehouse): level for level in [*first, *second]}.values())


async def _start_again(visit: Visit) -> None:
    """Wildberries refreshed its report between two pages: they do not belong together."""
    async with visit.writing() as session:
        await unstage(session, visit, SOURCE)
        visit.place.pop("offset", None)


async def _done(session: AsyncSession, visit: Visit, rows: int) -> None:
    visit.count(done=rows)
    visit.state["state"] = "ok"
    digest = str(visit.place.get("digest", "")) if int(visit.place.get("offset", 0)) == 0 else ""
    await visit.move_cursor(session, {}, digest=digest, completed=True)
    await mark_read(session, visit, now())


async def _leave_open(session: AsyncSession, visit: Visit, rows: int) -> None:
    """What the answer tells is taken, what it leaves out stays; so the next answer is not one we have taken whole."""
    visit.count(done=rows)
    visit.state.update(state="partial", note="doubtful")
    await visit.move_cursor(session, {})


def _digest(raw: bytes) -> str:
    return hashlib.blake2b(raw, digest_size=16).hexdigest()


def _slot(moment: datetime) -> int:
    return int(moment.timestamp()) // HALF_HOUR


async def _read_report(visit: Visit) -> None:
    """Order the report, look whether it is ready, fetch it: three questions, each with a bucket of its own."""
    while "task" not in visit.place:
        answer = await visit.ask(Group.REMAINS_CREATE, lambda market: market.order_remains())
        task = text(answer.body.get("data", {}).get("taskId")) if isinstance(answer.body, dict) else ""
        if not task:
            raise Trouble("Wildberries took the order for a report without a number.")
        async with visit.writing():
            visit.place.update(task=task, looks=0)
    if not visit.place.get("ready"):
        await _wait_for_report(visit)
    answer = await visit.ask(Group.REMAINS_DOWNLOAD, lambda market: market.remains(visit.place["task"]))
    await _take_report(visit, answer.body)


async def _wait_for_report(visit: Visit) -> None:
    while not visit.place.get("ready"):
        answer = await visit.ask(Group.REMAINS_STATUS, lambda market: market.remains_status(visit.place["task"]))
        data = answer.body.get("data") if isinstance(answer.body, dict) else None
        status = data.get("status") if isinstance(data, dict) else None
        async with visit.writing():
            visit.place["looks"] = int(visit.place.get("looks", 0)) + 1
            if status == "done":
                visit.place["ready"] = True
            elif status in ("purged", "canceled") or visit.place["looks"] >= 20:
                visit.place.pop("task")
        if "task" not in visit.place:
            raise Trouble(f"Wildberries did not make the stock report: {text(status, 20) or 'it stayed unfinished'}.")
        visit.check()


async def _take_report(visit: Visit, body: object) -> None:
    if body is not None and not isinstance(body, list):
        raise Trouble("Wildberries sent a stock report without its list.")
    async with transaction(organisation=visit.shop.organisation) as session:
        found = await session.execute(
            select(Size.chrt_id, Size.barcodes).where(Size.connection_id == visit.shop.connection)
        )
        sizes = {barcode: chrt_id for chrt_id, barcodes in found for barcode in barcodes}
    levels, warehouses = read_remains(body, sizes)
    async with visit.writing() as session:
        before = await in_stock(session, visit, SOURCE)
        settled = await _settle(session, visit, before, levels, warehouses.values())
        if not settled:
            visit.state["place"] = {"doubts": visit.place["doubts"]}
    visit.check()
    if not settled:
        raise NotYet(now())
