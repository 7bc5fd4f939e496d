"""From publish in one process to a thousand open pages in another, over another's sockets."""

import asyncio
import json
import sys
import time
from collections.abc import Sequence

from benchmarks.comparing import Line, Sample, Scale, percentile
from benchmarks.ground import Ground
from benchmarks.processes import answering
from benchmarks.shelf import EVENTS, TOPIC
from verf.database import transaction
from verf.realtime import publish
from verf.testing import free_port

EVERY = 0.5
READY = b"ready\n"


async def measure(ground: Ground, scale: Scale) -> Sequence[Line]:
    port, events = free_port(), max(2, int(scale.rounds * 2))
    served = (sys.executable, "-m", "benchmarks.served", "house", str(port))
    async with answering(*served, url=f"http://127.0.0.1:{port}/health/ready"):
        pages = await asyncio.create_subprocess_exec(
            sys.executable,
            *("-m", "benchmarks.open_pages", str(port), EVENTS, str(scale.connections), str(events)),
            stdout=asyncio.subprocess.PIPE,
        )
        assert pages.stdout
        if await asyncio.wait_for(pages.stdout.readline(), 30) != READY:
            raise RuntimeError("The pages could not be opened.")
        for number in range(events):
            async with transaction() as session:
                await publish(session, TOPIC, data={"number": number, "sent": time.monotonic_ns()})
            await asyncio.sleep(EVERY)
        heard = json.loads(await asyncio.wait_for(pages.stdout.read(), 30))
        await pages.wait()
    bare = await _bare(ground, events * 5)
    note = f"{scale.connections:,} pages, {events} events, {heard['missing']} not heard"
    baseline = "LISTEN/NOTIFY, one listener"
    return [
        Line("publish to page, p50", "ms", Sample(heard["p50"]), Sample(percentile(bare, 0.5)), baseline),
        Line(
            "publish to page, p95", "ms", Sample(heard["p95"]), Sample(percentile(bare, 0.95)), baseline, 100, note=note
        ),
    ]


async def _bare(ground: Ground, events: int) -> list[float]:
    sending, listening = await ground.bare_connection(), await ground.bare_connection()
    heard: asyncio.Queue[float] = asyncio.Queue()
    await listening.add_listener("benchmark", lambda *_: heard.put_nowait(time.perf_counter()))
    times = []
    for _ in range(events):
        started = time.perf_counter()
        await sending.execute("SELECT pg_notify('benchmark', 'x')")
        times.append((await heard.get() - started) * 1000)
    await listening.close()
    await sending.close()
    return times
