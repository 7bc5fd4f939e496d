"""Webhooks that come at the same time share a transaction, and none of them can spoil it for another."""

import asyncio
import json
from dataclasses import replace
from uuid import UUID

from sqlalchemy import select, text, update
from test_inbox import events, notification, queued, send, signed, without

from verf.billing.inbox import Letter, store_new
from verf.billing.intake import take
from verf.billing.models import ProviderEvent
from verf.billing.providers.registry import provider
from verf.database import noted_statements, transaction, transaction_on_line


async def letter(number, **changed):
    body = notification(number=number)
    headers = {name.lower(): value for name, value in signed(body).items()}
    event = await provider("paddle").verify(headers, body, sender="127.0.0.1")
    return Letter(provider=provider("paddle"), event=replace(event, **changed), headers=headers, body=body)


async def test_those_that_come_together_are_stored_together(site):
    with noted_statements() as noted:
        answers = await asyncio.gather(*(send(site, notification(number=number)) for number in range(30)))
    stored, put = (
        [each for each in noted if part in each] for part in ("INTO billing.provider_events", "INTO jobs.queue")
    )
    assert {answer.status_code for answer in answers} == {200}
    assert len(await events()) == await queued() == 30
    assert len(stored) <= 3, stored
    assert len(put) == len(stored)


async def test_one_that_cannot_be_stored_does_not_spoil_it_for_the_others(site):
    letters = [await letter(number) for number in range(4)]
    # The database takes no NUL; our edge refuses such names before they get here.
    bad = await letter(9, version="\x00")
    outcomes = await asyncio.gather(*map(take, [*letters[:2], bad, *letters[2:]]), return_exceptions=True)
    assert [isinstance(each, Exception) for each in outcomes] == [False, False, True, False, False]
    assert {each.id for each in await events()} == {each.id for each in letters}
    assert await queued() == 4


async def test_new_ones_do_not_wait_for_one_whose_row_is_worked_on(site):
    await send(site, notification(number=1))
    async with transaction() as working:
        await working.execute(update(ProviderEvent).values(reason="worked on"))
        again = asyncio.create_task(send(site, notification(number=1)))
        fresh = await asyncio.gather(*(send(site, notification(number=number)) for number in (2, 3)))
        assert {answer.status_code for answer in fresh} == {200}
        assert not again.done()
    assert (await again).status_code == 200
    assert sorted(each.deliveries for each in await events()) == [1, 1, 2]


async def test_each_job_carries_the_name_of_its_own_request(site):
    await asyncio.gather(
        *(
            site.http.post(
                "/api/v1/billing/webhook/paddle",
                content=notification(number=number),
                headers={**signed(notification(number=number)), "X-Request-Id": f"request-{number}"},
            )
            for number in range(5)
        )
    )
    async with transaction() as session:
        jobs = list(await session.execute(text("SELECT convert_from(payload, 'UTF8'), headers FROM jobs.queue")))
        ids = {row.id: row.event_id for row in await session.scalars(select(ProviderEvent))}
    named = {ids[UUID(json.loads(payload)["event"])]: headers["request_id"] for payload, headers in jobs}
    assert named == {f"evt_{number:026}": f"request-{number}" for number in range(5)}


async def test_what_was_here_before_is_left_as_it_is_by_those_that_are_new(site):
    await send(site, notification(number=1))
    old, new = await letter(1), await letter(2)
    async with transaction_on_line() as line:
        found = await store_new(line, [old, new])
    assert found[0] is None
    assert found[1]
    assert [each.deliveries for each in await events()] == [1, 1]


async def test_all_are_answered_when_nothing_can_be_stored(site, database):
    async with without(database, "billing", "provider_events"):
        answers = await asyncio.gather(*(send(site, notification(number=each)) for each in range(3)))
    assert {answer.status_code >= 500 for answer in answers} == {True}
    assert await events() == []
