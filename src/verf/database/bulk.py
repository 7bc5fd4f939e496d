"""Many rows at once."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from sqlalchemy.ext.asyncio import AsyncSession

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
    """The rows are a COMPLETE snapshot of `scope`: what they do not mention becomes `values`."""

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
    raise NotImplementedError
