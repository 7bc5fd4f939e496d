"""A shop on the other side: it keeps the webhooks it gets and answers as it was told."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import httpx
import orjson
import pytest
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from verf.kit import advance, set_offset


@pytest.fixture(autouse=True)
def real_time_afterwards() -> Iterator[None]:
    yield
    set_offset(timedelta())


@pytest.fixture
def later():
    """Move the clock without anybody noticing."""
    return lambda **words: advance(timedelta(**words))


@dataclass
class Shop:
    statuses: list[int] = field(default_factory=list)
    received: list[tuple[dict[str, str], bytes]] = field(default_factory=list)

    @property
    def bodies(self) -> list[Any]:
        return [orjson.loads(body) for _headers, body in self.received]

    @property
    def transport(self) -> httpx.ASGITransport:
        return httpx.ASGITransport(Starlette(routes=[Route("/{path:path}", self._answer, methods=["POST"])]))

    async def _answer(self, request: Request) -> Response:
        self.received.append((dict(request.headers), await request.body()))
        return Response(status_code=self.statuses.pop(0) if self.statuses else 200)


@pytest.fixture
def shop() -> Shop:
    return Shop()
