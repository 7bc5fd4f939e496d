"""Send events after the commit, many in one NOTIFY.

A NOTIFY inside a business transaction makes all commits of the database wait for each other (a third of the
throughput, measured); one batch per process every few milliseconds costs nothing that can be measured.
"""

import asyncio
import contextvars
from collections.abc import Iterator, Sequence
from datetime import timedelta
from functools import partial
from itertools import count
from typing import Any

import orjson
from sqlalchemy.ext.asyncio import AsyncSession

from verf.database import after_commit, notify
from verf.realtime.events import Event
from verf.telemetry import log

CHANNEL = "verf_realtime"
PAUSE = timedelta(milliseconds=5)
# PostgreSQL takes 7,999 bytes; the rest is for the frame.
LONGEST_PAYLOAD = 7_900
LONGEST_EVENT = 7_000

_waiting: list[bytes] = []
_sending: asyncio.Task[None] | None = None
_numbers = count(1)


async def publish(session: AsyncSession, topic: str, name: str = "changed", data: dict[str, Any] | None = None) -> None:
    """Tell those who listen to the topic, once this transaction has committed; a rollback tells nobody."""
    event = orjson.dumps([topic, name, data or {}])
    if len(event) > LONGEST_EVENT:
        raise ValueError(f"An event of {len(event)} bytes does not fit: send ids and let the page read the rest.")
    after_commit(session, partial(send_soon, event))


def send_soon(event: bytes) -> None:
    global _sending
    _waiting.append(event)
    if _sending is None or _sending.done() or _sending.get_loop() is not asyncio.get_running_loop():
        # A fresh context: sending belongs to no request or transaction.
        _sending = asyncio.get_running_loop().create_task(_send_until_quiet(), context=contextvars.Context())


async def _send_until_quiet() -> None:
    while _waiting:
        batch, _waiting[:] = list(_waiting), []
        try:
            await notify(CHANNEL, list(payloads(batch)))
        except Exception:  # noqa: BLE001 - listeners read again when their own connection returns
            log(__name__).warning("Events could not be sent.", events=len(batch), exc_info=True)
        await asyncio.sleep(PAUSE.total_seconds())


def payloads(events: Sequence[bytes]) -> Iterator[str]:
    """As few payloads as fit. Each has a number of its own, since PostgreSQL drops a repeated payload."""
    part: list[bytes] = []
    size = 0
    for event in events:
        if part and size + len(event) + 1 > LONGEST_PAYLOAD - 32:
            yield frame(part)
            part, size = [], 0
        part.append(event)
        size += len(event) + 1
    if part:
        yield frame(part)


def frame(events: Sequence[bytes]) -> str:
    return f"[{next(_numbers)},{b','.join(events).decode()}]"


def unframe(payload: str) -> list[Event]:
    return [Event(topic, name, data) for topic, name, data in orjson.loads(payload)[1:]]
