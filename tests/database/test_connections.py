"""A server that runs already, given by its address, as a hosted database is."""

import asyncio
import os
import signal
from pathlib import Path
from uuid import uuid4

import asyncpg
import pytest
import pytest_asyncio
from sqlalchemy import text

from verf.database import EmbeddedServer, connect, disconnect, migrate, open_connection, reading, transaction
from verf.database.addresses import as_asyncpg, asyncpg_arguments
from verf.database.checks import database_answers
from verf.database.processes import is_postgres
from verf.errors import Unavailable


@pytest_asyncio.fixture(loop_scope="session")
async def hosted(migrated_database):
    """Its one login may make roles and owns the database, but is no superuser and has another name than ours."""
    await disconnect()
    server = EmbeddedServer(Path(f"/tmp/verf-test-{uuid4().hex[:12]}"), durable=False).start()
    owner = await asyncpg.connect(**asyncpg_arguments(server.owner_url("postgres")))
    await owner.execute("DROP DATABASE verf")
    await owner.execute("DROP ROLE verf_app, verf_system")
    await owner.execute("CREATE ROLE landlord LOGIN CREATEROLE PASSWORD 'a b/c'")
    await owner.execute("CREATE DATABASE home OWNER landlord")
    await owner.close()
    yield server.owner_url("home").set(username="landlord", password="a b/c", drivername="postgres")
    await disconnect()
    server.erase()
    at = migrated_database
    await connect(at.server.url(at.name), owner_url=at.server.owner_url(at.name))


async def test_a_login_of_any_name_migrates_and_acts_as_the_app(hosted):
    await connect(hosted.render_as_string(hide_password=False))
    assert "database_0001" in await migrate([])
    async with transaction() as session:
        assert await session.scalar(text("SELECT current_user::text")) == "verf_app"
        await session.execute(text("RESET ROLE"))
        assert await session.scalar(text("SELECT current_user::text")) == "verf_app"
    async with transaction(system="a look at everything") as session:
        assert await session.scalar(text("SELECT current_user::text")) == "verf_system"
    async with reading() as connection:
        assert await connection.scalar(text("SELECT current_user::text")) == "verf_app"
    alone = await open_connection()
    assert await alone.fetchval("SELECT current_user::text") == "verf_app"
    await alone.close()


async def test_a_server_that_does_not_answer_is_named_without_its_password(hosted):
    with pytest.raises(Unavailable, match="cannot be reached") as refused:
        await connect("postgresql://someone:secret@127.0.0.1:9199/nothing")
    assert "secret" not in str(refused.value)


async def test_while_the_server_is_away_people_are_told_and_afterwards_all_is_well(hosted):
    server = EmbeddedServer(Path(hosted.query["host"]), durable=False)
    await connect(server.start().owner_url("home"))
    await migrate([])
    await database_answers()
    pid = int((server.folder / "data" / "postmaster.pid").read_text().split()[0])
    # Not a crash: without durability that would lose the roles which the migration has just made.
    os.kill(pid, signal.SIGINT)
    async with asyncio.timeout(10):
        while is_postgres(pid):  # noqa: ASYNC110 - another process ends
            await asyncio.sleep(0.05)
    await asyncio.sleep(0.1)
    for attempt in (transaction, reading):
        with pytest.raises(Unavailable, match="try again"):
            async with attempt():
                pass
    again = EmbeddedServer(server.folder, durable=False).start()
    await database_answers()
    again.stop()
    server.stop()


@pytest.mark.parametrize(
    "written, query",
    [
        ("postgres://u:p@host:6000/name", {}),
        ("postgresql://u:p@host:6000/name?sslmode=require", {"ssl": "require"}),
        ("postgresql+asyncpg://u:p@host:6000/name?ssl=verify-full", {"ssl": "verify-full"}),
    ],
)
def test_addresses_are_understood_as_people_write_them(written, query):
    url = as_asyncpg(written)
    assert url.drivername == "postgresql+asyncpg"
    assert dict(url.query) == query
    assert asyncpg_arguments(url)["port"] == 6000
