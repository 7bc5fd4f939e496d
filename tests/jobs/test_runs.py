from dataclasses import dataclass
from uuid import UUID, uuid4

import pytest
from crew_at_work import at_work, until

from verf.database import transaction
from verf.jobs import Job, Run, cancel, drain, enqueue, handles, run_of, watch_runs

watched: list[Run] = []
heard: list[bool] = []


@dataclass(frozen=True)
class Count:
    organisation: UUID
    to: int


@dataclass(frozen=True)
class CountForever:
    pass


@dataclass(frozen=True)
class Fail:
    pass


@handles(Count)
async def count(message: Count, job: Job) -> None:
    for number in range(message.to):
        await job.progress(number + 1, message.to, f"number {number + 1}")
    await job.result({"sum": sum(range(message.to + 1))})


@handles(CountForever)
async def count_forever(message: CountForever, job: Job) -> None:
    await job.progress(1, 0)
    while not await job.cancelled():
        await job.progress(1, 0)


@handles(Fail, attempts=1)
async def fail(message: Fail, job: Job) -> None:
    await job.progress(1, 2)
    raise RuntimeError("The second half is missing.")


@pytest.fixture(autouse=True)
def watcher(database):
    watched.clear()

    @watch_runs
    async def watch(session, run):
        watched.append(run)


async def test_progress_and_result_are_seen_by_those_who_watch(database):
    organisation = uuid4()
    async with transaction() as session:
        job = await enqueue(session, Count(organisation, 3))
        assert (await run_of(session, job)).state == "queued"
    await drain()
    async with transaction() as session:
        run = await run_of(session, job)
    assert (run.state, run.done, run.total, run.result) == ("ok", 3, 3, {"sum": 6})
    assert run.organisation == organisation
    assert [(run.state, run.done) for run in watched][-5:] == [
        ("running", 1),
        ("running", 2),
        ("running", 3),
        ("running", 3),
        ("ok", 3),
    ]


async def test_a_failed_run_keeps_its_error(database):
    async with transaction() as session:
        job = await enqueue(session, Fail())
    await drain(errors="keep")
    async with transaction() as session:
        run = await run_of(session, job)
    assert (run.state, run.error) == ("failed", "RuntimeError: The second half is missing.")


async def test_a_waiting_job_is_cancelled_at_once(database):
    async with transaction() as session:
        job = await enqueue(session, Count(uuid4(), 3))
        assert await cancel(session, job)
    assert await drain() == 0
    async with transaction() as session:
        assert (await run_of(session, job)).state == "cancelled"
        assert not await cancel(session, job)


async def test_a_running_job_stops_when_asked(database):
    async with transaction() as session:
        job = await enqueue(session, CountForever())

    async def state_is(state):
        async with transaction() as session:
            return (await run_of(session, job)).state == state

    async def runs():
        return await state_is("running")

    async def is_cancelled():
        return await state_is("cancelled")

    async with at_work():
        await until(runs)
        async with transaction() as session:
            assert await cancel(session, job)
        await until(is_cancelled)
