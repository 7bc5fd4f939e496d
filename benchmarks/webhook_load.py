"""Webhooks in a process of their own: `python -m benchmarks.webhook_load PORT PATH SECONDS CONNECTIONS RATE`.

Each is another event, signed as Paddle signs. RATE 0: each connection sends again as soon as it was answered; else so
many a second are sent on time, however slow the answers are, and a webhook that had to wait for a connection waited.
"""

import asyncio
import hashlib
import hmac
import json
import sys
import time
from itertools import count

import uvloop

from benchmarks.comparing import percentile

SECRET = b"pdl_ntfset_sandbox"
_numbers = count(time.monotonic_ns())


def webhook(port: int, path: str) -> bytes:
    number = next(_numbers)
    event = {
        "event_id": f"evt_{number:026}",
        "event_type": "transaction.completed",
        "occurred_at": "2026-11-20T10:00:00.000000Z",
        "notification_id": f"ntf_{number:026}",
        "data": {"id": f"txn_{number:026}", "status": "completed", "items": [{"quantity": 1}] * 20},
    }
    body, stamp = json.dumps(event).encode(), str(int(time.time()))
    signature = hmac.new(SECRET, f"{stamp}:".encode() + body, hashlib.sha256).hexdigest()
    head = [
        f"POST {path} HTTP/1.1",
        f"Host: 127.0.0.1:{port}",
        "Content-Type: application/json",
        f"Paddle-Signature: ts={stamp};h1={signature}",
        f"Content-Length: {len(body)}",
    ]
    return ("\r\n".join(head) + "\r\n\r\n").encode() + body


async def send(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes) -> None:
    writer.write(request)
    head = await reader.readuntil(b"\r\n\r\n")
    if not head.startswith(b"HTTP/1.1 200"):
        raise RuntimeError(head.decode("latin-1"))
    length = head.lower().partition(b"content-length:")[2].split(b"\r\n", 1)[0]
    await reader.readexactly(int(length))


async def run(port: int, path: str, seconds: float, connections: int, rate: float) -> dict[str, float]:
    times: list[float] = []
    due: asyncio.Queue[float | None] = asyncio.Queue()
    started = time.perf_counter()

    async def line() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        while time.perf_counter() - started < seconds or rate:
            since = await due.get() if rate else time.perf_counter()
            if since is None:
                break
            await send(reader, writer, webhook(port, path))
            times.append(time.perf_counter() - since)
        writer.close()

    lines = [asyncio.create_task(line()) for _ in range(connections)]
    if rate:
        await _on_time(due, seconds, rate)
        for _ in lines:
            due.put_nowait(None)
    await asyncio.gather(*lines)
    elapsed = time.perf_counter() - started
    return {
        "a_second": len(times) / elapsed,
        "p50": percentile(times, 0.5) * 1000,
        "p95": percentile(times, 0.95) * 1000,
    }


async def _on_time(due: "asyncio.Queue[float | None]", seconds: float, rate: float) -> None:
    started = time.perf_counter()
    for number in range(max(1, int(seconds * rate))):
        moment = started + number / rate
        await asyncio.sleep(max(0.0, moment - time.perf_counter()))
        due.put_nowait(moment)


if __name__ == "__main__":
    port, path, seconds, connections, rate = sys.argv[1:]
    print(json.dumps(uvloop.run(run(int(port), path, float(seconds), int(connections), float(rate)))))
