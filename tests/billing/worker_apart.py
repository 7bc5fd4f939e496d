"""A worker in a process of its own, which a test kills. It reaches the simulated providers over the network."""

import asyncio
import sys
from datetime import timedelta

from verf.app import all_rooms
from verf.database import connect
from verf.jobs import Worker
from verf.jobs.settings import JobsSettings
from verf.notifications import configure
from verf.telemetry import TelemetrySettings, configure_logging

SETTINGS = JobsSettings(heartbeat_timeout=timedelta(seconds=1), poll=timedelta(milliseconds=200))


async def main(url: str) -> None:
    configure_logging(TelemetrySettings(level="error", style="json"))
    configure(all_rooms())
    await connect(url)
    await Worker([], SETTINGS).run(asyncio.Event())


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
