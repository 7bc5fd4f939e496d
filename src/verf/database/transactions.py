"""One request, one job step, one bot update: one transaction, opened and committed here and nowhere else."""

import inspect
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from asyncpg import InterfaceError as DriverError
from asyncpg import PostgresError
from sqlalchemy.exc import InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncSession

from verf.database.connections import connected
from verf.database.lines import Line, Lines
from verf.errors import Unavailable
from verf.telemetry import log

Callback = Callable[[], Awaitable[None] | None]

# As the driver takes them: every tenant's request runs one, and composing SQL costs more than the round trip.
ENTER_ORGANISATION = "SELECT set_config('verf.organisation', $1, true)"
ENTER_SYSTEM = "SET LOCAL ROLE verf_system"
NOTIFY = "SELECT pg_notify($1, payload) FROM unnest($2::text[]) payload"


class DatabaseUnreachable(Unavailable):
    """No connection could be had: the server is down, restarting, or all connections are taken."""


@dataclass
class _Scope:
    """Known to child tasks too, which must see when the transaction they were born in has ended."""

    outer: "_Scope | None"
    is_open: bool = True


_scope: ContextVar[_Scope | None] = ContextVar("transaction_scope", default=None)


def in_transaction() -> bool:
    """Whether this task has a transaction open, so that nobody waits for the outside world with one."""
    scope = _scope.get()
    while scope:
        if scope.is_open:
            return True
        scope = scope.outer
    return False


@contextmanager
def _scoped() -> Iterator[None]:
    scope = _Scope(outer=_scope.get())
    _scope.set(scope)
    try:
        yield
    finally:
        scope.is_open = False
        _scope.set(scope.outer)


@asynccontextmanager
async def transaction(organisation: UUID | None = None, system: str | None = None) -> AsyncIterator[AsyncSession]:
    """Commit on the way out, roll back on an exception. Nothing else ever commits.

    `organisation` opens the rows of that tenant; `system` says why all tenants' rows are needed, and is logged;
    with neither, tenant tables are empty and cannot be written.
    """
    if organisation and system:
        raise ValueError("A transaction acts for one organisation or for the system, not for both.")
    with _scoped():
        async with connected().sessions.begin() as session:
            await _enter(session, organisation, system)
            yield session
    await _run_callbacks(session.info)


@asynccontextmanager
async def transaction_on_line() -> AsyncIterator[Line]:
    """As `transaction()` without a scope, on the driver alone: for few statements that come by the hundred a second."""
    with _scoped():
        async with _line_of(connected().lines) as line, line.transaction():
            yield line
    await _run_callbacks(line.info)


def after_commit(session: AsyncSession | Line, callback: Callback) -> None:
    """Run the callback once this transaction has committed; never when it rolls back."""
    session.info.setdefault("after_commit", []).append(callback)


@asynccontextmanager
async def reading(organisation: UUID | None = None) -> AsyncIterator[Line]:
    """A line for one or two hot Core reads, each its own snapshot, perhaps from a replica a moment behind.

    One round trip per statement, and one more when the connection last read for someone else.
    """
    async with _line_of(connected().reader) as line:
        await line.act_for(str(organisation or ""))
        yield line


@asynccontextmanager
async def reading_primary() -> AsyncIterator[Line]:
    """A line for one hot Core read that must see what was just committed, without a scope; one round trip."""
    async with _line_of(connected().lines) as line:
        yield line


async def notify(channel: str, payloads: Sequence[str]) -> None:
    """Tell all who LISTEN, now and in one round trip. From within a transaction it is not part of that."""
    async with _line_of(connected().lines) as line:
        await line.ask(NOTIFY, channel, list(payloads))


@asynccontextmanager
async def _line_of(lines: Lines) -> AsyncIterator[Line]:
    with _said_plainly():
        line = await lines.take()
    try:
        yield line
    finally:
        lines.give_back(line)


@contextmanager
def _said_plainly() -> Iterator[None]:
    """Only while connecting: later nobody knows what was done."""
    try:
        yield
    except (OSError, PoolTimeout, InterfaceError, OperationalError, PostgresError, DriverError) as error:
        log(__name__).warning("the database cannot be reached", reason=str(error))
        raise DatabaseUnreachable("The database cannot be reached just now. Please try again in a moment.") from error


async def _enter(session: AsyncSession, organisation: UUID | None, system: str | None) -> None:
    with _said_plainly():
        connection = await session.connection()
    if organisation:
        session.info["organisation"] = organisation
        await connection.exec_driver_sql(ENTER_ORGANISATION, (str(organisation),))
    if system:
        log(__name__).info("system scope", why=system)
        session.info["role"] = "system"
        await connection.exec_driver_sql(ENTER_SYSTEM)


async def _run_callbacks(info: dict[Any, Any]) -> None:
    for callback in info.pop("after_commit", ()):
        try:
            result = callback()
            if inspect.isawaitable(result):
                await result
        except Exception:  # noqa: BLE001 - the transaction is committed: telling its caller that it failed would be a lie
            log(__name__).exception("a callback after commit failed")
