"""Put work into the queue, in the transaction of whatever made it necessary."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from verf.jobs.doorbell import ring_after
from verf.jobs.engine import engine_on
from verf.jobs.handlers import Handler, handlers_of
from verf.jobs.job import JobId
from verf.kit import now

CARRIED = ("request_id", "person", "organisation")


@dataclass(frozen=True)
class Entry:
    handler: Handler
    message: Any
    after: timedelta | None = None
    unless_queued: str | None = None
    one_at_a_time: str | None = None
    priority: int = 0


async def enqueue(
    session: AsyncSession,
    message: Any,
    *,
    at: datetime | None = None,
    after: timedelta | None = None,
    unless_queued: str | None = None,
    one_at_a_time: str | None = None,
    priority: int = 0,
) -> JobId | None:
    """Queue the message for its one handler; the job exists if and only if this transaction commits.

    `at` or `after` is by the house's clock. `unless_queued`: nothing is added, and None comes back, while a job with
    this key is queued or running. `one_at_a_time`: jobs with the same key never run together. Higher priority goes
    first.
    """
    delay = at - now() if at else after
    entry = Entry(handler_of(message), message, delay, unless_queued, one_at_a_time, priority)
    return (await add(session, [entry]))[0]


async def enqueue_all(session: AsyncSession, messages: Sequence[Any], *, priority: int = 0) -> list[JobId]:
    """Queue many messages with one statement."""
    added = await add(session, [Entry(handler_of(message), message, priority=priority) for message in messages])
    return [job for job in added if job is not None]


def handler_of(message: Any) -> Handler:
    handlers = handlers_of(type(message))
    if len(handlers) != 1:
        name = type(message).__name__
        raise LookupError(f"{name} has {len(handlers)} handlers, not one. Is its jobs module named in the manifest?")
    return handlers[0]


async def add(session: AsyncSession, entries: Sequence[Entry]) -> Sequence[JobId | None]:
    if not entries:
        return []
    context = carried_context()
    added = await engine_on(session).enqueue(
        entrypoint=[entry.handler.name for entry in entries],
        payload=[entry.handler.codec.dump_json(entry.message) for entry in entries],
        priority=[entry.priority for entry in entries],
        execute_after=[entry.after for entry in entries],
        dedupe_key=[entry.unless_queued for entry in entries],
        headers=[headers_of(entry, context) for entry in entries],
        on_conflict="skip",
    )
    ring_after(session)
    return [None if job is None else JobId(job) for job in added]


def carried_context() -> dict[str, str]:
    """Who asked for this and in which request, for the logs of the job."""
    context = structlog.contextvars.get_contextvars()
    return {name: str(context[name]) for name in CARRIED if context.get(name)}


def headers_of(entry: Entry, context: dict[str, str]) -> dict[str, str]:
    headers = dict(context)
    organisation = getattr(entry.message, "organisation", None)
    if organisation is not None:
        headers["organisation"] = str(organisation)
    if entry.one_at_a_time:
        headers["turn"] = entry.one_at_a_time
    return headers
