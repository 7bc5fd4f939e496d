"""Connections of the driver itself, for the few statements that every request sends.

SQLAlchemy's own way costs more than such a statement takes. Core selects are composed once, here only sent.
"""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from contextvars import Context
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import asyncpg
from sqlalchemy import URL, Enum, Executable, TypeDecorator
from sqlalchemy.dialects.postgresql.asyncpg import PGCompiler_asyncpg
from sqlalchemy.exc import DBAPIError

from verf.database.addresses import asyncpg_arguments
from verf.database.documents import from_json
from verf.database.moves import DIALECT
from verf.telemetry import observe_query, watch_connections

READ_AS_ORGANISATION = "SELECT set_config('verf.organisation', $1, false)"

# Seconds for a connection to end as it should.
FAREWELL = 2.0

Rows = list[asyncpg.Record]
Ear = Callable[[str, tuple[Any, ...]], None]
# See noting.py.
ears: list[Ear] = []


@dataclass(frozen=True)
class Composed:
    text: str
    names: tuple[str, ...]
    given: Mapping[str, Any]
    # Of the few whose type is written differently, such as documents.
    writers: Mapping[str, Callable[[Any], Any]]

    def values(self, wanted: Mapping[str, Any] | None) -> tuple[Any, ...]:
        found = {**self.given, **wanted} if wanted else self.given
        if self.writers:
            found = {**found, **{name: write(found[name]) for name, write in self.writers.items()}}
        return tuple([found[name] for name in self.names])


@lru_cache(maxsize=512)
def composed(statement: Executable) -> Composed:
    """By identity: keep the statement where it is made, and give its values apart."""
    compiled = statement.compile(dialect=DIALECT)  # type: ignore[attr-defined]
    assert isinstance(compiled, PGCompiler_asyncpg)
    kinds = [each.type for each in compiled.binds.values()]
    kinds += [column.type for column in getattr(statement, "selected_columns", ())]
    if compiled.post_compile_params or any(isinstance(kind, TypeDecorator | Enum) for kind in kinds):
        raise TypeError("The driver takes and gives its own types only; ask with a session.")
    written = {
        name: bind.type.dialect_impl(DIALECT).bind_processor(DIALECT) for bind, name in compiled.bind_names.items()
    }
    writers = {name: write for name, write in written.items() if write}
    return Composed(str(compiled), tuple(compiled.positiontup or ()), compiled.params, writers)


class Line:
    """One connection. A statement is a transaction of its own, in one round trip."""

    def __init__(self, driver: "asyncpg.Connection[asyncpg.Record]") -> None:
        self.driver = driver
        self.organisation = ""
        self.info: dict[Any, Any] = {}
        self._is_cut_off = False

    @property
    def is_good(self) -> bool:
        return not self._is_cut_off and not self.driver.is_closed()

    async def execute(self, statement: Executable, values: Mapping[str, Any] | None = None) -> Rows:
        """The rows of a Core statement; its columns by place or by name: row[0], row["id"]."""
        ready = composed(statement)
        return await self.ask(ready.text, *ready.values(values))

    async def scalar(self, statement: Executable, values: Mapping[str, Any] | None = None) -> Any:
        """The first column of the first row; None when there is none."""
        rows = await self.execute(statement, values)
        return rows[0][0] if rows else None

    async def scalars(self, statement: Executable, values: Mapping[str, Any] | None = None) -> list[Any]:
        """The first column of every row."""
        return [row[0] for row in await self.execute(statement, values)]

    async def act_for(self, organisation: str) -> None:
        if self.organisation != organisation:
            await self.ask(READ_AS_ORGANISATION, organisation)
            self.organisation = organisation

    @asynccontextmanager
    async def transaction(self) -> AsyncIterator[None]:
        """All statements inside, or none. Raises DBAPIError when the commit fails."""
        await self._say("BEGIN")
        try:
            yield
        except BaseException:
            self.info.clear()
            # Where nobody knows what was said last, the line is closed, and with it the transaction.
            if self.is_good:
                await self._say("ROLLBACK")
            raise
        await self._say("COMMIT")

    async def _say(self, word: str) -> None:
        try:
            if await self.driver.execute(word) == word:
                return
        except asyncpg.PostgresError as error:
            raise DBAPIError(word, None, error) from error
        except BaseException:
            self._is_cut_off = True
            raise
        raise DBAPIError(word, None, RuntimeError("A statement of this transaction had failed."))

    async def ask(self, statement: str, *values: Any) -> Rows:
        """As the driver takes it, with $1, $2 …; raises SQLAlchemy's DBAPIError around that of the driver."""
        for ear in ears:
            ear(statement, values)
        started = time.perf_counter()
        try:
            rows: Rows = await self.driver.fetch(statement, *values)
        except asyncpg.PostgresError as error:
            raise DBAPIError(statement, None, error, hide_parameters=True) from error
        except asyncpg.InterfaceError as error:
            self._is_cut_off = True
            raise DBAPIError(statement, None, error, hide_parameters=True) from error
        except BaseException:
            self._is_cut_off = True
            raise
        else:
            return rows
        finally:
            observe_query(statement, time.perf_counter() - started)

    async def hang_up(self) -> None:
        """Politely: the server is told to stop what it does, and would otherwise go on with it, holding its locks."""
        try:
            await self.driver.close(timeout=FAREWELL)
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError):
            self.driver.terminate()


class Lines:
    """At most so many connections, opened when they are needed; who comes later waits, the longest first."""

    def __init__(self, url: URL, *, name: str, settings: dict[str, str], most: int, patience: float) -> None:
        self._arguments = asyncpg_arguments(url) | {"server_settings": settings}
        self._patience = patience
        self._places = asyncio.Semaphore(most)
        self._free: list[Line] = []
        self._leaving: set[asyncio.Task[None]] = set()
        self._used = 0
        watch_connections(name, self._counted)

    async def take(self) -> Line:
        """Raises OSError, TimeoutError or asyncpg's errors when none can be had. Give it back in any case."""
        if self._places.locked():
            async with asyncio.timeout(self._patience):
                await self._places.acquire()
        else:
            await self._places.acquire()
        try:
            line = self._open_one() or await self._connect()
        except BaseException:
            self._places.release()
            raise
        self._used += 1
        return line

    def give_back(self, line: Line) -> None:
        self._used -= 1
        if line.is_good:
            self._free.append(line)
        elif not line.driver.is_closed():
            leaving = asyncio.get_running_loop().create_task(line.hang_up(), context=Context())
            self._leaving.add(leaving)
            leaving.add_done_callback(self._leaving.discard)
        self._places.release()

    async def close(self) -> None:
        await asyncio.gather(*self._leaving, *(line.hang_up() for line in self._free))
        self._free.clear()

    def _open_one(self) -> Line | None:
        """The one that was used last; those that the server has closed are passed over."""
        while self._free:
            line = self._free.pop()
            if line.is_good:
                return line
        return None

    async def _connect(self) -> Line:
        driver = await asyncpg.connect(**self._arguments)
        for kind in ("json", "jsonb"):
            # As with SQLAlchemy's: documents go in as text.
            await driver.set_type_codec(kind, schema="pg_catalog", encoder=str, decoder=from_json)
        return Line(driver)

    def _counted(self) -> tuple[int, int]:
        return self._used, len(self._free)
