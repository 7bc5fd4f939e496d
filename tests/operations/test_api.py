import httpx
import pytest
from fastapi import FastAPI

from verf.app import all_rooms
from verf.errors import VerfError
from verf.manifest import Check, Room
from verf.operations import OperationsSettings, api
from verf.settings import load
from verf.telemetry import Telemetry
from verf.web import install


async def broken():
    raise VerfError("The cable is out. password=hunter2")


def house(rooms):
    app = FastAPI()
    install(app)
    app.include_router(api.router)
    app.state.rooms = rooms
    return app


def caller(app, address="127.0.0.1"):
    transport = httpx.ASGITransport(Telemetry(app), client=(address, 1))
    return httpx.AsyncClient(transport=transport, base_url="http://test", headers={"Accept": "application/json"})


@pytest.fixture
def token(monkeypatch):
    monkeypatch.setenv("VERF_OPERATIONS_TOKEN", "long-and-random-token")
    load.cache_clear()
    assert load(OperationsSettings).token
    yield "long-and-random-token"
    monkeypatch.undo()
    load.cache_clear()


async def test_a_living_process_says_so_without_asking_anybody():
    async with caller(
        house([Room(name="x", package="verf.web", checks=[Check(name="broken", run=broken)])])
    ) as browser:
        answer = await browser.get("/health/live")
    assert (answer.status_code, answer.json()) == (200, {"state": "live"})


async def test_the_house_is_ready_once_migrated(database):
    async with caller(house(all_rooms())) as browser:
        answer = await browser.get("/health/ready")
    states = {check["name"]: check for check in answer.json()["checks"]}
    assert states["the database answers"]["state"] == "ok"
    assert states["the disk has room"]["state"] == "ok"
    assert states["jobs are being done"]["state"] == "ok"
    assert states["migrations are at head"]["state"] == "ok", states["migrations are at head"]


async def test_a_failing_check_takes_the_process_out_and_tells_operators_why(database):
    app = house([Room(name="x", package="verf.web", checks=[Check(name="cable", run=broken)])])
    async with caller(app) as operator, caller(app, "203.0.113.9") as stranger:
        seen, told = await operator.get("/health/ready"), await stranger.get("/health/ready")
    assert seen.status_code == told.status_code == 503
    cable = next(check for check in seen.json()["checks"] if check["name"] == "cable")
    assert cable["reason"] == "The cable is out. password=[hidden]"
    assert "cable is out" not in told.text


async def test_metrics_are_for_operators_only(database):
    app = house([])
    async with caller(app) as operator, caller(app, "203.0.113.9") as stranger:
        assert (await stranger.get("/metrics")).status_code == 404
        answer = await operator.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    assert "verf_http_requests_total" in answer.text
    assert 'verf_database_connections{pool="writer"' in answer.text


async def test_a_caller_behind_an_unknown_proxy_is_not_taken_for_this_machine(token):
    app = house([])
    async with caller(app) as browser:
        assert (await browser.get("/metrics", headers={"X-Forwarded-For": "127.0.0.1"})).status_code == 404
        headers = {"X-Forwarded-For": "203.0.113.9", "Authorization": f"Bearer {token}"}
        assert (await browser.get("/metrics", headers=headers)).status_code == 200
        headers["Authorization"] = "Bearer ключ".encode()
        assert (await browser.get("/metrics", headers=headers)).status_code == 404
