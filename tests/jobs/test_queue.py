from dataclasses import dataclass
from datetime import timedelta

import pytest
from sqlalchemy import text

from verf.database import transaction
from verf.jobs import announce, drain, enqueue, enqueue_all, handles, on, perform

done: list[str] = []


@dataclass(frozen=True)
class Greet:
    name: str


@dataclass(frozen=True)
class Met:
    name: str


@handles(Greet)
async def greet(message: Greet) -> None:
    done.append(message.name)


@on(Met)
async def remember(fact: Met) -> None:
    done.append(f"remember {fact.name}")


@on(Met)
async def smile(fact: Met) -> None:
    done.append(f"smile at {fact.name}")


@pytest.fixture(autouse=True)
def nothing_done(database):
    done.clear()


async def test_a_job_runs_after_its_transaction(database):
    async with transaction() as session:
        assert await enqueue(session, Greet("Ada"))
    assert await drain() == 1
    assert done == ["Ada"]
    assert await drain() == 0


class ChangedMyMind(Exception):
    pass


async def test_a_message_is_done_without_the_queue(database):
    await perform(Greet("Anna"))
    assert done == ["Anna"]
    assert await drain() == 0


async def test_a_rollback_leaves_no_job_when_the_job_came_first(database):
    async def change_my_mind():
        async with transaction() as session:
            await enqueue(session, Greet("Ada"))
            await session.execute(text("SELECT 1"))
            raise ChangedMyMind

    with pytest.raises(ChangedMyMind):
        await change_my_mind()
    assert await drain() == 0


async def test_a_rollback_leaves_no_job_when_something_else_came_first(database):
    async def change_my_mind():
        async with transaction() as session:
            await session.execute(text("SELECT 1"))
            await enqueue(session, Greet("Ada"))
            raise ChangedMyMind

    with pytest.raises(ChangedMyMind):
        await change_my_mind()
    assert await drain() == 0


async def test_many_messages_are_one_statement(database):
    async with transaction() as session:
        assert len(await enqueue_all(session, [Greet(str(number)) for number in range(300)])) == 300
    assert await drain() == 300


async def test_a_fact_becomes_one_job_for_each_listener(database):
    async with transaction() as session:
        await announce(session, Met("Ada"))
    await drain()
    assert sorted(done) == ["remember Ada", "smile at Ada"]


async def test_a_second_job_with_the_same_key_is_not_added_while_the_first_is_queued(database):
    async with transaction() as session:
        assert await enqueue(session, Greet("Ada"), unless_queued="ada")
        assert await enqueue(session, Greet("Ada"), unless_queued="ada") is None
    assert await drain() == 1
    async with transaction() as session:
        assert await enqueue(session, Greet("Ada"), unless_queued="ada")


async def test_higher_priority_goes_first(database):
    async with transaction() as session:
        await enqueue(session, Greet("later"))
        await enqueue(session, Greet("first"), priority=5)
    await drain()
    assert done == ["first", "later"]


async def test_a_job_waits_for_its_time(database):
    async with transaction() as session:
        await enqueue(session, Greet("Ada"), after=timedelta(hours=1))
    assert await drain() == 0
