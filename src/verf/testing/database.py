"""A migrated PostgreSQL for tests: one server and template per run, one database per worker, clean for every test."""

import fcntl
import pkgutil
import shutil
import tempfile
import time
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass
from importlib.metadata import entry_points
from pathlib import Path

import asyncpg
import pytest
import pytest_asyncio

import verf
from verf.database import EmbeddedServer, connect, disconnect, migrate
from verf.errors import Unavailable
from verf.manifest import Room

TEMPLATE = "verf_template"
FOLDERS = "verf-test-"
A_WHILE = 300.0

DIRTY = """
SELECT format('%I.%I', n.nspname, c.relname), pg_relation_size(c.oid) > 1048576
FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind = 'r' AND n.nspname !~ '^(pg_|information_schema)' AND pg_relation_size(c.oid) > 0
    AND (n.nspname, c.relname) <> ('database', 'alembic_version')
"""
RESTART = """
SELECT setval(format('%I.%I', schemaname, sequencename)::regclass, start_value, false)
FROM pg_sequences WHERE last_value IS NOT NULL
"""


@dataclass(frozen=True)
class CleanDatabase:
    """The database of this test worker: its server and name, for tests that want addresses of their own."""

    server: EmbeddedServer
    name: str

    @asynccontextmanager
    async def owner(self) -> AsyncIterator["asyncpg.Connection[asyncpg.Record]"]:
        """A connection past every policy and right, for what the app itself may not do or see."""
        connection = await _open(self.server, self.name)
        try:
            yield connection
        finally:
            await connection.close()

    async def empty(self) -> None:
        """As it was after the migrations. Raises asyncpg.LockNotAvailableError when a transaction was left open."""
        async with self.owner() as owner, owner.transaction():
            dirty: dict[str, bool] = dict(await owner.fetch(DIRTY))
            if not dirty:
                return
            await owner.execute("SET LOCAL lock_timeout = '5s'")
            await owner.execute(f"LOCK TABLE {', '.join(dirty)}")
            # No triggers, and no new files unless they are worth it: this stands between any two tests.
            await owner.execute("SET LOCAL session_replication_role = replica")
            await owner.execute("; ".join(f"DELETE FROM {name}" for name, is_large in dirty.items() if not is_large))
            if large := [name for name, is_large in dirty.items() if is_large]:
                await owner.execute(f"TRUNCATE {', '.join(large)} CASCADE")
            await owner.execute(RESTART)


def _every_room() -> list[Room]:
    """Found by their folders, not by their manifests: a test of one room need not import all the others."""
    packages = [name for _, name, is_package in pkgutil.iter_modules(verf.__path__, "verf.") if is_package]
    packages += [point.value.split(":")[0].split(".")[0] for point in entry_points(group="verf.products")]
    return [Room(name=package.rsplit(".", 1)[-1], package=package) for package in packages]


@pytest.fixture(scope="session")
def database_server(request: pytest.FixtureRequest) -> Iterator[EmbeddedServer]:
    """One server for all workers of this test run, without fsync, gone at the end."""
    _sweep()
    run = getattr(request.config, "workerinput", {}).get("testrunuid") or uuid.uuid4().hex
    folder = Path(tempfile.gettempdir()) / f"{FOLDERS}{run[:12]}"
    server = EmbeddedServer(folder, durable=False).start()
    yield server
    if server.erase():
        shutil.rmtree(folder, ignore_errors=True)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def migrated_database(database_server: EmbeddedServer) -> AsyncIterator[CleanDatabase]:
    """A copy of the template for this worker; verf.database is connected to it as the app's role."""
    name = f"verf_test_{uuid.uuid4().hex[:8]}"
    with (database_server.folder / "template.lock").open("a+") as gate:
        fcntl.flock(gate, fcntl.LOCK_EX)
        await _make_template(database_server)
        await _execute(database_server, f"CREATE DATABASE {name} TEMPLATE {TEMPLATE}")
    await connect(database_server.url(name), owner_url=database_server.owner_url(name))
    yield CleanDatabase(database_server, name)
    await disconnect()


@pytest_asyncio.fixture(loop_scope="session")
async def database(migrated_database: CleanDatabase) -> CleanDatabase:
    """An empty, migrated database for this test."""
    try:
        await migrated_database.empty()
    except asyncpg.LockNotAvailableError:
        pytest.fail("An earlier test left a transaction open, so the database cannot be cleaned.")
    return migrated_database


def _sweep() -> None:
    """Stop and delete what killed test runs have left behind; servers in use have other holders and stay."""
    for folder in Path(tempfile.gettempdir()).glob(f"{FOLDERS}*"):
        with suppress(OSError, Unavailable):
            if time.time() - folder.stat().st_mtime > A_WHILE:
                EmbeddedServer(folder, durable=False).start().erase()


async def _make_template(server: EmbeddedServer) -> None:
    if await _execute(server, f"SELECT 1 FROM pg_database WHERE datname = '{TEMPLATE}' AND datistemplate"):
        return
    await _execute(server, f"DROP DATABASE IF EXISTS {TEMPLATE}")
    await _execute(server, f"CREATE DATABASE {TEMPLATE}")
    await connect(server.url(TEMPLATE), owner_url=server.owner_url(TEMPLATE))
    await migrate(_every_room())
    await disconnect()
    await _execute(server, f"ALTER DATABASE {TEMPLATE} IS_TEMPLATE true")


async def _execute(server: EmbeddedServer, statement: str) -> object:
    connection = await _open(server, "postgres")
    try:
        return await connection.fetchval(statement)
    finally:
        await connection.close()


async def _open(server: EmbeddedServer, name: str) -> "asyncpg.Connection[asyncpg.Record]":
    url = server.owner_url(name)
    return await asyncpg.connect(
        user=url.username, password=url.password, database=name, host=str(url.query["host"]), port=5432
    )
