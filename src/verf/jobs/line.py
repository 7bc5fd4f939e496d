"""The worker's own line to the database, outside the pool: one connection to ask, one to listen.

It mends itself: when PostgreSQL restarts, a statement waits until it answers again, and the listeners are told to
look at the queue. Every statement of the engine may be sent twice without harm.
"""

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any, Self

import asyncpg
from pgqueuer.ports.driver import NotifyCallback

from verf.database import open_connection
from verf.errors import Unavailable
from verf.jobs.doorbell import change_event
from verf.jobs.engine import StatementDriver
from verf.telemetry import log

FIRST_DELAY = timedelta(milliseconds=100)
LONGEST_DELAY = timedelta(seconds=5)
KNOCK_PAUSE = timedelta(milliseconds=1)
LOST = (
    OSError,
    TimeoutError,
    Unavailable,
    asyncpg.InterfaceError,
    asyncpg.InternalClientError,
    asyncpg.PostgresConnectionError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.CannotConnectNowError,
    asyncpg.TooManyConnectionsError,
)


class LineClosed(ConnectionError):
    """The worker has stopped; nothing more is sent."""


class Line(StatementDriver):
    def __init__(self) -> None:
        self._asking: asyncpg.Connection | None = None
        self._listening: asyncpg.Connection | None = None
        self._callbacks: dict[str, NotifyCallback] = {}
        self._lock = asyncio.Lock()
        self._mending: asyncio.Task[None] | None = None
        self._knocking: asyncio.TimerHandle | None = None
        self._is_closed = False
        self.mended_at: float | None = None

    async def fetch(self, query: str, *args: object) -> list[dict[str, object]]:
        return [dict(row) for row in await self._ask(lambda connection: connection.fetch(query, *args))]

    async def execute(self, query: str, *args: object) -> str:
        return str(await self._ask(lambda connection: connection.execute(query, *args)))

    async def add_listener(self, channel: str, callback: NotifyCallback) -> None:
        """One listener per channel; a later one takes its place."""
        self._callbacks[channel] = callback
        if self._listening is None:
            await self._listen()

    def knock(self) -> None:
        """Tell the listeners to look at the queue; many knocks of one moment are one."""
        if self._knocking is None and not self._is_closed:
            self._knocking = asyncio.get_running_loop().call_later(KNOCK_PAUSE.total_seconds(), self._look)

    def give_up(self) -> None:
        """From now on a lost line stays lost, so that stopping does not wait for a database that is gone."""
        self._is_closed = True

    async def close(self) -> None:
        self._is_closed = True
        if self._mending:
            self._mending.cancel()
        for connection in (self._asking, self._listening):
            if connection and not connection.is_closed():
                with suppress(*LOST):
                    await connection.close(timeout=1)

    async def __aexit__(self, *error: object) -> None:
        """The engine leaves its driver before it writes its last lines; `close` is for the worker to call."""

    async def _ask(self, ask: Callable[["asyncpg.Connection"], Awaitable[Any]]) -> Any:
        async with self._lock:
            while True:
                if self._asking is None or self._asking.is_closed():
                    self._asking = await self._open()
                try:
                    return await ask(self._asking)
                except LOST as error:
                    if self._is_closed:
                        raise
                    log(__name__).warning("The worker lost its line to the database.", error=str(error))
                    self._asking.terminate()
                    self.mended_at = asyncio.get_running_loop().time()

    async def _open(self) -> "asyncpg.Connection":
        delay = FIRST_DELAY
        while not self._is_closed:
            with suppress(*LOST):
                return await open_connection()
            await asyncio.sleep(delay.total_seconds())
            delay = min(delay * 2, LONGEST_DELAY)
        raise LineClosed("The worker has stopped.")

    async def _listen(self) -> None:
        connection = await self._open()
        connection.add_termination_listener(self._mend)
        for channel in self._callbacks:
            await connection.add_listener(channel, self._hear)
        self._listening = connection

    def _hear(self, *notification: Any) -> None:
        *_, channel, payload = notification
        self._callbacks[channel](payload)

    def _mend(self, *_: Any) -> None:
        if not self._is_closed:
            self._mending = asyncio.get_running_loop().create_task(self._listen_again())

    async def _listen_again(self) -> None:
        try:
            await self._listen()
        except LOST:
            self._mend()
            return
        self._look()

    def _look(self) -> None:
        self._knocking = None
        for callback in self._callbacks.values():
            callback(change_event())

    async def __aenter__(self) -> Self:
        return self
