"""Webhooks are stored before they are believed: authentic ones once and word for word, others not at all."""

import asyncio
import hmac
import json
from contextlib import asynccontextmanager
from datetime import timedelta
from hashlib import sha256

import pytest
from sqlalchemy import select, text

from verf.billing.inbox import sweep
from verf.billing.models import ProviderEvent
from verf.database import transaction
from verf.kit import advance, now, set_offset

SECRET = b"pdl_ntfset_sandbox"
PADDLE = "/api/v1/billing/webhook/paddle"


def notification(kind="subscription.updated", number=1, **data):
    body = {
        "event_id": f"evt_{number:026}",
        "event_type": kind,
        "occurred_at": "2026-11-20T10:00:00.000000Z",
        "notification_id": f"ntf_{number}",
        "data": {"id": "sub_01", **data},
    }
    return json.dumps(body).encode()


def signed(body, *, secret=SECRET, at=None):
    stamp = int((at or now()).timestamp())
    signature = hmac.new(secret, f"{stamp}:".encode() + body, sha256).hexdigest()
    return {"Paddle-Signature": f"ts={stamp};h1={signature}", "Content-Type": "application/json"}


@asynccontextmanager
async def without(database, schema, table):
    """Meanwhile the table is not there."""
    async with database.owner() as owner:
        await owner.execute(f"ALTER TABLE {schema}.{table} RENAME TO away")
        try:
            yield
        finally:
            await owner.execute(f"ALTER TABLE {schema}.away RENAME TO {table}")


async def send(site, body, **how):
    return await site.http.post(PADDLE, content=body, headers=signed(body, **how))


async def events():
    async with transaction() as session:
        return list(await session.scalars(select(ProviderEvent).order_by(ProviderEvent.id)))


async def queued():
    async with transaction() as session:
        query = "SELECT count(*) FROM jobs.queue WHERE entrypoint LIKE '%handle_event'"
        return await session.scalar(text(query))


async def test_an_authentic_webhook_is_kept_word_for_word_with_its_job(site):
    body = notification() + b"\n "
    answer = await send(site, body)
    assert answer.status_code == 200
    [event] = await events()
    assert event.body == body
    assert (event.provider, event.kind, event.state) == ("paddle", "subscription.updated", "new")
    assert (event.subject_kind, event.subject_ref) == ("subscription", "sub_01")
    assert "paddle-signature" in event.headers
    assert "authorization" not in event.headers
    assert await queued() == 1


async def test_the_same_event_delivered_by_many_at_once_is_one(site):
    body = notification()
    answers = await asyncio.gather(*(send(site, body) for _ in range(20)))
    assert {answer.status_code for answer in answers} == {200}
    [event] = await events()
    assert event.deliveries == 20
    assert await queued() == 1


@pytest.mark.parametrize(
    "kind", ["customer.created", "report.updated", "something.new"], ids=["foreign", "report", "unknown"]
)
async def test_an_event_of_no_concern_is_kept_and_answered_well(site, kind):
    answer = await send(site, notification(kind))
    assert answer.status_code == 200
    [event] = await events()
    assert (event.state, event.reason) == ("ignored", "not about billing")
    assert await queued() == 0


async def test_what_is_not_authentic_is_refused_and_not_kept(site):
    body = notification()
    forged = await send(site, body, secret=b"guess")
    unsigned = await site.http.post(PADDLE, content=body)
    changed = await site.http.post(PADDLE, content=body.replace(b"sub_01", b"sub_02"), headers=signed(body))
    cut = await site.http.post(PADDLE, content=body[:-9], headers=signed(body[:-9]))
    late = await send(site, body, at=now().replace(year=2025))
    early = await send(site, body, at=now().replace(year=2027))
    for answer in (forged, unsigned, changed, cut, late, early):
        assert answer.status_code == 400
        assert answer.headers["content-type"].startswith("application/problem+json")
        assert "secret" not in answer.text
    assert await events() == []


async def test_a_provider_nobody_set_up_has_no_address(site):
    assert (await site.http.post("/api/v1/billing/webhook/nobody", content=b"{}")).status_code == 404


async def test_a_webhook_without_end_is_not_read(site):
    body = b"x" * (1024 * 1024 + 1)
    answer = await site.http.post(PADDLE, content=body, headers=signed(body))
    assert answer.status_code == 413
    assert await events() == []


async def test_what_cannot_be_stored_is_answered_so_that_it_is_sent_again(site, database):
    async with without(database, "billing", "provider_events"):
        assert (await send(site, notification())).status_code >= 500
    assert (await send(site, notification())).status_code == 200
    assert len(await events()) == 1


async def test_a_job_that_was_lost_is_queued_again_after_five_minutes(site, database):
    await send(site, notification())
    async with database.owner() as owner:
        await owner.execute("DELETE FROM jobs.queue")
    async with transaction() as session:
        assert await sweep(session) == 0
    advance(timedelta(minutes=6))
    try:
        async with transaction() as session:
            assert await sweep(session) == 1
        assert await queued() == 1
    finally:
        set_offset(timedelta())


async def test_storing_and_queueing_happen_both_or_neither(site, database):
    async with without(database, "jobs", "queue"):
        assert (await send(site, notification())).status_code >= 500
    assert await events() == []
