"""Bring the database to the newest revision of every room: once, however many processes start together."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import URL, Connection, NullPool, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection, create_async_engine

from verf.database.connections import connected
from verf.database.records import Table
from verf.database.roles import allow_login, make_roles, open_schema
from verf.errors import Unavailable
from verf.manifest import Room
from verf.telemetry import log

ONE_AT_A_TIME = 0x76657266  # "verf"
HERE = Path(__file__).parent
LOCK_NOT_AVAILABLE = "55P03"
TRIES = 5
# Every room may use the extensions and functions of the database's own revisions without depending on them.
GOALS = ("database@head", "heads")


class CyrillicNotSearchable(Unavailable):
    """The database was made with a locale in which pg_trgm does not see Cyrillic letters."""


async def migrate(rooms: Sequence[Room]) -> list[str]:
    """Apply what is missing, each revision in its own transaction; return the revisions applied. Fast when none is."""
    scripts = _scripts(rooms)
    async with owner_connection() as connection:
        if not await connection.run_sync(_missing, scripts):
            await _check_cyrillic(connection)
            return []
        await connection.rollback()
        async with _alone(connection):
            return await _apply(connection, scripts, [room.name for room in _migrating(rooms)])


async def pending(rooms: Sequence[Room]) -> list[str]:
    """Revisions this code brings and the database lacks. A database newer than this code lacks nothing."""
    scripts = _scripts(rooms)
    async with owner_connection() as connection:
        try:
            return await connection.run_sync(_missing, scripts)
        except CommandError as error:
            log(__name__).info("the database is newer than this code", reason=str(error))
            return []


@asynccontextmanager
async def owner_connection() -> AsyncIterator[AsyncConnection]:
    """A connection as the owner of all tables, whom row-level security may not bind."""
    engine = create_async_engine(connected().addresses.owner, poolclass=NullPool)
    try:
        async with engine.connect() as connection:
            yield connection
    finally:
        await engine.dispose()


@asynccontextmanager
async def _alone(connection: AsyncConnection) -> AsyncIterator[None]:
    """The lock belongs to the session, since every revision commits; it falls with the connection."""
    await connection.execute(text(f"SELECT pg_advisory_lock({ONE_AT_A_TIME})"))
    await connection.commit()
    yield


async def _apply(connection: AsyncConnection, scripts: ScriptDirectory, rooms: list[str]) -> list[str]:
    await connection.execute(text("SET lock_timeout = '2s'"))
    await connection.execute(text("SET statement_timeout = '5s'"))
    await connection.run_sync(_prepare, ["database", *rooms], connected().addresses.app)
    await connection.commit()
    missing = await connection.run_sync(_missing, scripts)
    await connection.rollback()
    for attempt in range(1, TRIES + 1):
        try:
            await connection.run_sync(_upgrade, scripts)
            break
        except DBAPIError as error:
            await connection.rollback()
            if attempt == TRIES or getattr(error.orig, "sqlstate", "") != LOCK_NOT_AVAILABLE:
                raise
            # Waiting longer would make everybody queue behind us; trying again lets them pass.
            log(__name__).warning("a migration waits for a lock", attempt=attempt)
            await asyncio.sleep(attempt)
    await _check_cyrillic(connection)
    log(__name__).info("database migrated", revisions=missing)
    return missing


def _prepare(connection: Connection, rooms: list[str], app: URL) -> None:
    """Roles and schemas, so that a room's first revision can speak of its tables at once."""
    make_roles(connection)
    allow_login(connection, str(app.username or ""))
    for room in rooms:
        open_schema(connection, room)


def _upgrade(connection: Connection, scripts: ScriptDirectory) -> None:
    for goal in GOALS:
        # Alembic commits each revision only if it finds no transaction begun.
        connection.rollback()
        context = _context(connection, scripts, goal)
        with Operations.context(context):
            context.run_migrations()


def _missing(connection: Connection, scripts: ScriptDirectory) -> list[str]:
    """In the order in which they will be applied."""
    found: dict[str, None] = {}
    for goal in GOALS:
        context = _context(connection, scripts, goal)
        found |= dict.fromkeys(
            step.revision.revision for step in context.opts["fn"](context.get_current_heads(), context)
        )
    return list(found)


def _context(connection: Connection, scripts: ScriptDirectory, goal: str) -> MigrationContext:
    def missing(applied: Any, context: MigrationContext) -> Any:
        return scripts._upgrade_revs(goal, applied)  # noqa: SLF001 - what every Alembic env.py calls

    options = {"version_table_schema": "database", "transaction_per_migration": True, "fn": missing, "script": scripts}
    # Constraints that a revision leaves unnamed get the names that the models give them.
    options["target_metadata"] = Table.metadata
    return MigrationContext.configure(connection, opts=options)


def _scripts(rooms: Sequence[Room]) -> ScriptDirectory:
    folders = [HERE / "migrations", *(_folder(room) for room in _migrating(rooms))]
    return ScriptDirectory(str(HERE), version_locations=[str(folder) for folder in folders])


def _migrating(rooms: Sequence[Room]) -> list[Room]:
    return [room for room in rooms if room.name != "database" and _folder(room).is_dir()]


def _folder(room: Room) -> Path:
    found = find_spec(room.package)
    if not found or not found.origin:
        raise LookupError(f"The room {room.name} has no package {room.package}.")
    return Path(found.origin).parent / "migrations"


async def _check_cyrillic(connection: AsyncConnection) -> None:
    if not await connection.scalar(text("SELECT show_trgm('ёж') <> '{}'")):
        raise CyrillicNotSearchable(
            "The database cannot search Cyrillic text: it was made with the character type C. "
            "Make it again with LC_CTYPE 'C.UTF-8'."
        )
