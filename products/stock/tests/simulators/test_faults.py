"""Whatever can be broken can be broken on purpose, for one seller, one path, so many times."""

import asyncio
import json

import httpx
import pytest
import uvicorn
from fastapi import FastAPI

from stock.simulators import WILDBERRIES


@pytest.mark.parametrize("status", [401, 402, 403, 404, 409, 413, 500, 502, 503, 504])
async def test_a_status_is_answered_so_many_times(wb, status):
    await wb.fault(str(status), count=1)
    answer = await wb.cards()
    assert answer.status_code == status
    assert answer.headers["content-type"].startswith("application/")
    assert (await wb.cards()).status_code == 200
    assert await wb.control("GET", "/faults") == []


async def test_a_forced_429_tells_the_truth_about_the_wait(wb):
    await wb.fault("429", count=1)
    refused = await wb.cards()
    assert refused.status_code == 429
    assert (await wb.cards()).status_code == 429
    wb.wait(seconds=int(refused.headers["X-Ratelimit-Retry"]))
    assert (await wb.cards()).status_code == 200


async def test_the_balance_of_a_service_may_be_empty(wb):
    await wb.fault("402", count=1)
    answer = await wb.cards()
    assert answer.json()["title"] == "payment required"


@pytest.mark.parametrize("status", [200, 403, 502])
async def test_the_gateway_may_answer_with_a_page(wb, status):
    await wb.fault("html", status=status)
    answer = await wb.stocks()
    assert answer.status_code == status
    assert answer.headers["content-type"].startswith("text/html")


async def test_an_answer_may_be_cut_in_half(wb):
    await wb.fault("truncated")
    answer = await wb.stocks()
    assert answer.status_code == 200
    with pytest.raises(json.JSONDecodeError):
        answer.json()


async def test_rows_may_be_doubled_missing_or_all_gone(wb):
    await wb.without_limits()
    whole = (await wb.stocks()).json()["data"]["items"]
    for kind, expected in (("duplicates", len(whole) + len(whole) // 10), ("short", len(whole) // 2), ("empty", 0)):
        await wb.fault(kind, count=1)
        assert len((await wb.stocks()).json()["data"]["items"]) == expected
    await wb.fault("duplicates", count=1)
    orders = (await wb.orders()).json()
    assert len({row["srid"] for row in orders}) < len(orders)


async def test_an_answer_may_be_of_the_refresh_before(wb):
    await wb.without_limits()
    before = (await wb.stocks()).json()
    wb.wait(minutes=30)
    await wb.fault("stale", count=1)
    assert (await wb.stocks()).json() == before
    assert (await wb.stocks()).json() != before


@pytest.mark.parametrize(
    ("variant", "changed"),
    [
        ("unknown-field", lambda row: "schemaHint" in row),
        ("money-as-text", lambda row: isinstance(row["totalPrice"], str)),
        ("null", lambda row: row["brand"] is None),
        ("missing", lambda row: "regionName" not in row),
        ("new-enum", lambda row: row["warehouseType"] == "Склад партнёра"),
    ],
)
async def test_the_shape_may_drift(wb, variant, changed):
    await wb.fault("drift", variant=variant)
    assert all(changed(row) for row in (await wb.orders("2026-11-30")).json())


async def test_the_content_type_may_be_nonsense(wb):
    await wb.fault("wrong-content-type")
    assert (await wb.stocks()).headers["content-type"] == "plain/text"


async def test_an_answer_may_be_slow(wb):
    await wb.fault("slow", seconds=0.2)
    with pytest.raises(asyncio.TimeoutError):
        await asyncio.wait_for(wb.cards(), 0.15)


async def test_a_connection_may_break(tmp_path):
    app = FastAPI()
    app.mount("/sandbox/wildberries", service := WILDBERRIES.create(tmp_path))
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="critical", lifespan="off"))
    serving = asyncio.create_task(server.serve())
    while not server.started:  # noqa: ASYNC110 - uvicorn offers no event to wait for
        await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    seller = service.sellers.find("small")
    headers = {"Authorization": service.tokens.of(seller.id)["service"]}
    address = f"http://127.0.0.1:{port}/sandbox/wildberries/content-api/ping"
    async with httpx.AsyncClient() as client:
        assert (await client.get(address, headers=headers)).status_code == 200
        service.faults.add("reset", count=1)
        with pytest.raises(httpx.RemoteProtocolError):
            await client.get(address, headers=headers)
    server.should_exit = True
    await serving


async def test_faults_hit_only_whom_and_where_they_are_meant(wb):
    await wb.control("POST", "/sellers", json={"alias": "other", "products": 2})
    await wb.fault("500", seller="other", path="/content/*")
    assert (await wb.cards()).status_code == 200
    assert (await wb.cards(alias="other")).status_code == 500
    assert (await wb.stocks(alias="other")).status_code == 200
    await wb.control("DELETE", "/faults")
    assert (await wb.cards(alias="other")).status_code == 200


async def test_faults_end_with_their_time_and_may_be_a_matter_of_luck(wb):
    await wb.without_limits()
    await wb.fault("503", for_seconds=60)
    assert (await wb.cards()).status_code == 503
    wb.wait(seconds=61)
    assert (await wb.cards()).status_code == 200
    await wb.fault("500", rate=0.5)
    statuses = {(await wb.cards(cursor={"limit": 1})).status_code for _ in range(30)}
    assert statuses == {200, 500}


async def test_the_luck_of_a_seller_is_its_own(tmp_path):
    """A script of faults does the same again, whoever else asks in between."""

    def luck(folder: str, *, others: int) -> list[bool]:
        service = WILDBERRIES.create(tmp_path / folder)
        service.faults.add("500", rate=0.5)
        rolled = []
        for _ in range(50):
            rolled.append(bool(service.faults.strike("one", "/ping")))
            for _other in range(others):
                service.faults.strike("another", "/ping")
        return rolled

    alone = luck("first", others=0)
    assert len(set(alone)) == 2
    assert luck("second", others=3) == alone


@pytest.mark.parametrize("body", [{"kind": "meteor"}, {"kind": "429", "rate": 7}, {"kind": "500", "mood": "bad"}, {}])
async def test_a_senseless_fault_is_refused(wb, body):
    answer = await wb.client.post("/sandbox/api/wildberries/faults", json=body)
    assert answer.status_code == 422
    assert answer.json()["detail"]


async def test_a_mode_sets_many_faults_and_golden_clears_them(wb):
    await wb.control("POST", "/modes/hostile")
    assert len(await wb.control("GET", "/faults")) > 10
    await wb.control("POST", "/modes/soak")
    assert all(fault["rate"] < 0.01 for fault in await wb.control("GET", "/faults"))
    await wb.control("POST", "/modes/golden")
    assert await wb.control("GET", "/faults") == []


async def test_a_body_too_large_is_refused(wb):
    answer = await wb.stocks(body={"nmIds": [], "padding": "x" * 1_100_000})
    assert answer.status_code == 413
