"""Step "seller_stocks": what lies in the seller's own warehouses, read live, warehouse by warehouse."""

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from stock.models import Size
from stock.models import Warehouse as WarehouseRow
from stock.sync.doubts import Verdict, is_doubtful, weigh
from stock.sync.snapshot import apply, in_stock, remember_warehouses, stage, staged, unstage
from stock.sync.visit import Visit
from stock.wildberries import Busy, Group, Trouble
from stock.wildberries.remains import Warehouse
from stock.wildberries.rows import Level, mappings, text, whole

SOURCE = "seller"


async def read_seller_warehouses(visit: Visit) -> None:
    await _list_warehouses(visit)
    while int(visit.place["next"]) < len(visit.place["warehouses"]):
        number = int(visit.place["warehouses"][int(visit.place["next"])])
        try:
            await _read_warehouse(visit, number)
        except Busy:
            await _skip(visit, number)
        visit.check()
    async with visit.writing() as session:
        left_open = [why for why in ("doubtful", "busy") if visit.place.get(why)]
        visit.state["state"] = "partial" if left_open else "ok"
        if left_open:
            visit.state["note"] = left_open[0]
        await visit.move_cursor(session, {}, completed=not left_open)


async def _list_warehouses(visit: Visit) -> None:
    while "warehouses" not in visit.place:
        answer = await visit.ask(Group.WAREHOUSES, lambda market: market.warehouses())
        if not isinstance(answer.body, list):
            raise Trouble("Wildberries sent a list of warehouses that is none.")
        places = {
            number: Warehouse(f"seller:{number}", "seller", number, text(item.get("name"), 100))
            for item in mappings(answer.body)
            if (number := whole(item.get("id"))) > 0
        }
        async with visit.writing() as session:
            if await _empty_the_removed(session, visit, set(places)):
                await remember_warehouses(session, visit, places.values())
                visit.place.update(warehouses=sorted(places), next=0)
        visit.check()


async def _empty_the_removed(session: AsyncSession, visit: Visit, numbers: set[int]) -> bool:
    """A warehouse that is no longer listed has nothing to sell, unless the list is broken: False to read it again."""
    known = await session.execute(
        select(WarehouseRow.key, WarehouseRow.id, WarehouseRow.number).where(
            WarehouseRow.connection_id == visit.shop.connection, WarehouseRow.kind == "seller"
        )
    )
    removed = [
        (key, warehouse)
        for key, warehouse, number in known.all()
        if number not in numbers and await in_stock(session, visit, SOURCE, key)
    ]
    verdicts = [await weigh(session, visit, key, doubtful=True) for key, _ in removed]
    if Verdict.READ_AGAIN in verdicts:
        return False
    for (_, warehouse), verdict in zip(removed, verdicts, strict=True):
        if verdict is Verdict.BELIEVE:
            await apply(session, visit, SOURCE, [], ids={}, complete={"warehouse_id": warehouse})
    visit.place["doubtful"] = Verdict.WAIT in verdicts
    return True


async def _read_warehouse(visit: Visit, number: int) -> None:
    """All sizes of the shop, a thousand at a time; the ones the answer leaves out have nothing."""
    key = f"seller:{number}"
    page = visit.wildberries.seller_stocks_page
    while True:
        chrt_ids = await _sizes_after(visit, int(visit.place.get("after", 0)), page)
        levels: list[Level] = []
        if chrt_ids:
            ids = list(chrt_ids)
            answer = await visit.ask(Group.SELLER_STOCKS, lambda market: market.seller_stocks(number, ids))
            levels = _levels(answer.body, key, chrt_ids)
        async with visit.writing() as session:
            await stage(session, visit, key, levels)
            visit.count(done=len(levels))
            visit.place["after"] = max(chrt_ids, default=0)
            done = len(chrt_ids) < page and await _believe(session, visit, key)
        visit.check()
        if done:
            return


async def _believe(session: AsyncSession, visit: Visit, key: str) -> bool:
    """Believe a whole answer as far as it can be believed; False when it has to be read again first."""
    levels = await staged(session, visit, key)
    before = await in_stock(session, visit, SOURCE, key)
    await unstage(session, visit, key)
    visit.place["after"] = 0
    doubtful = is_doubtful(before, levels, visit.stock.believable_drop)
    verdict = await weigh(session, visit, key, doubtful=doubtful)
    if verdict is Verdict.READ_AGAIN:
        return False
    ids = await remember_warehouses(session, visit, [])
    is_believed = verdict is Verdict.BELIEVE
    await apply(session, visit, SOURCE, levels, ids=ids, complete={"warehouse_id": ids[key]} if is_believed else None)
    visit.place.update(next=int(visit.place["next"]) + 1, doubtful=visit.place.get("doubtful") or not is_believed)
    return True


def _levels(body: object, key: str, asked: dict[int, int]) -> list[Level]:
    stocks = body.get("stocks") if isinstance(body, dict) else None
    if not isinstance(stocks, list):
        raise Trouble("Wildberries sent seller stock without its list.")
    return [
        Level(asked[chrt_id], chrt_id, key, max(whole(item.get("amount")), 0), 0, 0)
        for item in mappings(stocks)
        if (chrt_id := whole(item.get("chrtId"))) in asked
    ]


async def _sizes_after(visit: Visit, after: int, limit: int) -> dict[int, int]:
    query = (
        select(Size.chrt_id, Size.nm_id)
        .where(Size.connection_id == visit.shop.connection, Size.chrt_id > after)
        .order_by(Size.chrt_id)
        .limit(limit)
    )
    async with visit.reading() as session:
        return {chrt_id: nm_id for chrt_id, nm_id in await session.execute(query)}  # noqa: C416 - rows, not pairs


async def _skip(visit: Visit, number: int) -> None:
    """The shop is being processed: what we know of this warehouse stays, and the next run reads it."""
    async with visit.writing() as session:
        await unstage(session, visit, f"seller:{number}")
        visit.place.update(busy=True, after=0, next=int(visit.place["next"]) + 1)
