"""A simulated Wildberries of its own for each test, at 15:05 in Moscow on 2026-12-01, five minutes past a refresh."""

from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
from fastapi import FastAPI
from fastapi.responses import JSONResponse

from stock.simulators import WILDBERRIES
from verf.errors import VerfError
from verf.kit import advance, set_offset

NOON = datetime(2026, 12, 1, 12, 5, tzinfo=UTC)
REPORT = "/api/analytics/v1/stocks-report"


class Wildberries:
    """The service as its client sees it, and the control room."""

    def __init__(self, client: httpx.AsyncClient, folder: Path) -> None:
        self.client = client
        self.folder = folder
        self._sellers: dict[str, dict[str, Any]] = {}

    async def control(self, method: str, path: str, **options: Any) -> Any:
        answer = await self.client.request(method, f"/sandbox/api/wildberries{path}", **options)
        answer.raise_for_status()
        return answer.json() if answer.content else None

    async def seller(self, alias: str = "small") -> dict[str, Any]:
        return await self.control("GET", f"/sellers/{alias}")

    async def token(self, kind: str = "service", alias: str = "small") -> str:
        if alias not in self._sellers:
            self._sellers[alias] = await self.seller(alias)
        return self._sellers[alias]["tokens"][kind]

    async def ask(
        self, method: str, host: str, path: str, *, token: str | None = None, alias: str = "small",
        kind: str = "service", headers: dict[str, str] | None = None, **options: Any,
    ) -> httpx.Response:  # fmt: skip
        known = await self.token(kind, alias) if token is None else token
        address = f"/sandbox/wildberries/{host}{path}"
        return await self.client.request(
            method, address, headers={"Authorization": known, **(headers or {})}, **options
        )

    async def cards(self, **options: Any) -> httpx.Response:
        settings = {
            "cursor": options.pop("cursor", {"limit": 100}),
            "sort": {"ascending": options.pop("ascending", True)},
        }
        return await self.ask(
            "POST", "content-api", "/content/v2/get/cards/list", json={"settings": settings}, **options
        )

    async def stocks(
        self, which: str = "wb-warehouses", body: dict[str, Any] | None = None, **options: Any
    ) -> httpx.Response:
        return await self.ask("POST", "seller-analytics-api", f"{REPORT}/{which}", json=body or {}, **options)

    async def orders(self, since: str = "2026-01-01", **options: Any) -> httpx.Response:
        params = {"dateFrom": since, **options.pop("params", {})}
        return await self.ask("GET", "statistics-api", "/api/v1/supplier/orders", params=params, **options)

    async def sales(self, since: str = "2026-01-01", **options: Any) -> httpx.Response:
        params = {"dateFrom": since, **options.pop("params", {})}
        return await self.ask("GET", "statistics-api", "/api/v1/supplier/sales", params=params, **options)

    async def fault(self, kind: str, **fields: Any) -> None:
        await self.control("POST", "/faults", json={"kind": kind, **fields})

    async def without_limits(self) -> None:
        await self.control("PATCH", "/settings", json={"enforces_limits": False})

    def wait(self, **span: float) -> None:
        advance(timedelta(**span))


def house(folder: Path) -> FastAPI:
    """As the sandbox mounts it."""
    app = FastAPI()
    app.mount("/sandbox/wildberries", WILDBERRIES.create(folder))
    assert WILDBERRIES.control is not None
    app.include_router(WILDBERRIES.control, prefix="/sandbox/api/wildberries")

    @app.exception_handler(VerfError)
    async def refuse(request: Any, error: VerfError) -> Any:
        return JSONResponse({"detail": str(error)}, error.status)

    return app


@pytest.fixture(autouse=True)
def clock() -> Iterator[None]:
    set_offset(NOON - datetime.now(UTC))
    yield
    set_offset(timedelta())


@pytest.fixture
async def wb(tmp_path: Path) -> AsyncIterator[Wildberries]:
    transport = httpx.ASGITransport(app=house(tmp_path))
    async with httpx.AsyncClient(transport=transport, base_url="http://sandbox") as client:
        yield Wildberries(client, tmp_path)


@pytest.fixture
def restarted(tmp_path: Path) -> Any:
    """A second start of the service over the same folder."""

    async def start() -> Wildberries:
        transport = httpx.ASGITransport(app=house(tmp_path))
        return Wildberries(httpx.AsyncClient(transport=transport, base_url="http://sandbox"), tmp_path)

    return start
