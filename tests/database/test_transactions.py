import asyncio

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError, IntegrityError
from tests.database.conftest import Plain

from verf.database import after_commit, connect, in_transaction, open_connection, reading, transaction
from verf.database.checks import app_cannot_step_around_row_security, database_answers
from verf.database.migrating import owner_connection


async def names():
    async with reading() as connection:
        return sorted(await connection.scalars(select(Plain.name)))


async def test_a_transaction_acts_as_the_role_of_the_app(database):
    async with transaction() as session:
        assert await session.scalar(text("SELECT current_user::text")) == "verf_app"


async def test_system_work_acts_as_its_own_role(database):
    async with transaction(system="counts everybody") as session:
        assert await session.scalar(text("SELECT current_user::text")) == "verf_system"


async def test_leaving_commits(workshop):
    async with transaction() as session:
        session.add(Plain(name="kept"))
    assert await names() == ["kept"]


async def test_an_exception_rolls_back(workshop):
    with pytest.raises(LookupError):
        async with transaction() as session:
            session.add(Plain(name="lost"))
            await session.flush()
            raise LookupError
    assert await names() == []


async def test_cancelling_rolls_back(workshop):
    async def work():
        async with transaction() as session:
            session.add(Plain(name="lost"))
            await session.flush()
            await asyncio.sleep(60)

    task = asyncio.create_task(work())
    await asyncio.sleep(0.1)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert await names() == []


async def test_a_failing_commit_is_seen_by_the_caller(workshop):
    async with owner_connection() as connection:
        await connection.execute(text("ALTER TABLE workshop.plain DROP CONSTRAINT IF EXISTS late"))
        await connection.execute(
            text("ALTER TABLE workshop.plain ADD CONSTRAINT late UNIQUE (name) DEFERRABLE INITIALLY DEFERRED")
        )
        await connection.execute(text("ALTER TABLE workshop.plain DROP CONSTRAINT uq_plain_name"))
        await connection.commit()
    called, reached = [], []
    with pytest.raises(IntegrityError):
        async with transaction() as session:
            session.add_all([Plain(name="twin"), Plain(name="twin")])
            after_commit(session, lambda: called.append("told"))
            await session.flush()
            reached.append("end")
    assert reached == ["end"]
    assert called == []
    assert not in_transaction()
    assert await names() == []
    async with owner_connection() as connection:
        await connection.execute(text("ALTER TABLE workshop.plain ADD CONSTRAINT uq_plain_name UNIQUE (name)"))
        await connection.execute(text("ALTER TABLE workshop.plain DROP CONSTRAINT late"))
        await connection.commit()


async def test_two_transactions_end_independently_in_either_order(workshop):
    for number, fails in enumerate(["inner", "outer"]):
        with pytest.raises(LookupError):
            async with transaction() as outer:
                outer.add(Plain(name=f"outer {number}"))
                await outer.flush()
                try:
                    async with transaction() as inner:
                        inner.add(Plain(name=f"inner {number}"))
                        if fails == "inner":
                            raise LookupError
                finally:
                    assert in_transaction()
                if fails == "outer":
                    raise LookupError
    assert await names() == ["inner 1"]


async def test_a_task_knows_whether_a_transaction_is_open(workshop):
    assert not in_transaction()
    async with transaction():
        assert in_transaction()
        assert await asyncio.create_task(says())
        later = asyncio.create_task(says(after=0.05))
    assert not in_transaction()
    assert not await later


async def says(after=0.0):
    await asyncio.sleep(after)
    return in_transaction()


async def test_reading_is_not_a_transaction(workshop):
    async with reading():
        assert not in_transaction()


async def test_callbacks_run_once_after_the_commit_in_order(workshop):
    seen = []

    async def tell():
        seen.append((await names(), in_transaction()))

    async with transaction() as session:
        session.add(Plain(name="kept"))
        after_commit(session, tell)
        after_commit(session, lambda: seen.append("then"))
        assert seen == []
    assert seen == [(["kept"], False), "then"]


async def test_callbacks_do_not_run_after_a_rollback(workshop):
    seen = []
    with pytest.raises(LookupError):
        async with transaction() as session:
            after_commit(session, lambda: seen.append("told"))
            raise LookupError
    assert seen == []


async def test_a_failing_callback_does_not_take_back_the_commit(workshop):
    seen = []
    async with transaction() as session:
        session.add(Plain(name="kept"))
        after_commit(session, lambda: seen.remove("nothing"))
        after_commit(session, lambda: seen.append("then"))
    assert seen == ["then"]
    assert await names() == ["kept"]


async def test_rows_stay_readable_after_the_commit(workshop):
    async with transaction() as session:
        row = Plain(name="kept")
        session.add(row)
    assert row.name == "kept"


async def test_a_reader_cannot_write(workshop):
    with pytest.raises(DBAPIError, match="read-only"):
        async with reading() as connection:
            await connection.execute(text("DELETE FROM workshop.plain"))


async def test_a_connection_of_its_own_acts_as_the_app(database):
    connection = await open_connection()
    assert await connection.fetchval("SELECT current_user::text") == "verf_app"
    await connection.close()


async def test_a_connection_that_the_server_closed_is_replaced(workshop):
    async with transaction() as session:
        session.add(Plain(name="kept"))
    ours = "FROM pg_stat_activity WHERE usename = 'verf_app' AND datname = current_database()"
    async with owner_connection() as connection:
        await connection.execute(text(f"SELECT pg_terminate_backend(pid) {ours}"))
        while await connection.scalar(text(f"SELECT count(*) {ours}")):
            await connection.rollback()
    await asyncio.sleep(0.1)
    async with transaction() as session:
        assert await session.scalar(select(Plain.name)) == "kept"
    assert await names() == ["kept"]


async def test_a_process_connects_once(database):
    with pytest.raises(RuntimeError, match="connected already"):
        await connect()


async def test_the_readiness_checks_pass(database):
    await database_answers()
    await app_cannot_step_around_row_security()
