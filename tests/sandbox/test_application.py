import pytest
from fastapi import APIRouter, Request
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route

from verf.manifest import Simulator
from verf.sandbox import create_sandbox
from verf.sandbox.application import SandboxRefused
from verf.settings import House, load


def market(name="market") -> Simulator:
    control = APIRouter()

    @control.get("/prices", summary="All prices")
    async def prices(request: Request) -> dict[str, str]:
        return {"folder": request.app.state.simulators["market"].state.folder.name}

    def create(folder):
        async def answer(request):
            return PlainTextResponse("market speaks")

        app = Starlette(routes=[Route("/v1/ping", answer)])
        app.state.folder = folder
        return app

    return Simulator(name=name, title="The Market", create=create, control=control, documentation="Sells <things>.")


async def test_a_simulator_speaks_under_its_name_and_is_steered_and_documented(tmp_path, visitor):
    async with visitor(create_sandbox([market()], tmp_path)) as browser:
        assert (await browser.get("/market/v1/ping")).text == "market speaks"
        assert (await browser.get("/api/market/prices")).json() == {"folder": "market"}
        docs = (await browser.get("/docs")).text
        assert "/sandbox/api/market/prices" in docs
        assert "Sells &lt;things&gt;." in docs
        assert "The Market" in (await browser.get("/")).text


async def test_every_control_is_documented_with_an_example(browser):
    docs = (await browser.get("/docs")).text
    for path in (await browser.get("/openapi.json")).json()["paths"]:
        assert f"/sandbox{path}" in docs
    assert "advance_seconds&#34;: 86400" in docs


@pytest.mark.parametrize("name", ["mail", "api", "docs"])
async def test_a_simulator_cannot_take_the_names_of_the_sandbox(tmp_path, name):
    with pytest.raises(SandboxRefused):
        create_sandbox([market(name)], tmp_path)


async def test_a_house_in_production_has_no_sandbox(tmp_path, monkeypatch):
    monkeypatch.setenv("VERF_MODE", "production")
    load.cache_clear()
    try:
        assert not load(House).is_sandbox
        with pytest.raises(SandboxRefused):
            create_sandbox([], tmp_path)
    finally:
        load.cache_clear()


@pytest.mark.parametrize(
    "headers",
    [
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Origin": "https://evil.example"},
        {"Origin": "null"},
        {"Host": "evil.example"},
        {"Host": "127.0.0.1.evil.example:8000", "Origin": "http://127.0.0.1.evil.example:8000"},
    ],
)
async def test_pages_of_other_sites_cannot_steer_or_read_the_sandbox(browser, headers):
    answer = await browser.post("/api/clock", json={"advance_seconds": 60}, headers=headers)
    assert answer.status_code == 403
    assert (await browser.get("/api/mail", headers=headers)).status_code == 403
    assert (await browser.get("/api/clock")).json()["offset_seconds"] == 0


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Host": "localhost:9500"},
        {"Host": "stock.localhost:9500"},
        {"Host": "[::1]:9500"},
        {"Host": "192.168.1.7:9500"},
        {"Host": "verf:9500"},
        {"Host": "127.0.0.1:9500", "Origin": "http://127.0.0.1:9500", "Sec-Fetch-Site": "same-origin"},
    ],
)
async def test_scripts_and_our_own_pages_can_steer_the_sandbox(browser, headers):
    assert (await browser.post("/api/clock", json={"advance_seconds": 1}, headers=headers)).status_code == 200


async def test_a_link_from_another_site_may_open_a_page(browser):
    arriving = {"Sec-Fetch-Site": "cross-site", "Sec-Fetch-Mode": "navigate"}
    assert (await browser.get("/mail", headers=arriving)).status_code == 200
    assert (await browser.post("/api/clock", json={"advance_seconds": 1}, headers=arriving)).status_code == 403
