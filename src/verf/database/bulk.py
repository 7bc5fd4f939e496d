"""Many rows at once: COPY into a temporary table, then one statement that writes only what differs."""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from operator import itemgetter
from typing import Any, NamedTuple

from sqlalchemy import Column
from sqlalchemy.ext.asyncio import AsyncSession

from verf.database.moves import DIALECT, NEW_ID, OWN_ORGANISATION, TENANT, Move, delta, postgres_type
from verf.database.records import Table


class Moved(NamedTuple):
    """A row that `upsert` wrote: its key, and its `changed` columns before (None: the row is new) and after."""

    key: tuple[Any, ...]
    before: tuple[Any, ...] | None
    after: tuple[Any, ...]


@dataclass(frozen=True, kw_only=True)
class History:
    """Where each move is recorded, in the same statement.

    Columns of `record` that have the name of a written column receive its new value, `<name>_before` the old one,
    `values` are the same for all rows (the moment, the run).
    """

    record: type[Table]
    values: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Absent:
    """The rows are a COMPLETE snapshot of `scope`: a row of it that they do not mention gets `values`."""

    scope: Mapping[str, Any]
    values: Mapping[str, Any]


async def upsert(
    session: AsyncSession,
    record: type[Table],
    rows: Sequence[tuple[Any, ...]],
    *,
    columns: Sequence[str],
    by: Sequence[str],
    changed: Sequence[str],
    history: History | None = None,
    absent: Absent | None = None,
) -> list[Moved]:
    """Insert the new, rewrite those whose `changed` columns differ, leave the rest untouched; return what moved.

    `by` is the key, none of it null; of two rows with one key the last counts. The organisation is filled in from the
    transaction when `columns` do not name it, and an id when the record has one. Writers of one table and organisation
    queue. Rows of the session that were loaded before keep their old values.
    """
    if not rows and not absent:
        return []
    wanted = _Wanted(columns, by, changed, history, absent or Absent(scope={}, values={}))
    _refuse_unusable(record, wanted)
    move, parameters = _plan(record, wanted, len(rows), role=session.info.get("role", "app"))
    await session.flush()
    connection = await session.connection()
    await connection.exec_driver_sql(move.make_incoming())
    driver: Any = (await connection.get_raw_connection()).driver_connection
    await driver.execute(_prepare(move, session))
    await driver.copy_records_to_table(move.incoming, records=_last_of_each(record, rows, columns, by))
    return _moved(await driver.fetch(delta(move), *parameters), len(by), len(changed))


class _Wanted(NamedTuple):
    columns: Sequence[str]
    by: Sequence[str]
    changed: Sequence[str]
    history: History | None
    absent: Absent


def _refuse_unusable(record: type[Table], wanted: _Wanted) -> None:
    columns, by, changed, _, absent = wanted
    if not by or not changed or set(by) & set(changed):
        raise ValueError("`by` and `changed` each name columns, and never the same.")
    strangers = [name for name in (*by, *changed, *absent.values) if name not in columns]
    if strangers:
        raise ValueError(f"{strangers} are not among the columns {list(columns)}.")
    nullable = [name for name in by if _column(record, name).nullable]
    if nullable:
        raise ValueError(f"{nullable} may be null, and null is equal to nothing, so they cannot be a key.")
    if bool(absent.scope) != bool(absent.values):
        raise ValueError("`absent` says which scope is complete, and what its missing rows become.")


def _plan(record: type[Table], wanted: _Wanted, count: int, *, role: str) -> tuple[Move, list[Any]]:
    columns, by, changed, history, absent = wanted
    table = record.__table__.columns
    parameters: list[Any] = []

    def parameter(of: type[Table], name: str, value: Any) -> str:
        parameters.append(_written(_column(of, name))(value))
        return f"${len(parameters)}::{postgres_type(_column(of, name))}"

    fills_tenant = TENANT in table and TENANT not in columns
    move = Move(
        role=role,
        target=str(record.__table__),
        types={name: postgres_type(_column(record, name)) for name in columns},
        count=count,
        by=by,
        changed=changed,
        makes_id="id" in table and "id" not in columns,
        fills_tenant=fills_tenant,
        history=str(history.record.__table__) if history else None,
        history_columns=_recorded(history, wanted, fills_tenant, parameter) if history else {},
        absent_scope={name: parameter(record, name, value) for name, value in absent.scope.items()},
        absent_values={name: parameter(record, name, value) for name, value in absent.values.items()},
    )
    return move, parameters


def _recorded(
    history: History, wanted: _Wanted, fills_tenant: bool, parameter: Callable[[type[Table], str, Any], str]
) -> dict[str, str]:
    table = history.record.__table__.columns
    expressions = {name: f'moved."{name}"' for name in wanted.columns if name in table and name != "id"}
    before = {f"{name}_before": f'moved."before_{name}"' for name in wanted.changed}
    expressions |= {name: value for name, value in before.items() if name in table}
    expressions |= {name: parameter(history.record, name, value) for name, value in history.values.items()}
    if "id" in table and "id" not in expressions:
        expressions["id"] = NEW_ID
    if fills_tenant and TENANT in table:
        expressions[TENANT] = OWN_ORGANISATION
    return expressions


def _prepare(move: Move, session: AsyncSession) -> str:
    """Wait for other writers of the same rows, and empty the table if this transaction has used it already."""
    name = f"{move.target} {session.info.get('organisation', '')}"
    lock = int.from_bytes(hashlib.blake2b(name.encode(), digest_size=8).digest(), "big", signed=True)
    used: set[str] = session.info.setdefault("incoming", set())
    emptied = f"; TRUNCATE {move.incoming}" if move.incoming in used else ""
    used.add(move.incoming)
    return f"SELECT pg_advisory_xact_lock({lock}){emptied}"


def _last_of_each(
    record: type[Table], rows: Sequence[tuple[Any, ...]], columns: Sequence[str], by: Sequence[str]
) -> list[tuple[Any, ...]]:
    key = itemgetter(*(columns.index(name) for name in by))
    unique = list({key(row): row for row in rows}.values())
    writers = [_written(_column(record, name)) for name in columns]
    if all(writer is _as_is for writer in writers):
        return unique
    return [tuple(writer(value) for writer, value in zip(writers, row, strict=True)) for row in unique]


def _column(record: type[Table], name: str) -> Any:
    return record.__table__.columns[name]


def _written(column: Column[Any]) -> Callable[[Any], Any]:
    """How the driver wants values of this column; most as they are."""
    processor = column.type.dialect_impl(DIALECT).bind_processor(DIALECT)
    return processor or _as_is


def _as_is(value: Any) -> Any:
    return value


def _moved(found: Sequence[Any], keys: int, values: int) -> list[Moved]:
    return [
        Moved(
            key=row[:keys],
            before=None if row[keys] else row[keys + 1 : keys + 1 + values],
            after=row[keys + 1 + values :],
        )
        for row in map(tuple, found)
    ]
