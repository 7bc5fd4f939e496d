"""What every request passes on its way out: the transaction guard, retries, metrics, one line in the log."""

import asyncio
import random
import time
from collections.abc import Mapping
from dataclasses import dataclass

import httpx

from verf.database import in_transaction
from verf.outbound.sizes import within
from verf.telemetry import counter, histogram, log

IDEMPOTENT = frozenset({"GET", "HEAD", "OPTIONS", "PUT", "DELETE"})
WORTH_REPEATING = frozenset({502, 503, 504})
FIRST_PAUSE = 0.1
LONGEST_PAUSE = 5.0

_requests = counter("verf_outbound_requests_total", "Calls to services outside.", ["service", "status"])
_seconds = histogram("verf_outbound_request_seconds", "Time until a service outside began to answer.", ["service"])


class CallInsideTransaction(RuntimeError):
    """A slow service must never hold a database connection."""


@dataclass(frozen=True, kw_only=True)
class Rules:
    retries: int
    largest: int
    allow_encoded: bool = True


class Door(httpx.AsyncBaseTransport):
    def __init__(
        self,
        service: str,
        transport: httpx.AsyncBaseTransport,
        rules: Rules,
        overrides: Mapping[str, httpx.AsyncBaseTransport],
    ) -> None:
        self.service = service
        self.transport = transport
        self.rules = rules
        self.overrides = overrides

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if in_transaction():
            raise CallInsideTransaction(
                f"{request.method} to {self.service} with a transaction open. Read, leave the transaction, call, write."
            )
        left = self.rules.retries if may_repeat(request) else 0
        for attempt in range(left):
            try:
                response = await self._send(request)
            except (httpx.ConnectError, httpx.ConnectTimeout):
                await asyncio.sleep(pause(attempt))
                continue
            if response.status_code not in WORTH_REPEATING:
                return response
            await response.aclose()
            await asyncio.sleep(pause(attempt))
        return await self._send(request)

    async def aclose(self) -> None:
        await self.transport.aclose()

    async def _send(self, request: httpx.Request) -> httpx.Response:
        started = time.perf_counter()
        outcome = "error"
        try:
            transport = self.overrides.get(self.service, self.transport)
            response = await transport.handle_async_request(request)
            outcome = f"{response.status_code // 100}xx"
        except httpx.HTTPError as error:
            outcome = type(error).__name__
            raise
        else:
            return await within(response, request, self.rules.largest, allow_encoded=self.rules.allow_encoded)
        finally:
            self._note(request, outcome, time.perf_counter() - started)

    def _note(self, request: httpx.Request, outcome: str, seconds: float) -> None:
        _requests.labels(self.service, outcome).inc()
        _seconds.labels(self.service).observe(seconds)
        # The host and nothing more: paths and queries of some services carry tokens.
        log(__name__).info(
            "outbound",
            service=self.service,
            method=request.method,
            host=request.url.host,
            outcome=outcome,
            milliseconds=round(seconds * 1000, 1),
        )


def may_repeat(request: httpx.Request) -> bool:
    """Whether sending it twice does what sending it once does, and its body can be read again."""
    idempotent = request.method in IDEMPOTENT or "idempotency-key" in request.headers
    return idempotent and isinstance(request.stream, httpx.ByteStream)


def pause(attempt: int) -> float:
    """Seconds before the next try: full jitter, so that many processes do not come back at the same instant."""
    return random.uniform(0, min(LONGEST_PAUSE, FIRST_PAUSE * 2**attempt))  # noqa: S311 - spreads load, keeps no secret
