from dataclasses import dataclass
from datetime import timedelta

import pytest
from sqlalchemy import text

from verf.database import transaction
from verf.errors import Conflict, Unavailable
from verf.jobs import discard, drain, enqueue, failed, handles, retry, shift, statistics

tries: list[str] = []
broken = [True]


@dataclass(frozen=True)
class Deliver:
    to: str


@dataclass(frozen=True)
class Refuse:
    pass


@dataclass(frozen=True)
class CallOut:
    pass


@handles(Deliver, attempts=3)
async def deliver(message: Deliver) -> None:
    tries.append(message.to)
    if broken[0]:
        raise RuntimeError("The door is locked.")


@handles(Refuse)
async def refuse(message: Refuse) -> None:
    raise Conflict("It was paid already.")


@handles(CallOut)
async def call_out(message: CallOut) -> None:
    tries.append("called")
    raise Unavailable("The other side is down.")


@pytest.fixture(autouse=True)
def nothing_tried(database):
    tries.clear()
    broken[0] = True


async def all_failed():
    async with transaction() as session:
        return await failed(session)


async def test_a_job_is_tried_later_and_later_and_then_kept_as_a_dead_letter(database):
    async with transaction() as session:
        job = await enqueue(session, Deliver("Ada"))
    for attempt in range(1, 4):
        with pytest.raises(RuntimeError, match="locked"):
            await drain()
        assert len(tries) == attempt
        assert await drain() == 0
        await shift(timedelta(minutes=1))
    [letter] = await all_failed()
    assert (letter.job, letter.error, letter.message) == (job, "RuntimeError: The door is locked.", '{"to":"Ada"}')
    assert await drain() == 0


async def test_a_dead_letter_can_be_run_again(database):
    async with transaction() as session:
        job = await enqueue(session, Deliver("Ada"))
    for _ in range(3):
        await drain(errors="keep")
        await shift(timedelta(minutes=1))
    broken[0] = False
    async with transaction() as session:
        assert await retry(session, job)
        assert not await retry(session, job)
    assert await drain() == 1
    assert await all_failed() == []


async def test_a_dead_letter_can_be_discarded(database):
    async with transaction() as session:
        job = await enqueue(session, Refuse())
    await drain(errors="keep")
    async with transaction() as session:
        assert await discard(session, job)
    assert await all_failed() == []


async def test_an_error_that_no_repetition_helps_is_a_dead_letter_at_once(database):
    async with transaction() as session:
        await enqueue(session, Refuse())
    with pytest.raises(Conflict):
        await drain()
    [letter] = await all_failed()
    assert letter.error == "Conflict: It was paid already."


async def test_an_outage_waits_for_its_next_attempt_and_raises_nothing(database):
    async with transaction() as session:
        await enqueue(session, CallOut())
    assert await drain() == 1
    assert await drain() == 0
    await shift(timedelta(minutes=1))
    assert await drain() == 1
    assert await all_failed() == []


async def test_a_job_of_an_unknown_handler_is_a_dead_letter(database):
    async with transaction() as session:
        await session.execute(
            text(
                "INSERT INTO jobs.queue (priority, status, entrypoint, payload, headers) "
                "VALUES (0, 'queued', 'stock.gone', '{}', '{}')"
            )
        )
    await drain(errors="keep")
    [letter] = await all_failed()
    assert letter.error == "NobodyHandlesThis: Nothing handles stock.gone."


async def test_staff_see_what_waits_and_what_failed(database):
    async with transaction() as session:
        await enqueue(session, Refuse())
        await enqueue(session, Deliver("Ada"), after=timedelta(hours=1))
    await drain(errors="keep")
    async with transaction() as session:
        seen = await statistics(session)
    assert (seen.failed, seen.due, sum(queue.waiting for queue in seen.queues)) == (1, 0, 1)
    assert seen.failed_recently == 1
