"""How long the database takes, seen from here."""

import time
from collections.abc import Callable
from functools import lru_cache
from typing import Any
from weakref import ref

from sqlalchemy import Engine, QueuePool, event

from verf.telemetry.metrics import gauge, histogram, on_scrape

KINDS = frozenset({"select", "insert", "update", "delete", "with", "copy", "set", "merge"})

_seconds = histogram("verf_database_query_seconds", "Time a statement took, by its first word.", ["statement"])
_connections = gauge("verf_database_connections", "Connections to the database.", ["pool", "state"])
_engines: dict[str, ref[Engine]] = {}
_counts: dict[str, Callable[[], tuple[int, int]]] = {}


def watch_queries(engine: Engine, *, pool: str) -> None:
    """Time every statement of this engine and count its connections; for an AsyncEngine give its sync_engine."""
    _engines[pool] = ref(engine)

    @event.listens_for(engine, "before_cursor_execute")
    def started(connection: Any, *call: Any) -> None:
        connection.info["verf_started"] = time.perf_counter()

    @event.listens_for(engine, "after_cursor_execute")
    def finished(connection: Any, cursor: Any, statement: str, *call: Any) -> None:
        started_at = connection.info.pop("verf_started", None)
        if started_at is not None:
            observe_query(statement, time.perf_counter() - started_at)


def observe_query(statement: str, seconds: float) -> None:
    """For statements that no engine sends."""
    _of_kind(_kind(statement)).observe(seconds)


def watch_connections(pool: str, counts: Callable[[], tuple[int, int]]) -> None:
    """Count connections that belong to no engine; `counts` says how many are used and how many are idle."""
    _counts[pool] = counts


@on_scrape
async def count_connections() -> None:
    for name, engine in _engines.items():
        pool = getattr(engine(), "pool", None)
        if isinstance(pool, QueuePool):
            _connections.labels(name, "used").set(pool.checkedout())
            _connections.labels(name, "idle").set(pool.checkedin())
    for name, counts in _counts.items():
        used, idle = counts()
        _connections.labels(name, "used").set(used)
        _connections.labels(name, "idle").set(idle)


def _kind(statement: str) -> str:
    word = statement[:32].lstrip().partition(" ")[0].lower()
    return word if word in KINDS else "other"


_of_kind = lru_cache(maxsize=len(KINDS) + 1)(_seconds.labels)
