"""Stock levels into their table with history: verf's bulk write against COPY and a hand-written statement."""

import random
import time
from collections.abc import Sequence
from datetime import timedelta
from uuid import UUID

import asyncpg

from benchmarks.comparing import Line, Scale, by_turns
from benchmarks.ground import Ground
from stock.models import StockChange, StockLevel
from verf.database import History, transaction, upsert
from verf.kit import new_id, now

COLUMNS = (
    "connection_id",
    "chrt_id",
    "warehouse_id",
    "nm_id",
    "source",
    "quantity",
    "to_client",
    "from_client",
)
KEY = COLUMNS[:3]
COUNTS = COLUMNS[5:]
WAREHOUSES = 5

BARE_TABLES = """
CREATE SCHEMA IF NOT EXISTS benchmark;
DROP TABLE IF EXISTS benchmark.levels, benchmark.changes;
CREATE TABLE benchmark.levels (LIKE stock.stock_levels INCLUDING ALL);
CREATE TABLE benchmark.changes (LIKE stock.stock_changes INCLUDING ALL);
"""
BARE_INCOMING = """
CREATE TEMPORARY TABLE IF NOT EXISTS incoming (
    organisation_id uuid, connection_id uuid, chrt_id bigint, warehouse_id uuid, nm_id bigint, source text,
    quantity int, to_client int, from_client int
) ON COMMIT DELETE ROWS
"""
BARE_DELTA = """
WITH moved AS MATERIALIZED (
    SELECT i.*, l.quantity AS quantity_before, l.chrt_id IS NULL AS is_new
    FROM incoming i LEFT JOIN benchmark.levels l USING (organisation_id, connection_id, chrt_id, warehouse_id)
    WHERE l.chrt_id IS NULL OR (l.quantity, l.to_client, l.from_client)
        IS DISTINCT FROM (i.quantity, i.to_client, i.from_client)
), updated AS (
    UPDATE benchmark.levels l
    SET quantity = m.quantity, to_client = m.to_client, from_client = m.from_client, source = m.source, nm_id = m.nm_id
    FROM moved m
    WHERE NOT m.is_new AND (l.organisation_id, l.connection_id, l.chrt_id, l.warehouse_id)
        = (m.organisation_id, m.connection_id, m.chrt_id, m.warehouse_id)
), inserted AS (
    INSERT INTO benchmark.levels (organisation_id, connection_id, chrt_id, warehouse_id, nm_id, source,
        quantity, to_client, from_client)
    SELECT organisation_id, connection_id, chrt_id, warehouse_id, nm_id, source, quantity, to_client, from_client
    FROM moved WHERE is_new
), recorded AS (
    INSERT INTO benchmark.changes (organisation_id, connection_id, chrt_id, warehouse_id, at, nm_id, quantity,
        quantity_before, to_client, from_client, run_id)
    SELECT organisation_id, connection_id, chrt_id, warehouse_id, $1, nm_id, quantity, quantity_before, to_client,
        from_client, $2 FROM moved
)
SELECT connection_id, chrt_id, warehouse_id, is_new, quantity_before, quantity FROM moved
"""

Rows = list[tuple[object, ...]]


async def measure(ground: Ground, scale: Scale) -> Sequence[Line]:
    bare = await ground.bare_connection()
    try:
        await bare.execute(BARE_TABLES)
        goods = Goods(ground.shop, scale.rows)
        lines = [await _compare(ground, bare, goods, scale, "2 % changed", changing=0.02)]
        lines.append(await _compare(ground, bare, goods, scale, "20 % changed", changing=0.2))
        lines.append(await _compare(ground, bare, goods, scale, "all new", changing=None))
        small = Goods(ground.shop, max(scale.rows // 50, 10))
        lines.append(await _compare(ground, bare, small, scale, "2 % changed", changing=0.02))
    finally:
        await bare.close()
    return lines


class Goods:
    """The rows of one snapshot after another. Both sides are given the same ones."""

    def __init__(self, shop: UUID, count: int) -> None:
        self._chance = random.Random(count)
        warehouses = [new_id() for _ in range(WAREHOUSES)]
        self._shop = shop
        self.rows: Rows = [
            (shop, number // WAREHOUSES, warehouses[number % WAREHOUSES], number // 20, "wb", number % 50, 1, 0)
            for number in range(count)
        ]

    def move(self, share: float) -> None:
        for place in self._chance.sample(range(len(self.rows)), max(1, int(share * len(self.rows)))):
            row = self.rows[place]
            self.rows[place] = (*row[:5], int(str(row[5])) + 1, *row[6:])

    def renew(self) -> None:
        warehouses = {row[2]: new_id() for row in self.rows}
        self.rows = [(*row[:2], warehouses[row[2]], *row[3:]) for row in self.rows]


async def _compare(
    ground: Ground,
    bare: "asyncpg.Connection[asyncpg.Record]",
    goods: Goods,
    scale: Scale,
    name: str,
    *,
    changing: float | None,
) -> Line:
    count = len(goods.rows)
    await _ours(ground, goods.rows)
    await _bare(bare, _with_organisation(ground, goods.rows))
    # Statistics as autovacuum leaves them after the first sync of a shop.
    await bare.execute("ANALYZE stock.stock_levels; ANALYZE benchmark.levels")
    moment = 0

    def rows() -> Rows:
        # Both sides see the same snapshot: every second call makes the next one.
        nonlocal moment
        moment += 1
        if moment % 2:
            goods.renew() if changing is None else goods.move(changing)
        return goods.rows

    async def ours() -> float:
        taken = rows()
        started = time.perf_counter()
        await _ours(ground, taken)
        return count / (time.perf_counter() - started)

    async def theirs() -> float:
        taken = _with_organisation(ground, rows())
        started = time.perf_counter()
        await _bare(bare, taken)
        return count / (time.perf_counter() - started)

    rounds = scale.rounds if changing == 0.02 else min(scale.rounds, 2)
    mine, other = await by_turns(rounds, ours, theirs)
    fastest = 300_000 if changing == 0.02 and count >= 50_000 else None
    note = f"≥ {fastest:,} rows/s {'met' if mine.value >= fastest else 'MISSED'}" if fastest else ""
    target = 0.8 if changing == 0.02 else None
    title = f"stock sync, {count:,} rows, {name}"
    return Line(title, "rows/s", mine, other, "COPY + delta", target, "ratio", "more", note)


async def _ours(ground: Ground, rows: Rows) -> None:
    async with transaction(organisation=ground.member.organisation) as session:
        await upsert(
            session,
            StockLevel,
            rows,
            columns=COLUMNS,
            by=KEY,
            changed=COUNTS,
            history=History(record=StockChange, values={"at": now(), "run_id": new_id()}),
        )


def _with_organisation(ground: Ground, rows: Rows) -> Rows:
    """Not in the time: the baseline is given what it writes."""
    return [(ground.member.organisation, *row) for row in rows]


async def _bare(bare: "asyncpg.Connection[asyncpg.Record]", rows: Rows) -> None:
    async with bare.transaction():
        await bare.execute(BARE_INCOMING)
        await bare.copy_records_to_table("incoming", records=rows)
        await bare.fetch(BARE_DELTA, now() + timedelta(microseconds=1), new_id())
