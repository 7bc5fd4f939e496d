"""For those who count statements: tests and benchmarks."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import Engine, event

from verf.database.lines import ears


@contextmanager
def noted_statements() -> Iterator[list[str]]:
    """Every statement that this process sends to PostgreSQL meanwhile, in its order."""
    noted: list[str] = []

    def note(_connection: object, _cursor: object, statement: str, *_more: object) -> None:
        noted.append(statement)

    def hear(statement: str, _values: object) -> None:
        noted.append(statement)

    event.listen(Engine, "before_cursor_execute", note)
    ears.append(hear)
    try:
        yield noted
    finally:
        event.remove(Engine, "before_cursor_execute", note)
        ears.remove(hear)
