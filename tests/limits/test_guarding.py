import re

import httpx
import pytest
from fastapi import APIRouter, Depends, FastAPI, Request

from verf.limits import RateLimitHeaders, api_reads_limited, close_stores, failed, guard, lifted, limited, succeeded
from verf.limits import addresses as limit_addresses
from verf.limits.hits import _stores
from verf.settings import load
from verf.web import install

POLICY = re.compile(r'"[a-z-]+";q=\d+;w=\d+')
STATE = re.compile(r'"[a-z-]+";r=\d+;t=\d+')

app = FastAPI()
install(app)
app.add_middleware(RateLimitHeaders)


@app.post("/api/sign-in")
async def sign_in(request: Request, email: str = "", right: bool = True) -> str:
    await guard(request, "credentials", account=email)
    await (succeeded if right else failed)(request, account=email)
    return "in"


@app.post("/api/reset")
async def reset(request: Request, email: str = "") -> str:
    await guard(request, "credentials", account=email)
    return "sent"


@app.get("/api/things", dependencies=[Depends(limited("reads"))])
async def things() -> str:
    return "things"


house = APIRouter(dependencies=[Depends(api_reads_limited)])


@house.get("/api/whole/house")
@house.get("/whole/page")
async def whole() -> str:
    return "house"


app.include_router(house)


@app.post("/api/drawings")
async def draw(request: Request, organisation: str) -> str:
    await guard(request, "generation", caller=f"organisation:{organisation}")
    return "drawn"


def caller(address="198.51.100.7"):
    return httpx.AsyncClient(transport=httpx.ASGITransport(app, client=(address, 1)), base_url="http://test")


@pytest.fixture
def settings(monkeypatch):
    def change(**values):
        for name, value in values.items():
            monkeypatch.setenv(f"VERF_{name.upper()}", value)
        load.cache_clear()

    yield change
    monkeypatch.undo()
    load.cache_clear()


@pytest.fixture
async def broken_store(settings):
    settings(limits_store="redis", redis_url="redis://127.0.0.1:9849")
    yield
    await close_stores()
    assert not _stores


async def test_the_sixth_attempt_from_one_address_is_refused_with_headers():
    async with caller() as browser:
        answers = [await browser.post(f"/api/sign-in?email=p{number}@a.example") for number in range(6)]
    assert [answer.status_code for answer in answers] == [200] * 5 + [429]
    for answer in answers:
        assert POLICY.fullmatch(answer.headers["ratelimit-policy"]), answer.headers
        assert STATE.fullmatch(answer.headers["ratelimit"])
    assert answers[0].headers["ratelimit-policy"] == '"credentials";q=5;w=60'
    assert answers[0].headers["ratelimit"] == '"credentials";r=4;t=60'
    assert "retry-after" not in answers[4].headers
    assert 1 <= int(answers[5].headers["retry-after"]) <= 60
    problem = answers[5].json()
    assert problem["code"] == "quota-exceeded"
    assert answers[5].headers["content-type"] == "application/problem+json"


async def test_one_account_is_guarded_from_many_addresses():
    statuses = []
    for number in range(6):
        async with caller(f"198.51.100.{number}") as browser:
            statuses.append((await browser.post("/api/sign-in?email=Mia@A.example ")).status_code)
    assert statuses == [200] * 5 + [429]


async def test_a_blocked_address_does_not_use_up_somebody_elses_account():
    async with caller() as attacker:
        for _ in range(5):
            await attacker.post("/api/sign-in?email=other@a.example")
        for _ in range(20):
            await attacker.post("/api/sign-in?email=victim@a.example")
    async with caller("198.51.100.99") as victim:
        assert (await victim.post("/api/sign-in?email=victim@a.example")).status_code == 200


async def test_each_credential_endpoint_counts_on_its_own():
    async with caller() as browser:
        for _ in range(5):
            await browser.post("/api/sign-in?email=mia@a.example")
        assert (await browser.post("/api/reset?email=mia@a.example")).status_code == 200


async def test_a_whole_ipv6_subnet_is_one_caller():
    statuses = []
    for number in range(6):
        async with caller(f"2001:db8:1:2::{number}") as browser:
            statuses.append((await browser.post(f"/api/sign-in?email=p{number}@a.example")).status_code)
    assert statuses == [200] * 5 + [429]
    async with caller("2001:db8:1:3::1") as neighbour:
        assert (await neighbour.post("/api/sign-in?email=n@a.example")).status_code == 200


async def test_reads_pass_a_hundred_times_a_minute():
    async with caller() as browser:
        statuses = [(await browser.get("/api/things")).status_code for _ in range(101)]
    assert statuses == [200] * 100 + [429]


async def test_only_reads_of_the_api_count_for_the_whole_house():
    async with caller() as browser:
        statuses = [(await browser.get("/api/whole/house")).status_code for _ in range(101)]
        pages = {(await browser.get("/whole/page")).status_code for _ in range(110)}
    assert statuses == [200] * 100 + [429]
    assert pages == {200}


async def test_generation_is_counted_by_organisation():
    async with caller() as browser:
        statuses = [(await browser.post("/api/drawings?organisation=a")).status_code for _ in range(21)]
        assert statuses == [200] * 20 + [429]
        assert (await browser.post("/api/drawings?organisation=b")).status_code == 200


async def test_the_pause_grows_with_each_failure_and_success_forgives(settings):
    settings(limits_credentials_per_minute="1000")
    address = "/api/sign-in?email=mia@a.example&right="
    async with caller() as browser:
        for _ in range(10):
            assert (await browser.post(f"{address}false")).status_code == 200
        refused = await browser.post(f"{address}true")
        assert refused.status_code == 429
        assert int(refused.headers["retry-after"]) > 60
        assert (await browser.post("/api/sign-in?email=noah@a.example")).status_code == 200
    async with caller("198.51.100.99") as elsewhere:
        for _ in range(9):
            await elsewhere.post(f"{address}false")
        assert (await elsewhere.post(f"{address}true")).status_code == 200
        for _ in range(9):
            assert (await elsewhere.post(f"{address}false")).status_code == 200


async def test_a_forwarded_address_is_believed_only_from_our_own_proxies(settings):
    async with caller("127.0.0.1") as browser:
        statuses = [
            (await browser.post("/api/sign-in", headers={"X-Forwarded-For": f"203.0.113.{number}"})).status_code
            for number in range(6)
        ]
    assert statuses == [200] * 5 + [429]


def test_the_last_address_that_is_not_a_proxy_of_ours_is_the_caller():
    trusted = limit_addresses.trusted_networks("127.0.0.1, 10.0.0.0/8")
    nearest = limit_addresses.nearest_stranger
    assert nearest("127.0.0.1", ["1.2.3.4, 203.0.113.9, 10.0.0.2"], trusted) == "203.0.113.9"
    assert nearest("127.0.0.1", ["1.2.3.4", "203.0.113.9"], trusted) == "203.0.113.9"
    assert nearest("203.0.113.1", ["1.2.3.4"], trusted) == "203.0.113.1"
    assert nearest("127.0.0.1", ["nonsense"], trusted) == "127.0.0.1"
    assert nearest("127.0.0.1", [], trusted) == "127.0.0.1"


async def test_without_a_store_reads_pass(broken_store):
    async with caller() as browser:
        assert (await browser.get("/api/things")).status_code == 200


async def test_without_a_store_credentials_are_not_tried(broken_store):
    async with caller() as browser:
        answer = await browser.post("/api/sign-in?email=mia@a.example")
    assert answer.status_code == 503
    assert answer.json()["code"] == "temporary-reduced-capacity"


async def test_limits_can_be_lifted(settings):
    async with caller() as browser:
        with lifted():
            assert {(await browser.post("/api/sign-in")).status_code for _ in range(20)} == {200}
        settings(limits_credentials_per_minute="0")
        assert {(await browser.post("/api/sign-in")).status_code for _ in range(20)} == {200}
