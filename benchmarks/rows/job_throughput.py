"""Jobs that do nothing, a few thousand of them: verf's worker against PgQueuer alone, same batch, same concurrency."""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta

import asyncpg
from pgqueuer.adapters.drivers.asyncpg import AsyncpgDriver
from pgqueuer.adapters.persistence.qb import (
    QueryBuilderEnvironment,
    QueryQueueBuilder,
    QuerySchedulerBuilder,
)
from pgqueuer.adapters.persistence.queries import Queries
from pgqueuer.core.qm import QueueManager
from pgqueuer.domain.models import Job as BareJob
from pgqueuer.domain.settings import DBSettings
from pgqueuer.domain.types import Channel
from sqlalchemy.ext.asyncio import AsyncSession

from benchmarks.comparing import Line, Sample, Scale, by_turns
from benchmarks.ground import Ground
from verf.database import transaction
from verf.jobs import Worker, enqueue_all, handles

# What verf's worker asks its engine for.
BATCH, CONCURRENCY = 25, 100
POLL = timedelta(seconds=2)
CHANNEL = Channel("bare_jobs")
TABLES = DBSettings(
    db_schema="bare",
    channel=CHANNEL,
    queue_table="queue",
    queue_table_log="log",
    statistics_table="statistics",
    schedules_table="cron",
    queue_status_type="status",
    function="announce_change",
    trigger="queue_changed",
)


@dataclass(frozen=True)
class Nothing:
    number: int


@dataclass(frozen=True)
class NothingInTransaction:
    number: int


class Count:
    """From the first job to the last: starting a worker is not what is measured."""

    def __init__(self) -> None:
        self.expect(0)

    def expect(self, number: int) -> None:
        self.number, self.done, self.reached = number, 0, asyncio.Event()

    def one(self) -> None:
        self.done += 1
        if self.done == 1:
            self._first = time.perf_counter()
        if self.done == self.number:
            self._last = time.perf_counter()
            self.reached.set()

    @property
    def a_second(self) -> float:
        return (self.number - 1) / (self._last - self._first)


count = Count()


@handles(Nothing)
async def do_nothing(message: Nothing) -> None:
    count.one()


@handles(NothingInTransaction)
async def do_nothing_in_transaction(message: NothingInTransaction, session: AsyncSession) -> None:
    count.one()


async def measure(ground: Ground, scale: Scale) -> Sequence[Line]:
    connection = await ground.bare_connection()
    try:
        await connection.execute("CREATE SCHEMA IF NOT EXISTS bare")
        bare = queries_over(AsyncpgDriver(connection))
        if not await bare.has_table(TABLES.queue_table):
            await bare.install()
        plain, other = await by_turns(scale.rounds, lambda: _ours(Nothing, scale.jobs), lambda: _bare(bare, scale.jobs))
        held = Sample.of([await _ours(NothingInTransaction, scale.jobs // 3) for _ in range(scale.rounds)])
        mine, theirs = await by_turns(
            scale.rounds, lambda: _enqueue_ours(connection, scale.jobs), lambda: _enqueue_bare(bare, scale.jobs)
        )
    finally:
        await connection.close()
    return [
        Line("jobs, message only", "/s", plain, other, "PgQueuer", 0.8, "ratio", "more"),
        Line("jobs, in a transaction", "/s", held, other, "PgQueuer", note="exactly once: the work ends the job"),
        Line("jobs, enqueue many", "/s", mine, theirs, "PgQueuer"),
    ]


def queries_over(driver: AsyncpgDriver) -> Queries:
    return Queries(
        driver,
        qbe=QueryBuilderEnvironment(TABLES),
        qbq=QueryQueueBuilder(TABLES),
        qbs=QuerySchedulerBuilder(TABLES),
    )


async def _ours(message: type[Nothing | NothingInTransaction], jobs: int) -> float:
    count.expect(jobs)
    async with transaction() as session:
        await enqueue_all(session, [message(number) for number in range(jobs)])
    stop = asyncio.Event()
    working = asyncio.create_task(Worker([]).run(stop))
    await count.reached.wait()
    stop.set()
    await working
    return count.a_second


async def _bare(bare: Queries, jobs: int) -> float:
    count.expect(jobs)
    await bare.enqueue(["nothing"] * jobs, [b'{"number": 1}'] * jobs, [0] * jobs)
    manager = QueueManager(bare, channel=CHANNEL)

    @manager.entrypoint("nothing")
    async def nothing(job: BareJob) -> None:
        count.one()

    working = asyncio.create_task(manager.run(batch_size=BATCH, max_concurrent_tasks=CONCURRENCY, dequeue_timeout=POLL))
    await count.reached.wait()
    manager.shutdown.set()
    await working
    return count.a_second


async def _enqueue_ours(connection: "asyncpg.Connection[asyncpg.Record]", jobs: int) -> float:
    started = time.perf_counter()
    async with transaction() as session:
        await enqueue_all(session, [Nothing(number) for number in range(jobs)])
    elapsed = time.perf_counter() - started
    await connection.execute("TRUNCATE jobs.queue")
    return jobs / elapsed


async def _enqueue_bare(bare: Queries, jobs: int) -> float:
    started = time.perf_counter()
    await bare.enqueue(["nothing"] * jobs, [b'{"number": 1}'] * jobs, [0] * jobs)
    elapsed = time.perf_counter() - started
    await bare.clear_queue()
    return jobs / elapsed
