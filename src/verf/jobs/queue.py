"""Put work into the queue, in the transaction of whatever made it necessary."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy.ext.asyncio import AsyncSession

from verf.database import Line
from verf.jobs.doorbell import ring_after
from verf.jobs.engine import engine_on
from verf.jobs.handlers import Handler, handlers_of
from verf.jobs.job import JobId
from verf.kit import now

CARRIED = ("request_id", "person", "organisation")


def carried_context() -> dict[str, str]:
    """Who asked for this and in which request, for the logs of the job."""
    context = structlog.contextvars.get_contextvars()
    return {name: str(context[name]) for name in CARRIED if context.get(name)}


@dataclass(frozen=True)
class Entry:
    """A message and how it is to be queued, in the words of `enqueue`; for enqueue_all.

    It carries the names of the request and the person in whose context it was made.
    """

    message: Any
    after: timedelta | None = None
    unless_queued: str | None = None
    one_at_a_time: str | None = None
    priority: int = 0
    carried: Mapping[str, str] = field(default_factory=carried_context)


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
    entry = Entry(message, at - now() if at else after, unless_queued, one_at_a_time, priority)
    return (await add(session, [entry]))[0]


async def enqueue_all(session: AsyncSession | Line, messages: Sequence[Any], *, priority: int = 0) -> list[JobId]:
    """Queue many messages, or entries, with one statement. Those whose `unless_queued` is queued are left out."""
    carried = carried_context()
    entries = [
        each if isinstance(each, Entry) else Entry(each, priority=priority, carried=carried) for each in messages
    ]
    return [job for job in await add(session, entries) if job is not None]


def handler_of(message: Any) -> Handler:
    handlers = handlers_of(type(message))
    if len(handlers) != 1:
        name = type(message).__name__
        raise LookupError(f"{name} has {len(handlers)} handlers, not one. Is its jobs module named in the manifest?")
    return handlers[0]


async def add(
    session: AsyncSession | Line, entries: Sequence[Entry], handlers: Sequence[Handler] | None = None
) -> Sequence[JobId | None]:
    """Each entry goes to the one handler of its message, or to that of `handlers` at the same place."""
    if not entries:
        return []
    handlers = handlers or [handler_of(entry.message) for entry in entries]
    added = await engine_on(session).enqueue(
        entrypoint=[handler.name for handler in handlers],
        payload=[handler.codec.dump_json(entry.message) for handler, entry in zip(handlers, entries, strict=True)],
        priority=[entry.priority for entry in entries],
        execute_after=[entry.after for entry in entries],
        dedupe_key=[entry.unless_queued for entry in entries],
        headers=[headers_of(entry) for entry in entries],
        on_conflict="skip",
    )
    ring_after(session)
    return [None if job is None else JobId(job) for job in added]


def headers_of(entry: Entry) -> dict[str, str]:
    headers = dict(entry.carried)
    organisation = getattr(entry.message, "organisation", None)
    if organisation is not None:
        headers["organisation"] = str(organisation)
    if entry.one_at_a_time:
        headers["turn"] = entry.one_at_a_time
    return headers
