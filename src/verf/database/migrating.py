"""Bring the database to the newest revision of every room: once, however many processes start together."""

import time
from collections.abc import Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from alembic.autogenerate import compare_metadata
from alembic.operations import Operations
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection, NullPool, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import create_async_engine

from verf.database.connections import connected
from verf.database.migrations import ROLES
from verf.database.records import Table
from verf.errors import Unavailable
from verf.manifest import Room
from verf.telemetry import log

ONE_AT_A_TIME = 0x76657266  # "verf"
HERE = Path(__file__).parent
LOCK_NOT_AVAILABLE = "55P03"
TRIES = 5

ROLES_EXIST = """
DO $$ BEGIN
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'verf_system') THEN
        CREATE ROLE verf_system NOLOGIN NOBYPASSRLS;
    END IF;
    IF NOT EXISTS (SELECT FROM pg_roles WHERE rolname = 'verf_app') THEN
        CREATE ROLE verf_app NOLOGIN NOBYPASSRLS;
    END IF;
    IF NOT pg_has_role('verf_app', 'verf_system', 'SET') THEN
        GRANT verf_system TO verf_app WITH INHERIT FALSE, SET TRUE;
    END IF;
END $$
"""


class CyrillicNotSearchable(Unavailable):
    """The database was made with a locale in which pg_trgm does not see Cyrillic letters."""


async def migrate(rooms: Sequence[Room]) -> list[str]:
    """Apply what is missing, each revision in its own transaction; return the revisions applied. Fast when none is."""
    scripts = _scripts(rooms)
    engine = create_async_engine(connected().addresses.owner, poolclass=NullPool)
    try:
        async with engine.connect() as connection:
            return await connection.run_sync(_migrate, scripts, [room.name for room in _with_migrations(rooms)])
    finally:
        await engine.dispose()


async def drift(rooms: Sequence[Room]) -> list[Any]:
    """What the models of these rooms say and the migrated database does not, or the reverse. Empty when they agree."""
    names = {room.name for room in rooms if room.models}
    engine = create_async_engine(connected().addresses.owner, poolclass=NullPool)
    try:
        async with engine.connect() as connection:
            return await connection.run_sync(_drift, names)
    finally:
        await engine.dispose()


def _with_migrations(rooms: Sequence[Room]) -> list[Room]:
    return [room for room in rooms if room.name != "database" and _folder(room).is_dir()]


def _folder(room: Room) -> Path:
    found = find_spec(room.package)
    if not found or not found.origin:
        raise LookupError(f"The room {room.name} has no package {room.package}.")
    return Path(found.origin).parent / "migrations"


def _scripts(rooms: Sequence[Room]) -> ScriptDirectory:
    folders = [HERE / "migrations", *(_folder(room) for room in _with_migrations(rooms))]
    return ScriptDirectory(str(HERE), version_locations=[str(folder) for folder in folders])


def _context(connection: Connection, scripts: ScriptDirectory) -> MigrationContext:
    def missing(applied: Any, context: MigrationContext) -> Any:
        return scripts._upgrade_revs("heads", applied)  # noqa: SLF001 - what every Alembic env.py calls

    options = {"version_table_schema": "database", "transaction_per_migration": True, "fn": missing, "script": scripts}
    return MigrationContext.configure(connection, opts=options)


def _missing(context: MigrationContext, scripts: ScriptDirectory) -> list[str]:
    steps = context.opts["fn"](context.get_current_heads(), context)
    return [step.revision.revision for step in steps]


def _migrate(connection: Connection, scripts: ScriptDirectory, rooms: list[str]) -> list[str]:
    context = _context(connection, scripts)
    if not _missing(context, scripts):
        _check_cyrillic(connection)
        return []
    connection.rollback()
    connection.execute(text(f"SELECT pg_advisory_lock({ONE_AT_A_TIME})"))
    connection.commit()
    try:
        return _apply(connection, scripts, rooms)
    finally:
        connection.rollback()
        connection.execute(text(f"SELECT pg_advisory_unlock({ONE_AT_A_TIME})"))
        connection.commit()


def _apply(connection: Connection, scripts: ScriptDirectory, rooms: list[str]) -> list[str]:
    connection.execute(text("SET lock_timeout = '2s'"))
    connection.execute(text("SET statement_timeout = '5s'"))
    _prepare(connection, rooms)
    connection.commit()
    missing = _missing(_context(connection, scripts), scripts)
    connection.rollback()
    for attempt in range(1, TRIES + 1):
        context = _context(connection, scripts)
        connection.rollback()
        try:
            with Operations.context(context):
                context.run_migrations()
            break
        except DBAPIError as error:
            connection.rollback()
            if attempt == TRIES or getattr(error.orig, "sqlstate", "") != LOCK_NOT_AVAILABLE:
                raise
            log(__name__).warning("a migration waits for a lock", attempt=attempt)
            time.sleep(attempt)
    _check_cyrillic(connection)
    log(__name__).info("database migrated", revisions=missing)
    return missing


def _prepare(connection: Connection, rooms: list[str]) -> None:
    """Roles and schemas, so that a room's first revision can speak of its tables at once."""
    connection.execute(text(ROLES_EXIST))
    for room in ["database", *rooms]:
        connection.execute(text(f"CREATE SCHEMA IF NOT EXISTS {room}"))
        connection.execute(text(f"GRANT USAGE ON SCHEMA {room} TO {ROLES}"))
        privileges = f"ALTER DEFAULT PRIVILEGES IN SCHEMA {room} GRANT"
        connection.execute(text(f"{privileges} SELECT, INSERT, UPDATE, DELETE ON TABLES TO {ROLES}"))
        connection.execute(text(f"{privileges} USAGE, SELECT ON SEQUENCES TO {ROLES}"))


def _check_cyrillic(connection: Connection) -> None:
    if not connection.scalar(text("SELECT show_trgm('ёж') <> '{}'")):
        raise CyrillicNotSearchable(
            "The database cannot search Cyrillic text: it was made with the character type C. "
            "Make it again with LC_CTYPE 'C.UTF-8'."
        )


def _drift(connection: Connection, rooms: set[str]) -> list[Any]:
    def concerns(name: str | None, kind: str, parents: Any) -> bool:
        return name in rooms if kind == "schema" else True

    def ours(thing: Any, name: str | None, kind: str, reflected: bool, compared: Any) -> bool:
        return kind != "table" or thing.schema in rooms

    options = {
        "include_schemas": True,
        "include_name": concerns,
        "include_object": ours,
        "compare_type": True,
        "target_metadata": Table.metadata,
    }
    return list(compare_metadata(MigrationContext.configure(connection, opts=options), Table.metadata))
