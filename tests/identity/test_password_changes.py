from datetime import timedelta

import pytest
from front_door import OTHER_PASSWORD, bearer, browser, login, newest_token, refresh, register, verified
from sqlalchemy import text

from verf.database import transaction
from verf.jobs import drain
from verf.kit import advance, set_offset


@pytest.fixture(autouse=True)
def clock():
    yield
    set_offset(timedelta())


async def forgot(client, email):
    return await client.post("/api/v1/auth/forgot-password", json={"email": email})


async def reset(client, token, password=OTHER_PASSWORD):
    return await client.post("/api/v1/auth/reset-password", json={"token": token, "password": password})


async def test_a_lost_password_is_replaced_and_everyone_is_signed_out(app):
    async with browser(app) as client:
        await verified(client, "anna@example.com")
        tokens = await login(client, "anna@example.com")
        await forgot(client, "Anna@example.com")
        await drain()
        token = await newest_token("anna@example.com", "reset")
        assert (await reset(client, token, "password1")).status_code == 422, (
            "a refused password does not use the link up"
        )
        assert (await reset(client, token)).status_code == 200
        assert (await client.get("/api/v1/auth/me", headers=bearer(tokens))).status_code == 401
        assert (await refresh(client, tokens["refresh_token"])).status_code == 401
        await login(client, "anna@example.com", OTHER_PASSWORD)
        assert (await reset(client, token)).json()["code"] == "link-used"


async def test_an_unknown_address_gets_the_same_answer_and_no_mail(app):
    async with browser(app) as client:
        await verified(client, "anna@example.com")
        known, unknown = await forgot(client, "anna@example.com"), await forgot(client, "nobody@example.com")
        assert (known.status_code, known.text) == (unknown.status_code, unknown.text)
        await drain()
        async with transaction() as session:
            assert await session.scalar(text("SELECT count(*) FROM identity.links WHERE purpose = 'reset'")) == 1


async def test_a_reset_link_lives_for_an_hour(app):
    async with browser(app) as client:
        await verified(client, "anna@example.com")
        await forgot(client, "anna@example.com")
        await drain()
        token = await newest_token("anna@example.com", "reset")
        advance(timedelta(minutes=61))
        assert (await reset(client, token)).json()["code"] == "link-expired"


async def test_a_reset_confirms_the_address_and_ends_what_strangers_left_waiting(app):
    async with browser(app) as client:
        await register(client, "anna@example.com")
        strangers_link = await newest_token("anna@example.com", "verify")
        await forgot(client, "anna@example.com")
        await drain()
        await reset(client, await newest_token("anna@example.com", "reset"))
        tokens = await login(client, "anna@example.com", OTHER_PASSWORD)
        assert (await client.get("/api/v1/auth/me", headers=bearer(tokens))).json()["verified"]
        late = await client.post("/api/v1/auth/verify-email", json={"token": strangers_link})
        assert late.json()["code"] == "link-used"


async def test_the_page_shows_the_link_without_using_it(app):
    async with browser(app) as client:
        await verified(client, "anna@example.com")
        await client.post("/forgot-password", data={"email": "anna@example.com"})
        await drain()
        token = await newest_token("anna@example.com", "reset")
        for _ in range(2):
            shown = await client.get("/reset-password", params={"token": token})
            assert shown.status_code == 200
        weak = await client.post("/reset-password", data={"token": token, "password": "password1"})
        assert weak.status_code == 422
        done = await client.post("/reset-password", data={"token": token, "password": OTHER_PASSWORD})
        assert (done.status_code, done.headers["location"]) == (303, "/sign-in")
        used = await client.get("/reset-password", params={"token": token})
        assert used.status_code == 409
