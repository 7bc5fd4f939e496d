"""The ears of a process: one connection listens for all its open pages."""

import asyncio
from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import datetime, timedelta
from types import TracebackType
from typing import Any, Self

import asyncpg

from verf.database import open_connection
from verf.errors import Unavailable
from verf.kit import now
from verf.realtime.events import Event, resync
from verf.realtime.publishing import CHANNEL, unframe
from verf.telemetry import log

FIRST_DELAY = timedelta(milliseconds=100)
LONGEST_DELAY = timedelta(seconds=5)
# A connection that was cut without a word is noticed by asking.
ASK_EVERY = timedelta(seconds=30)
ANSWER_WITHIN = timedelta(seconds=10)
LONGEST_QUEUE = 200
# A page that took longer to open its stream is told to read again.
REMEMBERED = timedelta(minutes=5)


Ear = Callable[[Event], None]
_ears: list[Ear] = []


def overhear(ear: Ear) -> None:
    """Call it with everything that is published while this process listens; with "resync" when some was missed.

    For memories that must be forgotten when something changes elsewhere. Add at import; it must not fail or wait.
    """
    _ears.append(ear)


def is_listening() -> bool:
    """Whether what is published just now would be heard. A worker without pages does not listen."""
    return _running is not None and _running.is_listening


class Subscription:
    """What one page listens to. A page that reads too slowly loses what waits and is told to read again."""

    def __init__(self, topics: Iterable[str]) -> None:
        self.topics = frozenset(topics)
        self._events: asyncio.Queue[Event | None] = asyncio.Queue(LONGEST_QUEUE)

    async def next(self) -> Event | None:
        """The next event; None when the hub closes."""
        return await self._events.get()

    def hear(self, event: Event | None) -> None:
        if self._events.full():
            self._forget()
            event = event and resync()
        self._events.put_nowait(event)

    def _forget(self) -> None:
        while not self._events.empty():
            self._events.get_nowait()


class Hub:
    """Started once per process that serves pages; `close()` ends every stream, so that the server can stop."""

    def __init__(self) -> None:
        self._by_topic: dict[str, set[Subscription]] = {}
        self._all: set[Subscription] = set()
        # When each topic was last heard of, the oldest first; nothing is known of before `_knows_since`.
        self._heard: dict[str, datetime] = {}
        self._knows_since = now()
        self._listening: asyncio.Task[None] | None = None
        self._ready = asyncio.Event()
        self.is_closed = False
        self.is_listening = False

    async def start(self) -> Self:
        global _running
        self._listening = asyncio.create_task(self._listen())
        await self._ready.wait()
        _running = self
        return self

    async def close(self) -> None:
        global _running
        self.end_streams()
        if _running is self:
            _running = None
        if self._listening:
            self._listening.cancel()
            with suppress(asyncio.CancelledError):
                await self._listening

    def end_streams(self) -> None:
        """Call it as soon as the process is asked to stop: a server waits for its open answers before it goes."""
        self.is_closed = True
        for subscription in self._all:
            subscription.hear(None)

    def subscribe(self, topics: Iterable[str]) -> Subscription:
        subscription = Subscription(topics)
        self._all.add(subscription)
        for topic in subscription.topics:
            self._by_topic.setdefault(topic, set()).add(subscription)
        if self.is_closed:
            subscription.hear(None)
        return subscription

    def unsubscribe(self, subscription: Subscription) -> None:
        self._all.discard(subscription)
        for topic in subscription.topics:
            listeners = self._by_topic.get(topic, set())
            listeners.discard(subscription)
            if not listeners:
                self._by_topic.pop(topic, None)

    def may_have_missed(self, topics: Iterable[str], since: datetime) -> bool:
        """Whether something came to these topics after that moment, or may have come unheard."""
        if since < max(self._knows_since, now() - REMEMBERED):
            return True
        return any(topic in self._heard and self._heard[topic] >= since for topic in topics)

    @property
    def listeners(self) -> int:
        return len(self._all)

    async def __aenter__(self) -> Self:
        return await self.start()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.close()

    async def _listen(self) -> None:
        delay = FIRST_DELAY
        while not self.is_closed:
            try:
                connection = await open_connection()
            except (OSError, asyncpg.PostgresError, Unavailable) as error:
                log(__name__).warning("The database does not answer; pages will not be live.", error=str(error))
                await asyncio.sleep(delay.total_seconds())
                delay = min(delay * 2, LONGEST_DELAY)
                continue
            delay = FIRST_DELAY
            await self._listen_on(connection)

    async def _listen_on(self, connection: "asyncpg.Connection[asyncpg.Record]") -> None:
        lost = asyncio.Event()
        connection.add_termination_listener(lambda _: lost.set())
        try:
            await connection.add_listener(CHANNEL, self._hear)
            self._knows_since = now()
            self._tell_all_to_resync()
            self.is_listening = True
            self._ready.set()
            while not lost.is_set():
                with suppress(TimeoutError):
                    await asyncio.wait_for(lost.wait(), ASK_EVERY.total_seconds())
                    continue
                await connection.execute("SELECT 1", timeout=ANSWER_WITHIN.total_seconds())
        except (OSError, TimeoutError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
            log(__name__).warning("The listening connection was lost.", error=str(error))
        finally:
            self.is_listening = False
            connection.terminate()

    def _hear(self, *notification: Any) -> None:
        for event in unframe(notification[-1]):
            self._remember(event.topic)
            for ear in _ears:
                ear(event)
            for subscription in self._by_topic.get(event.topic, ()):
                subscription.hear(event)

    def _remember(self, topic: str) -> None:
        at = now()
        self._heard.pop(topic, None)
        self._heard[topic] = at
        while self._heard[oldest := next(iter(self._heard))] < at - REMEMBERED:
            del self._heard[oldest]

    def _tell_all_to_resync(self) -> None:
        for ear in _ears:
            ear(resync())
        for subscription in self._all:
            subscription.hear(resync())


_running: Hub | None = None


def running_hub() -> Hub:
    if _running is None:
        raise Unavailable("Live updates are not running in this process.")
    return _running
