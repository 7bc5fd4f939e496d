"""How long the database takes, seen from here."""

import time
from typing import Any

from sqlalchemy import Engine, event

from verf.telemetry.metrics import histogram

KINDS = frozenset({"select", "insert", "update", "delete", "with", "copy", "set", "merge"})

_seconds = histogram("verf_database_query_seconds", "Time a statement took, by its first word.", ["statement"])


def watch_queries(engine: Engine) -> None:
    """Time every statement of this engine; for an AsyncEngine give its sync_engine."""

    @event.listens_for(engine, "before_cursor_execute")
    def started(connection: Any, *call: Any) -> None:
        connection.info["verf_started"] = time.perf_counter()

    @event.listens_for(engine, "after_cursor_execute")
    def finished(connection: Any, cursor: Any, statement: str, *call: Any) -> None:
        started_at = connection.info.pop("verf_started", None)
        if started_at is not None:
            _seconds.labels(_kind(statement)).observe(time.perf_counter() - started_at)


def _kind(statement: str) -> str:
    word = statement[:32].lstrip().partition(" ")[0].lower()
    return word if word in KINDS else "other"
