"""The statements of a bulk write: a temporary table for what comes in, and one statement for what differs."""

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, Dialect
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg

from verf.database.documents import to_json

DIALECT: Dialect = PGDialect_asyncpg(json_serializer=to_json)  # type: ignore[no-untyped-call]  # SQLAlchemy leaves it untyped
TENANT = "organisation_id"
OWN_ORGANISATION = "current_setting('verf.organisation')::uuid"
# A subquery is asked once; the setting by itself is read for each row of the table, longer than the row takes.
OF_ORGANISATION = f'existing."{TENANT}" = (SELECT {OWN_ORGANISATION})'
NEW_ID = "database.new_id()"


@dataclass(frozen=True)
class Move:
    """One upsert, spelled out: names of tables and columns, never values."""

    role: str
    target: str
    types: Mapping[str, str]  # of the columns that come in
    count: int
    by: Sequence[str]
    changed: Sequence[str]
    makes_id: bool
    fills_tenant: bool
    history: str | None
    history_columns: Mapping[str, str]  # column -> expression over `moved`
    absent_scope: Mapping[str, str]  # column -> parameter
    absent_values: Mapping[str, str]

    @property
    def incoming(self) -> str:
        """The temporary table's name tells its owner and columns: a connection keeps the tables it has made."""
        shape = f"{self.role} {self.target} {dict(self.types)}".encode()
        return f"incoming_{hashlib.blake2b(shape, digest_size=8).hexdigest()}"

    def make_incoming(self) -> str:
        columns = ", ".join(f'"{name}" {kind}' for name, kind in self.types.items())
        return f"CREATE TEMPORARY TABLE IF NOT EXISTS {self.incoming} ({columns}) ON COMMIT DELETE ROWS"


def postgres_type(column: Column[Any]) -> str:
    return str(column.type.compile(dialect=DIALECT))


def delta(move: Move) -> str:
    """Compare, write what differs, record it, and return it, seeing one state of the table throughout."""
    before, after = _list(move.changed, 'moved."before_{}"'), _list(move.changed, 'moved."{}"')
    return f"""
WITH moved AS MATERIALIZED ({_arrivals(move)}{_absences(move)}),
{_writes(move)}
SELECT {_list(move.by, 'moved."{}"')}, moved.is_new, {before}, {after} FROM moved
"""


def _arrivals(move: Move) -> str:
    unknown = f'existing."{move.by[0]}" IS NULL'
    differs = " OR ".join(f'existing."{name}" IS DISTINCT FROM incoming."{name}"' for name in move.changed)
    return f"""
    SELECT {_list(move.types, 'incoming."{}"')}, {_list(move.changed, 'existing."{0}" AS "before_{0}"')},
        {unknown} AS is_new
    FROM (SELECT * FROM {move.incoming} LIMIT {_at_most(move.count)}) AS incoming
    LEFT JOIN {move.target} AS existing ON {_same(move, "incoming")}
    WHERE {unknown} OR {differs}"""


def _absences(move: Move) -> str:
    if not move.absent_values:
        return ""
    becomes = {name: f'existing."{name}"' for name in move.types} | dict(move.absent_values)
    scope = [f'existing."{name}" = {value}' for name, value in move.absent_scope.items()]
    scope += [OF_ORGANISATION] if move.fills_tenant else []
    differs = " OR ".join(f'existing."{name}" IS DISTINCT FROM {value}' for name, value in move.absent_values.items())
    return f"""
    UNION ALL
    SELECT {", ".join(becomes.values())}, {_list(move.changed, 'existing."{}"')}, false FROM {move.target} AS existing
    WHERE {" AND ".join(scope)} AND ({differs})
        AND NOT EXISTS (SELECT FROM {move.incoming} AS incoming WHERE {_same(move, "incoming")})"""


def _writes(move: Move) -> str:
    values = [name for name in move.types if name not in move.by]
    inserted = {name: f'moved."{name}"' for name in move.types}
    inserted |= {"id": NEW_ID} if move.makes_id else {}
    inserted |= {TENANT: OWN_ORGANISATION} if move.fills_tenant else {}
    statements = [
        f"""updated AS (
    UPDATE {move.target} AS existing SET {_list(values, '"{0}" = moved."{0}"')} FROM moved
    WHERE NOT moved.is_new AND {_same(move, "moved")})""",
        f"inserted AS ({_insert(move.target, inserted)} WHERE moved.is_new)",
    ]
    if move.history:
        statements.append(f"recorded AS ({_insert(move.history, move.history_columns)})")
    return ",\n".join(statements)


def _insert(target: str, columns: Mapping[str, str]) -> str:
    return f"""
    INSERT INTO {target} ({_list(columns, '"{}"')}) SELECT {", ".join(columns.values())} FROM moved"""


def _same(move: Move, other: str) -> str:
    keys = [f'existing."{name}" = {other}."{name}"' for name in move.by]
    # Said in so many words, the planner uses the key's index; row-level security says it again.
    return " AND ".join(keys + ([OF_ORGANISATION] if move.fills_tenant else []))


def _at_most(count: int) -> int:
    """A bound that makes the planner expect about as many rows as there are.

    It knows nothing of a fresh temporary table, and keeps the plan of a statement without parameters: one made for
    50,000 rows scans the whole target for a single row. Each power of two has its own text, and so its own plan.
    """
    return 1 << count.bit_length()


def _list(names: Iterable[str], form: str) -> str:
    return ", ".join(form.format(name) for name in names)
