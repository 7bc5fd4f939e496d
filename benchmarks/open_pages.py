"""Many open pages in a process of their own: `python -m benchmarks.open_pages PORT PATH CONNECTIONS EVENTS`."""

import asyncio
import json
import re
import sys
import time

import uvloop

from benchmarks.comparing import percentile

SENT = re.compile(rb'"sent":(\d+)')
LAST_WAIT = 10.0


class Page(asyncio.Protocol):
    def __init__(self, path: str, times: list[float], opened: asyncio.Semaphore) -> None:
        self.path, self.times, self.opened, self.is_open = path, times, opened, False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        asked = f"GET {self.path} HTTP/1.1\r\nHost: 127.0.0.1\r\nAccept: text/event-stream\r\n\r\n"
        transport.write(asked.encode())  # type: ignore[attr-defined]

    def data_received(self, data: bytes) -> None:
        now = time.monotonic_ns()
        # The first words after the head say that the line stands.
        if not self.is_open and b"\r\n\r\n" in data:
            self.is_open = True
            self.opened.release()
        for sent in SENT.findall(data):
            self.times.append((now - int(sent)) / 1e6)


async def stay(port: int, path: str, connections: int, events: int) -> dict[str, float]:
    times: list[float] = []
    opened = asyncio.Semaphore(0)
    loop = asyncio.get_running_loop()
    pages = [
        (await loop.create_connection(lambda: Page(path, times, opened), "127.0.0.1", port))[1]
        for _ in range(connections)
    ]
    for _ in range(connections):
        await opened.acquire()
    await asyncio.sleep(0.5)
    print("ready", flush=True)
    quiet, before = 0.0, 0
    while len(times) < connections * events and quiet < LAST_WAIT:
        await asyncio.sleep(0.05)
        quiet = quiet + 0.05 if len(times) == before else 0.0
        before = len(times)
    for page in pages:
        page.transport.close()
    return {
        "p50": percentile(times, 0.5),
        "p95": percentile(times, 0.95),
        "missing": connections * events - len(times),
    }


if __name__ == "__main__":
    port, path, connections, events = sys.argv[1:]
    print(json.dumps(uvloop.run(stay(int(port), path, int(connections), int(events)))))
