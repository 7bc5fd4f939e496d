"""The driver's own connections: a statement is a transaction, unless one is asked for; nothing half done stays."""

import asyncio

import pytest
from sqlalchemy import bindparam, literal, select, text
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.exc import DBAPIError
from tests.database.conftest import Plain

from verf.database import after_commit, in_transaction, notify, open_connection, reading, transaction_on_line

ADD = "INSERT INTO workshop.plain (id, name) VALUES (gen_random_uuid(), $1)"


async def names():
    async with reading() as line:
        return sorted(await line.scalars(select(Plain.name)))


async def test_all_statements_are_kept_or_none(workshop):
    async with transaction_on_line() as line:
        await line.ask(ADD, "kept")
        await line.ask(ADD, "too")
        assert await names() == []
    with pytest.raises(LookupError):
        async with transaction_on_line() as line:
            await line.ask(ADD, "lost")
            raise LookupError
    assert await names() == ["kept", "too"]


async def test_an_error_that_was_passed_over_is_no_commit(workshop):
    with pytest.raises(DBAPIError):
        async with transaction_on_line() as line:
            await line.ask(ADD, "lost")
            with pytest.raises(DBAPIError):
                await line.ask("SELECT 1/0")
    assert await names() == []


async def test_cancelling_takes_all_back_and_the_next_one_has_a_connection(workshop):
    async def slow():
        async with transaction_on_line() as line:
            await line.ask(ADD, "lost")
            await line.ask("SELECT pg_sleep(60)")

    task = asyncio.create_task(slow())
    await asyncio.sleep(0.1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    async with transaction_on_line() as line:
        await line.ask(ADD, "kept")
    assert await names() == ["kept"]


async def test_it_is_a_transaction_to_everybody_who_asks(workshop):
    told = []
    async with transaction_on_line() as line:
        assert in_transaction()
        after_commit(line, lambda: told.append(in_transaction()))
        assert told == []
    assert told == [False]
    with pytest.raises(LookupError):
        async with transaction_on_line() as line:
            after_commit(line, lambda: told.append("never"))
            raise LookupError
    async with transaction_on_line():
        pass
    assert told == [False]


async def test_a_commit_that_fails_is_told(workshop):
    with pytest.raises(DBAPIError):
        async with transaction_on_line() as line:
            await line.ask("CREATE TEMP TABLE late (n int UNIQUE DEFERRABLE INITIALLY DEFERRED) ON COMMIT DROP")
            await line.ask("INSERT INTO late VALUES (1), (1)")
    async with transaction_on_line() as line:
        await line.ask(ADD, "kept")
    assert await names() == ["kept"]


async def test_a_core_statement_has_its_values_apart(workshop):
    async with transaction_on_line() as line:
        for name in ("anchor", "buoy"):
            await line.ask(ADD, name)
    named = select(Plain.name, Plain.id).where(Plain.name == bindparam("name"))
    async with reading() as line:
        for name in ("anchor", "buoy"):
            [row] = await line.execute(named, {"name": name})
            assert row["name"] == row[0] == name
        assert await line.execute(named, {"name": "cable"}) == []


async def test_what_only_sqlalchemy_can_send_is_refused(workshop):
    async with reading() as line:
        with pytest.raises(TypeError):
            await line.execute(select(Plain.name).where(Plain.name.in_(["anchor", "buoy"])))


async def test_a_value_that_is_a_document_is_sent_as_one(workshop):
    asked = select(literal({"a": [1]}, JSONB).contains(bindparam("part", type_=JSONB)))
    async with reading() as line:
        assert await line.scalar(asked, {"part": {"a": [1]}}) is True
        assert await line.scalar(asked, {"part": {"b": 1}}) is False


async def test_documents_come_as_they_were_written(workshop):
    async with reading() as line:
        assert await line.scalar(text("""SELECT '{"a": [1, null]}'::jsonb""")) == {"a": [1, None]}


async def test_many_words_travel_together(workshop):
    heard = asyncio.Queue()
    listening = await open_connection()
    await listening.add_listener("workshop", lambda *said: heard.put_nowait(said[-1]))
    await notify("workshop", ["one", "two"])
    async with asyncio.timeout(10):
        assert [await heard.get(), await heard.get()] == ["one", "two"]
    await listening.close()
