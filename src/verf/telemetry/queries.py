"""How long the database takes, seen from here."""

import time
from typing import Any
from weakref import ref

from sqlalchemy import Engine, QueuePool, event

from verf.telemetry.metrics import gauge, histogram, on_scrape

KINDS = frozenset({"select", "insert", "update", "delete", "with", "copy", "set", "merge"})

_seconds = histogram("verf_database_query_seconds", "Time a statement took, by its first word.", ["statement"])
_connections = gauge("verf_database_connections", "Connections to the database.", ["pool", "state"])
_engines: dict[str, ref[Engine]] = {}


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
            _seconds.labels(_kind(statement)).observe(time.perf_counter() - started_at)


@on_scrape
async def count_connections() -> None:
    for name, engine in _engines.items():
        pool = getattr(engine(), "pool", None)
        if isinstance(pool, QueuePool):
            _connections.labels(name, "used").set(pool.checkedout())
            _connections.labels(name, "idle").set(pool.checkedin())


def _kind(statement: str) -> str:
    word = statement[:32].lstrip().partition(" ")[0].lower()
    return word if word in KINDS else "other"
