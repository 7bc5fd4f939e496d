import asyncio
import json
from uuid import UUID

import httpx
import pytest
from fastapi import APIRouter, FastAPI, Request
from fastapi.responses import StreamingResponse
from starlette.staticfiles import StaticFiles

from verf.telemetry import Telemetry, TelemetrySettings, configure_logging, exposition, request_id
from verf.telemetry import errors as telemetry_errors

router = APIRouter(prefix="/things/{thing}")


@router.get("/parts/{part}")
async def part(thing: str, part: str) -> str:
    return request_id()


app = FastAPI()
app.include_router(router, prefix="/api")


@app.get("/boom")
async def boom(request: Request) -> None:
    raise LookupError("nothing here")


@app.get("/stream")
async def stream() -> StreamingResponse:
    async def lines():
        yield "data: 1\n\n"
        await asyncio.sleep(0.3)

    return StreamingResponse(lines(), media_type="text/event-stream")


inner = FastAPI()


@inner.get("/deep/{thing}")
async def deep(thing: str) -> str:
    return thing


app.mount("/inner", inner)
app.mount("/static", StaticFiles(directory="."))


@pytest.fixture
async def browser():
    async with httpx.AsyncClient(transport=httpx.ASGITransport(Telemetry(app)), base_url="http://test") as client:
        yield client


async def series(name):
    return [line for line in (await exposition()).decode().splitlines() if line.startswith(name + "{")]


async def test_a_good_id_from_outside_is_taken_over(browser):
    answer = await browser.get("/api/things/1/parts/2", headers={"X-Request-ID": "edge-12345678"})
    assert answer.headers["x-request-id"] == answer.json() == "edge-12345678"


@pytest.mark.parametrize("given", ["", "short", "x" * 200, "has spaces in it", "semi;colon;here", "new\\nline-here"])
async def test_a_bad_id_is_replaced_by_one_of_ours(browser, given):
    answer = await browser.get("/api/things/1/parts/2", headers={"X-Request-ID": given})
    assert UUID(answer.headers["x-request-id"]).version == 7
    assert answer.headers["x-request-id"] == answer.json()


async def test_requests_do_not_share_an_id(browser):
    answers = await asyncio.gather(*[browser.get("/api/things/1/parts/2") for _ in range(20)])
    assert len({answer.json() for answer in answers}) == 20
    assert request_id() == ""


def routes_of(lines):
    return {line.split('route="')[1].split('"')[0] for line in lines}


async def test_a_thousand_products_make_one_time_series(browser):
    others = routes_of(await series("verf_http_requests_total"))
    for number in range(50):
        await browser.get(f"/api/things/{number}/parts/x")
        await browser.get(f"/nowhere/{number}")
        await browser.get(f"/static/none-{number}")
        await browser.get(f"/inner/deep/{number}")
        await browser.request(f"VERB{number}", "/api/things/1/parts/2")
    routes = routes_of(await series("verf_http_requests_total"))
    assert {"/api/things/{thing}/parts/{part}", "unmatched", "/static/*", "/inner/deep/{thing}"} <= routes
    assert not any(character.isdigit() for route in routes - others for character in route)
    methods = {line.split('method="')[1].split('"')[0] for line in await series("verf_http_requests_total")}
    assert "OTHER" in methods
    assert not any(method.startswith("VERB") for method in methods)


async def test_a_crash_is_answered_counted_and_has_an_id(browser):
    answer = await browser.get("/boom")
    assert answer.status_code == 500
    assert answer.headers["x-request-id"]
    assert any('type="LookupError"' in line for line in await series("verf_errors_total"))
    assert any('route="/boom",status="500"' in line for line in await series("verf_http_requests_total"))


async def test_a_line_per_request_without_its_query(browser, capsys):
    configure_logging(TelemetrySettings(style="json"))
    await browser.get("/api/things/1/parts/2?token=hunter2&q=mia@a.example")
    [line] = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert (line["event"], line["route"], line["status"]) == ("request", "/api/things/{thing}/parts/{part}", 200)
    assert "hunter2" not in str(line)
    assert "mia" not in str(line)


async def test_an_open_stream_is_timed_until_it_opens(browser):
    before = await series("verf_http_request_seconds_sum")
    assert (await browser.get("/stream")).text == "data: 1\n\n"
    [line] = [line for line in await series("verf_http_request_seconds_sum") if "/stream" in line]
    assert line not in before
    assert float(line.split()[-1]) < 0.3


def test_an_error_report_holds_no_bodies_cookies_or_secrets():
    event = {
        "request": {
            "method": "POST",
            "url": "https://a/x",
            "query_string": "token=hunter2",
            "cookies": {"a": "hunter2"},
        },
        "exception": {"values": [{"value": "password=hunter2", "stacktrace": {"frames": [{"function": "sign_in"}]}}]},
        "user": {"email": "mia@a.example"},
    }
    scrubbed = telemetry_errors.scrub(event, {})
    assert "hunter2" not in str(scrubbed)
    assert "mia" not in str(scrubbed)
    assert scrubbed["exception"]["values"][0]["stacktrace"]["frames"][0]["function"] == "sign_in"
