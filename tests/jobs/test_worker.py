import asyncio
from dataclasses import dataclass
from datetime import timedelta
from uuid import uuid4

import pytest
from crew_at_work import QUICK, at_work, queue_is_empty, queued, until
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from verf.database import transaction
from verf.jobs import TryLater, enqueue, enqueue_all, handles

seen: list[object] = []
together: list[int] = [0, 0]


@dataclass(frozen=True)
class Note:
    text: str


@dataclass(frozen=True)
class NoteInside:
    text: str


@dataclass(frozen=True)
class Explode:
    text: str


@dataclass(frozen=True)
class Sleep:
    seconds: float


@dataclass(frozen=True)
class Alone:
    number: int


@dataclass(frozen=True)
class Patience:
    number: int


@handles(Note)
async def note(message: Note) -> None:
    seen.append(message.text)


@handles(NoteInside)
async def note_inside(message: NoteInside, session: AsyncSession) -> None:
    await enqueue(session, Note(f"{message.text} again"))
    seen.append(message.text)


@handles(Explode, attempts=1)
async def explode(message: Explode) -> None:
    raise RuntimeError(message.text)


@handles(Sleep)
async def sleep(message: Sleep) -> None:
    seen.append("asleep")
    await asyncio.sleep(message.seconds)
    seen.append("awake")


@handles(Alone)
async def alone(message: Alone) -> None:
    together[0] += 1
    together[1] = max(together)
    await asyncio.sleep(0.01)
    together[0] -= 1
    seen.append(message.number)


@handles(Patience)
async def patience(message: Patience) -> None:
    seen.append(message.number)
    if len(seen) < 4:
        raise TryLater(after=timedelta(milliseconds=20))


@pytest.fixture(autouse=True)
def nothing_seen(database):
    seen.clear()
    together[:] = [0, 0]


async def test_a_worker_does_what_is_queued_before_and_while_it_works(database):
    async with transaction() as session:
        await enqueue(session, NoteInside("before"))
    async with at_work():
        await until(queue_is_empty)
        async with transaction() as session:
            await enqueue_all(session, [Note(str(number)) for number in range(200)])
        await until(queue_is_empty)
    assert sorted(seen) == sorted(["before", "before again", *map(str, range(200))])


async def test_a_poison_job_blocks_nothing(database):
    async with transaction() as session:
        await session.execute(
            text(
                "INSERT INTO jobs.queue (priority, status, entrypoint, payload, headers) "
                "VALUES (9, 'queued', :note, 'no json at all', '{}'), (9, 'queued', 'stock.gone.handler', '{}', '{}')"
            ),
            {"note": f"{note.__module__}.note"},
        )
        await enqueue(session, Explode("bang"), priority=9)
        await enqueue(session, Note("good"))
    async with at_work(settings=QUICK.model_copy(update={"unknown_after": timedelta(0)})):

        async def three_have_failed():
            return await queued("failed") == 3

        await until(three_have_failed)
    assert seen == ["good"]
    assert await queued() == 3


async def test_jobs_with_one_key_never_run_together_over_all_workers(database):
    async with transaction() as session:
        for number in range(20):
            await enqueue(session, Alone(number), one_at_a_time="sync:42")
        await enqueue(session, Note("meanwhile"))
    async with at_work(workers=3):
        await until(queue_is_empty)
    assert together[1] == 1
    assert seen.index("meanwhile") < 20
    assert sorted(entry for entry in seen if entry != "meanwhile") == list(range(20))


async def test_trying_later_is_no_failure(database):
    async with transaction() as session:
        job = await enqueue(session, Patience(1))
    async with at_work():

        async def has_tried(times=3):
            return len(seen) >= times

        await until(has_tried)
        async with transaction() as session:
            attempts = await session.scalar(text("SELECT attempts FROM jobs.queue WHERE id = :id"), {"id": job})
        assert attempts in (0, None)
        await until(queue_is_empty)
    assert seen == [1, 1, 1, 1]


async def test_a_worker_that_stops_finishes_what_runs(database):
    async with transaction() as session:
        await enqueue(session, Sleep(0.3))
    async with at_work() as stop:

        async def sleeps():
            return "asleep" in seen

        await until(sleeps)
        stop.set()
    assert seen == ["asleep", "awake"]
    assert await queue_is_empty()


async def test_what_outlasts_the_grace_is_given_back_untouched(database):
    async with transaction() as session:
        job = await enqueue(session, Sleep(60))
    async with at_work(settings=QUICK.model_copy(update={"grace": timedelta(seconds=0.2)})) as stop:

        async def sleeps():
            return "asleep" in seen

        await until(sleeps)
        stop.set()
    async with transaction() as session:
        row = await session.execute(text("SELECT status::text, attempts FROM jobs.queue WHERE id = :id"), {"id": job})
    assert row.one() == ("queued", 0)


async def test_a_job_without_heartbeat_is_brought_back_and_the_attempt_counts(database):
    async with transaction() as session:
        job = await enqueue(session, Note("left behind"))
        await session.execute(
            text(
                "UPDATE jobs.queue SET status = 'picked', heartbeat = now() - interval '1 minute', "
                "queue_manager_id = :dead WHERE id = :id"
            ),
            {"dead": uuid4(), "id": job},
        )
    async with at_work():
        await until(queue_is_empty)
    assert seen == ["left behind"]


async def test_the_worker_survives_the_loss_of_all_its_connections(database):
    async with at_work():
        for number in range(3):
            async with transaction() as session:
                await enqueue(session, Note(str(number)))
            await until(queue_is_empty)
            async with transaction() as session:
                await session.execute(
                    text(
                        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
                        "WHERE datname = current_database() AND pid <> pg_backend_pid() AND query ~ 'verf_jobs|queue'"
                    )
                )
        async with transaction() as session:
            await enqueue(session, Note("after"))
        await until(queue_is_empty)
    assert seen == ["0", "1", "2", "after"]
