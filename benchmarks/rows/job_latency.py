"""From the commit that holds a job to the first line of its handler, with nothing else to do."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass

from pgqueuer.adapters.drivers.asyncpg import AsyncpgDriver
from pgqueuer.core.qm import QueueManager
from pgqueuer.domain.models import Job as BareJob

from benchmarks.comparing import Line, Sample, Scale, percentile
from benchmarks.ground import Ground
from benchmarks.rows.job_throughput import BATCH, CHANNEL, CONCURRENCY, POLL, TABLES, queries_over
from verf.database import transaction
from verf.jobs import Worker, enqueue, handles

PAUSE = 0.01


@dataclass(frozen=True)
class Knock:
    number: int


_heard: asyncio.Queue[float] = asyncio.Queue()


@handles(Knock)
async def hear(message: Knock) -> None:
    _heard.put_nowait(time.perf_counter())


async def measure(ground: Ground, scale: Scale) -> Sequence[Line]:
    mine, theirs = await _ours(scale.requests), await _bare(ground, scale.requests)
    return [
        Line(
            "job, commit to start, p50",
            "ms",
            Sample(percentile(mine, 0.5)),
            Sample(percentile(theirs, 0.5)),
            "PgQueuer",
            10,
        ),
        Line(
            "job, commit to start, p95",
            "ms",
            Sample(percentile(mine, 0.95)),
            Sample(percentile(theirs, 0.95)),
            "PgQueuer",
        ),
    ]


async def _ours(knocks: int) -> list[float]:
    stop = asyncio.Event()
    working = asyncio.create_task(Worker([]).run(stop))

    async def knock() -> None:
        async with transaction() as session:
            await enqueue(session, Knock(1))

    times = await _listen(knocks, knock)
    stop.set()
    await working
    return times


async def _bare(ground: Ground, knocks: int) -> list[float]:
    asking, knocking = await ground.bare_connection(), await ground.bare_connection()
    await asking.execute("CREATE SCHEMA IF NOT EXISTS bare")
    bare, door = queries_over(AsyncpgDriver(asking)), queries_over(AsyncpgDriver(knocking))
    if not await bare.has_table(TABLES.queue_table):
        await bare.install()
    manager = QueueManager(bare, channel=CHANNEL)

    @manager.entrypoint("knock")
    async def heard(job: BareJob) -> None:
        _heard.put_nowait(time.perf_counter())

    working = asyncio.create_task(manager.run(batch_size=BATCH, max_concurrent_tasks=CONCURRENCY, dequeue_timeout=POLL))

    async def knock() -> None:
        async with knocking.transaction():
            await door.enqueue("knock", b'{"number": 1}')

    times = await _listen(knocks, knock)
    manager.shutdown.set()
    await working
    await knocking.close()
    await asking.close()
    return times


async def _listen(knocks: int, knock: Callable[[], Awaitable[None]]) -> list[float]:
    """Milliseconds; the first five find a cold house and are not counted."""
    await asyncio.sleep(0.5)
    times = []
    for _ in range(knocks + 5):
        await knock()
        committed = time.perf_counter()
        times.append((await _heard.get() - committed) * 1000)
        await asyncio.sleep(PAUSE)
    return times[5:]
