"""A worker in the test's own process."""

import asyncio
from contextlib import asynccontextmanager
from datetime import timedelta

from sqlalchemy import text

from verf.database import transaction
from verf.jobs import Worker
from verf.jobs.settings import JobsSettings

QUICK = JobsSettings(
    heartbeat_timeout=timedelta(seconds=2), poll=timedelta(milliseconds=500), grace=timedelta(seconds=5)
)


@asynccontextmanager
async def at_work(rooms=(), workers=1, settings=QUICK):
    stop = asyncio.Event()
    tasks = [asyncio.create_task(Worker(rooms, settings).run(stop)) for _ in range(workers)]
    try:
        yield stop
    finally:
        stop.set()
        await asyncio.gather(*tasks)


async def until(condition, patience=45):
    """Wait until it holds; a test that waits longer has failed."""
    async with asyncio.timeout(patience):
        while not await condition():  # noqa: ASYNC110 - the condition lies in the database
            await asyncio.sleep(0.02)


async def queued(status=None):
    query = "SELECT count(*) FROM jobs.queue WHERE status::text = coalesce(:status, status::text)"
    async with transaction() as session:
        return await session.scalar(text(query), {"status": status})


async def queue_is_empty():
    return await queued() == 0
