"""What a request asks the database, seen from the driver's side, with its values: through SQLAlchemy or beside it."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Engine, event

from verf.database.lines import ears


@dataclass(frozen=True)
class Statement:
    text: str
    values: tuple[Any, ...]


@contextmanager
def noting_statements() -> Iterator[list[Statement]]:
    """Every statement of every engine in this process. BEGIN and COMMIT travel beside them and are not here."""
    noted: list[Statement] = []

    def note(connection: Any, cursor: Any, statement: str, values: Any, *rest: Any) -> None:
        noted.append(Statement(statement, tuple(values or ())))

    def hear(statement: str, values: tuple[Any, ...]) -> None:
        noted.append(Statement(statement, values))

    event.listen(Engine, "before_cursor_execute", note)
    ears.append(hear)
    try:
        yield noted
    finally:
        ears.remove(hear)
        event.remove(Engine, "before_cursor_execute", note)
