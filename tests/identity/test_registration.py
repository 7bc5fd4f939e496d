from datetime import timedelta

import pytest
from front_door import OTHER_PASSWORD, PASSWORD, bearer, browser, login, newest_link, newest_token, register, verified
from sqlalchemy import text

from verf.database import transaction
from verf.identity import EmailVerificationRequested, SignUpRepeated, verification_link
from verf.jobs import drain, on
from verf.kit import advance, set_offset

HEARD = []


@on(EmailVerificationRequested)
async def hear_request(fact: EmailVerificationRequested) -> None:
    HEARD.append(fact)


@on(SignUpRepeated)
async def hear_repetition(fact: SignUpRepeated) -> None:
    HEARD.append(fact)


@pytest.fixture(autouse=True)
def fresh():
    HEARD.clear()
    yield
    set_offset(timedelta())


async def verify(client, token):
    return await client.post("/api/v1/auth/verify-email", json={"token": token})


async def test_an_address_that_is_taken_gets_the_same_answer_and_its_owner_a_mail(app):
    async with browser(app) as client:
        await verified(client, "anna@example.com")
        fresh = await register(client, "boris@example.com", OTHER_PASSWORD)
        taken = await register(client, "ANNA@example.com", OTHER_PASSWORD)
        assert (taken.status_code, taken.text) == (fresh.status_code, fresh.text.replace("boris", "anna"))
        assert taken.headers.keys() == fresh.headers.keys()
        await drain()
        assert sorted(type(fact).__name__ for fact in HEARD) == [
            "EmailVerificationRequested",
            "EmailVerificationRequested",
            "SignUpRepeated",
        ]
        refused = await client.post(
            "/api/v1/auth/login", json={"email": "anna@example.com", "password": OTHER_PASSWORD}
        )
        assert refused.status_code == 401


async def test_an_address_is_one_person_however_it_is_written(app):
    async with browser(app) as client:
        for spelling in ("anna@example.com", " Anna@EXAMPLE.com", "ANNA@example.COM "):
            assert (await register(client, spelling)).status_code == 201
        async with transaction() as session:
            assert await session.scalar(text("SELECT count(*) FROM identity.people")) == 1
        assert (await register(client, "no address at all")).status_code == 422


async def test_who_signs_up_first_with_a_foreign_address_gains_nothing(app):
    """The owner signs up later and confirms: the password is theirs, and the stranger's session is over."""
    async with browser(app, "198.51.100.66") as stranger, browser(app) as owner:
        await register(stranger, "anna@example.com", OTHER_PASSWORD)
        stolen = await login(stranger, "anna@example.com", OTHER_PASSWORD)
        strangers_link = await newest_token("anna@example.com", "verify")
        await register(owner, "anna@example.com", PASSWORD)
        assert (await verify(owner, await newest_token("anna@example.com", "verify"))).status_code == 200
        await login(owner, "anna@example.com", PASSWORD)
        assert (await stranger.get("/api/v1/auth/me", headers=bearer(stolen))).status_code == 401
        assert (await verify(stranger, strangers_link)).status_code == 409
        refused = await stranger.post(
            "/api/v1/auth/login", json={"email": "anna@example.com", "password": OTHER_PASSWORD}
        )
        assert refused.status_code == 401


async def test_links_work_once_for_a_day_and_say_what_is_wrong(app):
    async with browser(app) as client:
        await register(client, "anna@example.com")
        token = await newest_token("anna@example.com", "verify")
        codes = [(await verify(client, wrong)).json()["code"] for wrong in ("", "x", token[:-2], token + "AAAA")]
        assert codes == ["link-not-valid"] * 4
        advance(timedelta(hours=25))
        assert (await verify(client, token)).json()["code"] == "link-expired"
        set_offset(timedelta())
        assert (await verify(client, token)).status_code == 200
        again = await verify(client, token)
        assert (again.status_code, again.json()["code"]) == (409, "link-used")


async def test_a_link_for_one_purpose_is_none_for_another(app):
    async with browser(app) as client:
        await register(client, "anna@example.com")
        token = await newest_token("anna@example.com", "verify")
        answer = await client.post("/api/v1/auth/reset-password", json={"token": token, "password": OTHER_PASSWORD})
        assert (answer.status_code, answer.json()["code"]) == (422, "link-not-valid")


async def test_a_new_link_can_be_asked_for_but_nobodys_mailbox_is_flooded(app):
    async with browser(app) as client:
        await register(client, "anna@example.com")
        tokens = await login(client, "anna@example.com")
        first = await newest_link("anna@example.com", "verify")
        for _ in range(5):
            answer = await client.post("/api/v1/auth/resend-verification", headers=bearer(tokens))
            assert answer.status_code == 202
        assert (await client.post("/api/v1/auth/resend-verification", headers=bearer(tokens))).status_code == 429
        async with transaction() as session:
            assert await session.scalar(text("SELECT count(*) FROM identity.links")) == 5
        assert await newest_link("anna@example.com", "verify") != first
    async with browser(app, "198.51.100.5") as stranger:
        unknown = await stranger.post("/api/v1/auth/resend-verification", json={"email": "nobody@example.com"})
        assert (unknown.status_code, unknown.json()) == (202, {"status": "verification-sent"})
        assert (await stranger.post("/api/v1/auth/resend-verification")).status_code == 401


async def test_no_secret_of_a_link_is_kept(app):
    async with browser(app) as client:
        await register(client, "anna@example.com")
        link = await newest_link("anna@example.com", "verify")
        secret = verification_link(link).partition("token=")[2][22:]
        async with transaction() as session:
            kept = await session.scalar(text("SELECT string_agg(l::text, '|') FROM identity.links l"))
            jobs = await session.scalar(text("SELECT string_agg(convert_from(payload, 'UTF8'), '|') FROM jobs.queue"))
        assert secret not in kept + (jobs or "")
