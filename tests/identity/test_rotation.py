"""Contract C1 over HTTP and a real database."""

import asyncio
from datetime import timedelta

import pytest
from front_door import OTHER_PASSWORD, PASSWORD, bearer, browser, login, refresh, verified
from sqlalchemy import func, select, text

from verf.database import transaction
from verf.identity import SessionStolen
from verf.identity.models import SessionRow
from verf.jobs import drain, on
from verf.kit import advance, set_offset

THEFTS = []


@on(SessionStolen)
async def remember_theft(fact: SessionStolen) -> None:
    THEFTS.append(fact)


@pytest.fixture(autouse=True)
def clock():
    yield
    set_offset(timedelta())
    THEFTS.clear()


@pytest.fixture
async def client(app):
    async with browser(app) as client:
        await verified(client, "anna@example.com")
        yield client


@pytest.fixture
async def elsewhere(app):
    """Another machine: no device cookie of the first."""
    async with browser(app, "198.51.100.9") as client:
        yield client


async def rows():
    async with transaction() as session:
        return list(await session.scalars(select(SessionRow)))


async def test_fifty_refreshes_at_once_make_one_lineage(client):
    tokens = await login(client, "anna@example.com")
    answers = await asyncio.gather(*(refresh(client, tokens["refresh_token"]) for _ in range(50)))
    assert {answer.status_code for answer in answers} == {200}
    assert len({answer.json()["refresh_token"] for answer in answers}) == 1
    (row,) = await rows()
    assert (row.counter, row.ended_at) == (2, None)


async def test_a_lost_answer_is_repeated(client, elsewhere):
    """The process is killed after the commit and before the response; the client only knows its old token."""
    tokens = await login(client, "anna@example.com")
    lost = (await refresh(client, tokens["refresh_token"])).json()
    again = await refresh(elsewhere, tokens["refresh_token"])
    assert again.status_code == 200
    assert again.json()["refresh_token"] == lost["refresh_token"]
    assert (await refresh(client, lost["refresh_token"])).status_code == 200


async def test_a_lost_answer_is_repeated_late_to_the_same_browser_only(client, elsewhere):
    tokens = await login(client, "anna@example.com")
    await refresh(client, tokens["refresh_token"])
    advance(timedelta(hours=1))
    assert (await refresh(client, tokens["refresh_token"])).status_code == 200
    assert (await refresh(elsewhere, tokens["refresh_token"])).status_code == 401
    assert (await rows())[0].ended_because == "stolen"


async def test_a_token_two_generations_old_ends_the_session_and_stays_ended(client):
    first = await login(client, "anna@example.com")
    second = (await refresh(client, first["refresh_token"])).json()
    third = (await refresh(client, second["refresh_token"])).json()
    advance(timedelta(minutes=1))
    replayed = await refresh(client, first["refresh_token"])
    assert (replayed.status_code, replayed.json()["code"]) == (401, "refresh-token-refused")
    for tokens in (first, second, third):
        assert (await refresh(client, tokens["refresh_token"])).status_code == 401
    assert (await client.get("/api/v1/auth/me", headers=bearer(third))).status_code == 401
    await drain()
    assert [theft.session for theft in THEFTS] == [(await rows())[0].id]


async def test_older_tokens_within_the_interval_are_a_race_and_no_theft(client):
    first = await login(client, "anna@example.com")
    second = (await refresh(client, first["refresh_token"])).json()
    third = (await refresh(client, second["refresh_token"])).json()
    late = await refresh(client, first["refresh_token"])
    assert late.json()["refresh_token"] == third["refresh_token"]


async def test_forged_tokens_change_nothing(client):
    tokens = await login(client, "anna@example.com")
    good = tokens["refresh_token"]
    for forged in (good[:-1], good[:-6] + "AAAAAA", "x" * 76, ""):
        assert (await refresh(client, forged)).status_code == 401
    assert (await refresh(client, good)).status_code == 200


async def test_sessions_end_when_idle_and_when_old(client):
    tokens = await login(client, "anna@example.com")
    advance(timedelta(days=31))
    assert (await refresh(client, tokens["refresh_token"])).status_code == 401
    tokens = await login(client, "anna@example.com")
    for _ in range(4):
        advance(timedelta(days=20))
        tokens = (await refresh(client, tokens["refresh_token"])).json()
    assert (await client.get("/api/v1/auth/me", headers=bearer(tokens))).status_code == 200
    advance(timedelta(days=11))
    assert (await refresh(client, tokens["refresh_token"])).status_code == 401


async def test_access_tokens_live_a_quarter_of_an_hour_by_the_clock_of_the_house(client):
    advance(timedelta(days=400))
    tokens = await login(client, "anna@example.com")
    advance(timedelta(minutes=14))
    assert (await client.get("/api/v1/auth/me", headers=bearer(tokens))).status_code == 200
    advance(timedelta(minutes=2))
    assert (await client.get("/api/v1/auth/me", headers=bearer(tokens))).status_code == 401


async def test_a_disabled_person_is_out_at_once(client):
    tokens = await login(client, "anna@example.com")
    async with transaction() as session:
        await session.execute(text("UPDATE identity.people SET disabled_at = now()"))
    assert (await client.get("/api/v1/auth/me", headers=bearer(tokens))).status_code == 401
    assert (await refresh(client, tokens["refresh_token"])).status_code == 401


async def test_changing_the_password_ends_the_other_sessions(client):
    here, there = await login(client, "anna@example.com"), await login(client, "anna@example.com")
    body = {"current_password": PASSWORD, "new_password": OTHER_PASSWORD}
    answer = await client.post("/api/v1/auth/change-password", json=body, headers=bearer(here))
    assert answer.status_code == 204
    assert (await client.get("/api/v1/auth/me", headers=bearer(here))).status_code == 200
    assert (await client.get("/api/v1/auth/me", headers=bearer(there))).status_code == 401
    assert (await refresh(client, there["refresh_token"])).status_code == 401


async def test_pages_are_refreshed_on_the_way_in_however_many_tabs_ask(app, client):
    form = {"email": "anna@example.com", "password": PASSWORD}
    await client.post("/sign-in", data=form, headers={"Accept": "text/html"})
    before = client.cookies["refresh"]
    advance(timedelta(minutes=16))
    tabs = await asyncio.gather(*(client.get("/page") for _ in range(8)))
    assert {tab.status_code for tab in tabs} == {200}
    assert client.cookies["refresh"] != before
    assert (await client.get("/page")).status_code == 200
    async with transaction() as session:
        assert await session.scalar(select(func.max(SessionRow.counter))) == 2


async def test_a_session_row_holds_no_secret_in_the_clear(client):
    tokens = await login(client, "anna@example.com")
    async with transaction() as session:
        stored = await session.scalar(text("SELECT string_agg(s::text, '|') FROM identity.sessions s"))
    assert tokens["refresh_token"] not in stored
    assert tokens["access_token"] not in stored
