from datetime import timedelta

import pytest
from fastapi import FastAPI
from front_door import bearer, browser, login, verified
from sqlalchemy import text

from verf.audit import history
from verf.database import transaction
from verf.identity import CurrentPerson, SignIn
from verf.identity.facts import ForgetOldSessions
from verf.jobs import drain, enqueue
from verf.kit import advance, set_offset
from verf.web import install


@pytest.fixture(autouse=True)
def clock():
    yield
    set_offset(timedelta())


async def count(table):
    async with transaction() as session:
        return await session.scalar(text(f"SELECT count(*) FROM identity.{table}"))


async def test_what_is_long_over_is_forgotten(app):
    async with browser(app) as client:
        await verified(client, "anna@example.com")
        over, kept = await login(client, "anna@example.com"), await login(client, "anna@example.com")
        await client.post("/api/v1/auth/logout", headers=bearer(over))
        for days, sessions, links in ((6, 2, 1), (10, 2, 0), (20, 1, 0)):
            advance(timedelta(days=days))
            async with transaction() as session:
                await enqueue(session, ForgetOldSessions())
            await drain()
            assert (await count("sessions"), await count("links")) == (sessions, links)
        assert kept


async def test_nobody_is_sent_to_sign_in_because_the_database_is_away(app):
    house = FastAPI()

    @house.get("/page")
    async def read_page(person: CurrentPerson) -> str:
        return person.email

    async def away(session):
        raise ConnectionRefusedError

    install(house)
    house.add_middleware(SignIn, look_up=away)
    async with browser(app) as client:
        await verified(client, "anna@example.com")
        tokens = await login(client, "anna@example.com")
    async with browser(house) as client:
        answer = await client.get("/page", headers=bearer(tokens) | {"Accept": "application/json"})
        assert (answer.status_code, answer.json()["code"]) == (503, "sessions-unreachable")


async def test_what_people_do_with_their_account_is_on_record(app):
    async with browser(app) as client:
        await verified(client, "anna@example.com")
        tokens = await login(client, "anna@example.com")
        await client.post("/api/v1/auth/logout", headers=bearer(tokens))
    async with transaction(system="test") as session:
        actions = [entry.action for entry in await history(session)]
    assert actions == [
        "identity.session-ended",
        "identity.signed-in",
        "identity.address-confirmed",
        "identity.signed-up",
    ]
