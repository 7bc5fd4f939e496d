"""A worker in a process of its own, which the tests kill. Both sides import it under this name."""

import asyncio
import os
import signal
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from verf.database import connect, transaction
from verf.jobs import Worker, handles
from verf.jobs.settings import JobsSettings
from verf.telemetry import TelemetrySettings, configure_logging

SETTINGS = JobsSettings(heartbeat_timeout=timedelta(seconds=1), poll=timedelta(milliseconds=200))


@dataclass(frozen=True)
class Count:
    name: str


@dataclass(frozen=True)
class CountInside:
    name: str


@dataclass(frozen=True)
class Kill:
    name: str


@dataclass(frozen=True)
class DieBeforeCommit:
    name: str


async def tick(session: AsyncSession, name: str) -> None:
    """Each tick is a row of the log table, which any test may read."""
    await session.execute(
        text("INSERT INTO jobs.slots (id, schedule, due_at) VALUES (gen_random_uuid(), :name, clock_timestamp())"),
        {"name": name},
    )


@handles(Count)
async def count(message: Count) -> None:
    await asyncio.sleep(0.02)
    async with transaction() as session:
        await tick(session, message.name)


@handles(CountInside)
async def count_inside(message: CountInside, session: AsyncSession) -> None:
    await tick(session, message.name)
    await asyncio.sleep(0.005)


@handles(Kill, attempts=2)
async def kill(message: Kill) -> None:
    await asyncio.sleep(0.05)
    os.kill(os.getpid(), signal.SIGKILL)


@handles(DieBeforeCommit)
async def die_before_commit(message: DieBeforeCommit, session: AsyncSession) -> None:
    await tick(session, message.name)
    if os.environ.get("MORTAL"):
        os.kill(os.getpid(), signal.SIGKILL)


async def main(url: str) -> None:
    configure_logging(TelemetrySettings(level="error", style="json"))
    await connect(url)
    stop = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stop.set)
    await Worker([], SETTINGS).run(stop)
