"""Do the models and the migrated database say the same? For tests; migrations are written by hand."""

from collections.abc import Collection, Sequence
from typing import Any

from alembic.autogenerate import compare_metadata
from alembic.runtime.migration import MigrationContext
from sqlalchemy import Connection, Constraint, Index, text
from sqlalchemy import Table as SchemaTable

from verf.database.migrating import owner_connection
from verf.database.records import Table
from verf.manifest import Room

UNGUARDED = """
SELECT n.nspname || '.' || c.relname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p') AND n.nspname = ANY (:schemas) AND NOT (
    EXISTS (SELECT FROM pg_attribute WHERE attrelid = c.oid AND attname = 'organisation_id' AND attnotnull)
    AND c.relrowsecurity AND c.relforcerowsecurity
    AND EXISTS (SELECT FROM pg_policy WHERE polrelid = c.oid))
ORDER BY 1
"""


async def drift(rooms: Sequence[Room], *, of_libraries: Collection[str] = ()) -> list[str]:
    """What the models of these rooms say and the database does not, or the reverse. Empty when they agree.

    `of_libraries` are tables like "jobs.queue" which a library's own statements made. References from
    organisation_id to the organisation live in the database only, for models of lower rooms cannot name it.
    """
    async with owner_connection() as connection:
        schemas = {room.name for room in rooms if room.models}
        return await connection.run_sync(_differences, schemas, frozenset(of_libraries))


async def unguarded_tables(rooms: Sequence[Room]) -> list[str]:
    """Tables whose rows are not bound to an organisation by the database itself."""
    async with owner_connection() as connection:
        schemas = ["database", *(room.name for room in rooms)]
        return list((await connection.execute(text(UNGUARDED), {"schemas": schemas})).scalars())


def _differences(connection: Connection, schemas: set[str], of_libraries: frozenset[str]) -> list[str]:
    def concerns(name: str | None, kind: str, parents: Any) -> bool:
        return kind != "schema" or name in schemas

    def ours(thing: Any, name: str | None, kind: str, reflected: bool, compared: Any) -> bool:
        if kind == "foreign_key_constraint" and reflected and compared is None:
            return [column.name for column in thing.columns] != ["organisation_id"]
        return kind != "table" or (thing.schema in schemas and str(thing) not in of_libraries)

    options = {"include_schemas": True, "include_name": concerns, "include_object": ours, "compare_type": True}
    found = compare_metadata(MigrationContext.configure(connection, opts=options), Table.metadata)
    return [told for difference in found for told in _told(difference)]


def _told(difference: Any) -> list[str]:
    """One line each, like `add_column jobs runs Column(...)`; changes of a column come as lists."""
    if isinstance(difference, list):
        return [told for change in difference for told in _told(change)]
    verb, *things = difference
    return [" ".join([str(verb), *(_name(thing) for thing in things if thing is not None)])]


def _name(thing: Any) -> str:
    if isinstance(thing, SchemaTable):
        return str(thing)
    return f"{thing.table}: {thing!r}" if isinstance(thing, Index | Constraint) else repr(thing)
