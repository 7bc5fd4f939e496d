"""A worker whose PostgreSQL is killed under it and started again. Runs in a process of its own."""

import asyncio
import os
import signal
import sys
from pathlib import Path

import mortal
from crew_at_work import until
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from verf.database import EmbeddedServer, connect, disconnect, migrate, transaction
from verf.errors import Unavailable
from verf.jobs import Worker, enqueue_all
from verf.jobs.manifest import room
from verf.telemetry import TelemetrySettings, configure_logging


async def ticks(prefix):
    try:
        async with transaction() as session:
            query = text("SELECT count(*) FROM jobs.slots WHERE starts_with(schedule, :prefix)")
            return await session.scalar(query, {"prefix": prefix})
    except (OSError, DBAPIError, Unavailable):
        return 0


def kill_postmaster(folder):
    process = next(folder.rglob("postmaster.pid")).read_text().split()[0]
    os.kill(int(process), signal.SIGKILL)


async def main(folder):
    configure_logging(TelemetrySettings(level="error", style="json"))
    server = EmbeddedServer(Path(folder)).start()
    await connect(server.url("postgres"), owner_url=server.owner_url("postgres"))
    await migrate([room])
    stop = asyncio.Event()
    working = asyncio.create_task(Worker([], mortal.SETTINGS).run(stop))
    async with transaction() as session:
        await enqueue_all(session, [mortal.Count(f"before {number}") for number in range(200)])

    async def is_in_mid_run():
        return await ticks("before") > 50

    await until(is_in_mid_run)
    kill_postmaster(server.folder)
    await asyncio.sleep(1)
    assert not working.done()
    again = await asyncio.to_thread(EmbeddedServer(Path(folder)).start)

    async def all_before_are_done():
        return await ticks("before") >= 200

    await until(all_before_are_done)
    async with transaction() as session:
        await enqueue_all(session, [mortal.CountInside(f"after {number}") for number in range(50)])

    async def all_after_are_done():
        return await ticks("after") == 50

    await until(all_after_are_done)
    stop.set()
    await working
    await disconnect()
    again.stop()
    server.erase()
    print("The worker outlived its database.")  # noqa: T201


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
