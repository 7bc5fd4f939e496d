"""A shop on the simulated marketplace, an organisation that follows it, and the house's own workers and clock."""

import os
import sys
import tempfile
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

os.environ.setdefault("VERF_DATA", tempfile.mkdtemp(prefix="verf-stock-"))
sys.path.insert(0, str(Path(__file__).parent))

import httpx
import pytest
from market_place import MarketPlace, Seller, rooms
from starlette.applications import Starlette
from starlette.routing import Mount

from stock.simulators.wildberries import control
from verf.billing import configure as configure_prices
from verf.database import transaction
from verf.identity import Application, new_hash, vouch_for
from verf.kit import set_offset
from verf.limits import start_afresh
from verf.notifications import configure as configure_notices
from verf.organisations import Tenant
from verf.organisations.membership import found
from verf.outbound import use_transport
from verf.testing import whole_house
from verf.web import configure as configure_pages


@pytest.fixture
async def market(tmp_path: Path) -> AsyncIterator[MarketPlace]:
    """The simulated Wildberries behind the production adapter."""
    gateway = control.create(tmp_path / "wildberries")
    app = Starlette(routes=[Mount("/sandbox/wildberries", gateway)])
    configure_pages(rooms())
    configure_notices(rooms())
    configure_prices(rooms())
    with use_transport("wildberries", httpx.ASGITransport(app)):
        yield MarketPlace(gateway)
    start_the_clock_anew()


def start_the_clock_anew() -> None:

    set_offset(timedelta())


@pytest.fixture
async def tenant(database) -> Tenant:
    return await make_tenant("seller@example.com")


PASSWORD = "a quiet harbour at dawn"


async def make_tenant(email: str) -> Tenant:
    password = await new_hash(PASSWORD)
    async with transaction() as session:
        person = await vouch_for(session, Application(email=email, password_hash=password, name="Anna", locale="en"))
        organisation = await found(session, person.id, "Anna's shop")
    return Tenant(person.id, organisation, "owner")


async def signed_in(email: str) -> httpx.AsyncClient:
    client = httpx.AsyncClient(
        transport=httpx.ASGITransport(whole_house(), client=("203.0.113.7", 4711)),
        base_url="http://127.0.0.1:8000",
    )
    answer = await client.post("/api/v1/auth/login", json={"email": email, "password": PASSWORD})
    assert answer.status_code == 200, answer.text
    client.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
    return client


@pytest.fixture
async def client(market: MarketPlace, tenant: Tenant) -> AsyncIterator[httpx.AsyncClient]:
    """The whole house, as a program that is signed in sees it."""
    start_afresh()
    client = await signed_in("seller@example.com")
    yield client
    await client.aclose()


@pytest.fixture
async def stranger(client: httpx.AsyncClient) -> AsyncIterator[httpx.AsyncClient]:
    """Somebody from another organisation."""
    await make_tenant("stranger@example.com")
    other = await signed_in("stranger@example.com")
    yield other
    await other.aclose()


@pytest.fixture
def seller(market: MarketPlace) -> Seller:
    return market.seller()
