"""A load generator in a process of its own: `python -m benchmarks.http_load PORT PATH SECONDS CONNECTIONS [TOKEN]`.

Keep-alive connections that each ask again when answered; counts answers of the last word on how many came a second.
"""

import asyncio
import json
import sys
import time

import uvloop

from benchmarks.comparing import percentile


class Caller(asyncio.Protocol):
    """One connection. It knows just enough HTTP: a status line, Content-Length, a body."""

    def __init__(self, request: bytes, times: list[float]) -> None:
        self.request, self.times = request, times
        self.buffer, self.missing, self.asked = b"", -1, 0.0
        self.stopped = asyncio.get_running_loop().create_future()
        self.stopping = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self.ask()

    def ask(self) -> None:
        self.buffer, self.missing, self.asked = b"", -1, time.perf_counter()
        self.transport.write(self.request)  # type: ignore[attr-defined]

    def data_received(self, data: bytes) -> None:
        if self.missing < 0:
            self.buffer += data
            head, end, body = self.buffer.partition(b"\r\n\r\n")
            if not end:
                return
            if not head.startswith(b"HTTP/1.1 200"):
                self.stopped.set_exception(RuntimeError(head.decode("latin-1") + body[:300].decode(errors="replace")))
                self.transport.close()
                return
            length = head.lower().partition(b"content-length:")[2].split(b"\r\n", 1)[0]
            self.missing = int(length) - len(body)
        else:
            self.missing -= len(data)
        if self.missing == 0:
            self.times.append(time.perf_counter() - self.asked)
            if self.stopping:
                self.transport.close()
            else:
                self.ask()

    def connection_lost(self, _: Exception | None) -> None:
        if not self.stopped.done():
            self.stopped.set_result(None)


async def call(port: int, path: str, seconds: float, connections: int, token: str) -> dict[str, float]:
    lines = [f"GET {path} HTTP/1.1", f"Host: 127.0.0.1:{port}", "Accept: application/json"]
    lines += [f"Authorization: Bearer {token}"] if token else []
    request = ("\r\n".join(lines) + "\r\n\r\n").encode()
    times: list[float] = []
    loop = asyncio.get_running_loop()
    started = time.perf_counter()
    callers = [
        (await loop.create_connection(lambda: Caller(request, times), "127.0.0.1", port))[1] for _ in range(connections)
    ]
    await asyncio.sleep(seconds)
    for caller in callers:
        caller.stopping = True
    await asyncio.gather(*(caller.stopped for caller in callers))
    elapsed = time.perf_counter() - started
    return {
        "a_second": len(times) / elapsed,
        "p50": percentile(times, 0.5) * 1000,
        "p95": percentile(times, 0.95) * 1000,
    }


if __name__ == "__main__":
    port, path, seconds, connections, *token = sys.argv[1:]
    result = uvloop.run(call(int(port), path, float(seconds), int(connections), token[0] if token else ""))
    print(json.dumps(result))
