from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette
from starlette.routing import Mount

from verf.kit import set_offset
from verf.sandbox import SmtpServer, create_sandbox


@pytest.fixture(autouse=True)
def real_time_afterwards():
    yield
    set_offset(timedelta())


@pytest.fixture
async def browser(tmp_path: Path) -> AsyncIterator[httpx.AsyncClient]:
    async with visit(create_sandbox([], tmp_path)) as client:
        yield client


@pytest.fixture
async def smtp(tmp_path: Path) -> AsyncIterator[SmtpServer]:
    async with SmtpServer(tmp_path) as server:
        yield server


@pytest.fixture
def visitor():
    return visit


def visit(sandbox) -> httpx.AsyncClient:
    house = Starlette(routes=[Mount("/sandbox", sandbox)])
    transport = httpx.ASGITransport(house, raise_app_exceptions=False)
    return httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:9500/sandbox")
