"""Stock is believed as a whole: pages are staged, and only a complete answer may turn what it leaves out into zero."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from stock.models import Connection, StagedLevel, StockChange, StockLevel, Warehouse
from stock.sync.visit import Visit
from stock.wildberries.remains import Warehouse as Place
from stock.wildberries.rows import Level
from verf.database import Absent, History, upsert
from verf.kit import now

KEY = ("connection_id", "chrt_id", "warehouse_id")
COUNTS = ("quantity", "to_client", "from_client")
STAGED_KEY = ("run_id", "source", "chrt_id", "warehouse")
NOTHING = dict.fromkeys(COUNTS, 0)

Key = tuple[int, str]


async def stage(session: AsyncSession, visit: Visit, source: str, levels: Sequence[Level]) -> None:
    """Put a page aside. Of two rows for one size and warehouse the later counts: offsets shift between pages."""
    await upsert(
        session,
        StagedLevel,
        [(visit.run, source, level.chrt_id, level.warehouse, level.nm_id, *level[3:]) for level in levels],
        columns=(*STAGED_KEY, "nm_id", *COUNTS),
        by=STAGED_KEY,
        changed=("nm_id", *COUNTS),
    )


async def staged(session: AsyncSession, visit: Visit, source: str) -> list[Level]:
    query = select(
        StagedLevel.nm_id,
        StagedLevel.chrt_id,
        StagedLevel.warehouse,
        StagedLevel.quantity,
        StagedLevel.to_client,
        StagedLevel.from_client,
    ).where(StagedLevel.run_id == visit.run, StagedLevel.source == source)
    return [Level(*row) for row in await session.execute(query)]


async def unstage(session: AsyncSession, visit: Visit, source: str) -> None:
    await session.execute(delete(StagedLevel).where(StagedLevel.run_id == visit.run, StagedLevel.source == source))


async def in_stock(session: AsyncSession, visit: Visit, source: str, warehouse: str | None = None) -> set[Key]:
    """Sizes and warehouses that have something now, as far as this report is concerned."""
    query = (
        select(StockLevel.chrt_id, Warehouse.key)
        .join(Warehouse, Warehouse.id == StockLevel.warehouse_id)
        .where(
            StockLevel.connection_id == visit.shop.connection,
            StockLevel.source == source,
            or_(StockLevel.quantity > 0, StockLevel.to_client > 0, StockLevel.from_client > 0),
        )
    )
    if warehouse is not None:
        query = query.where(Warehouse.key == warehouse)
    return {(chrt_id, key) for chrt_id, key in await session.execute(query)}


async def remember_warehouses(session: AsyncSession, visit: Visit, places: Iterable[Place]) -> Mapping[str, UUID]:
    """Enter the places into the open dictionary; return the ids of all that this shop knows."""
    connection = visit.shop.connection
    await upsert(
        session,
        Warehouse,
        [(connection, place.key, place.kind, place.number, place.name) for place in places],
        columns=("connection_id", "key", "kind", "number", "name"),
        by=("connection_id", "key"),
        changed=("kind", "number", "name"),
    )
    found = await session.execute(select(Warehouse.key, Warehouse.id).where(Warehouse.connection_id == connection))
    return {key: warehouse for key, warehouse in found}  # noqa: C416 - rows are not pairs to the type checker


async def apply(
    session: AsyncSession,
    visit: Visit,
    source: str,
    levels: Sequence[Level],
    *,
    ids: Mapping[str, UUID],
    complete: Mapping[str, object] | None,
) -> int:
    """Write what differs, with its history. `complete` narrows the scope whose missing rows become zero."""
    scope = {"connection_id": visit.shop.connection, "source": source}
    moved = await upsert(
        session,
        StockLevel,
        [(visit.shop.connection, row.chrt_id, ids[row.warehouse], row.nm_id, source, *row[3:]) for row in levels],
        columns=(*KEY, "nm_id", "source", *COUNTS),
        by=KEY,
        changed=COUNTS,
        history=History(record=StockChange, values={"at": now(), "run_id": visit.run}),
        absent=Absent(scope={**scope, **complete}, values=NOTHING) if complete is not None else None,
    )
    visit.count(
        changed=len(moved),
        new=sum(1 for move in moved if move.before is None),
        zeroed=sum(1 for move in moved if move.after[0] == 0 and move.before and move.before[0] > 0),
    )
    return len(moved)


async def mark_read(session: AsyncSession, visit: Visit, at: datetime) -> None:
    connection = await session.get_one(Connection, visit.shop.connection)
    connection.stock_at = at
