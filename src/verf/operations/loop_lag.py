"""How late the event loop wakes what it promised to wake: the first sign of blocking code."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

from verf.telemetry import histogram

EVERY = 0.5

_lag = histogram("verf_loop_lag_seconds", "How much later than asked the event loop woke a sleeper.")


@asynccontextmanager
async def watching_the_loop() -> AsyncIterator[None]:
    """Measure while inside; the web process and the worker each do."""
    task = asyncio.create_task(_watch(), name="loop lag")
    try:
        yield
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def _watch() -> None:
    loop = asyncio.get_running_loop()
    while True:
        due = loop.time() + EVERY
        await asyncio.sleep(EVERY)
        _lag.observe(max(0.0, loop.time() - due))
