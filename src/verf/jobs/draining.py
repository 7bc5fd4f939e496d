"""Run what is due, here and now: for tests, which want to see the end of a story."""

import asyncio
from collections.abc import Iterable
from datetime import timedelta
from typing import Any, Literal

from pgqueuer.adapters.persistence.queries import Queries
from pgqueuer.domain import models
from pgqueuer.domain.types import QueueEntrypoint, QueueManagerId
from pgqueuer.ports.repository import EntrypointExecutionParameter

from verf.database import reading_primary, transaction
from verf.errors import VerfError
from verf.jobs.engine import LineDriver, engine_over
from verf.jobs.handlers import known_names
from verf.jobs.job import Job, JobId
from verf.jobs.outcomes import Dead, Retry
from verf.jobs.queue import handler_of
from verf.jobs.running import run, scope_of
from verf.jobs.settling import settle
from verf.kit import new_id

NEVER = timedelta(days=36_500)
WAITING = "SELECT DISTINCT entrypoint FROM jobs.queue WHERE status = 'queued' AND execute_after < now()"


async def drain(*, errors: Literal["raise", "keep"] = "raise") -> int:
    """Run all due jobs, and those they enqueue, one after another until none is due; return how many ran.

    The first unexpected error is raised once its job is put back or buried; `errors="keep"` leaves it in the row only.
    A job that fails with an error that says trying again may help (Unavailable) waits for its next attempt and raises
    nothing.
    """
    ran = 0
    while job := await pick():
        ended = await asyncio.create_task(run(job))
        await settle(job, ended.outcome, ended.seen)
        ran += 1
        if errors == "raise" and isinstance(ended.outcome, Dead | Retry) and is_unexpected(ended.outcome.error):
            raise ended.outcome.error
    return ran


async def perform(message: Any) -> None:
    """Do here and now what a worker would do with this message. It is in no queue, so nothing tries it again."""
    handler = handler_of(message)
    if handler.takes == "job":
        await handler.function(message, Job(JobId(0), 1, None))
    elif handler.takes == "message":
        await handler.function(message)
    else:
        async with transaction(**scope_of(handler, message)) as session:
            await handler.function(message, session)


def is_unexpected(error: BaseException) -> bool:
    return not (isinstance(error, VerfError) and error.retry)


async def pick() -> models.Job | None:
    """One that somebody here handles; else one that nobody does, which ends as a dead letter."""
    async with reading_primary() as connection:
        line = LineDriver(connection)
        if job := await _take(line, known_names()):
            return job
        waiting = await line.fetch(WAITING)
        return await _take(line, {str(row["entrypoint"]) for row in waiting} - known_names().keys())


async def _take(line: LineDriver, names: Iterable[str]) -> models.Job | None:
    handlers = known_names()
    limits = {name: handlers[name].options.concurrency if name in handlers else 0 for name in sorted(names)}
    if not limits:
        return None
    jobs = await engine_over(line, Queries).dequeue(
        batch_size=1,
        entrypoints={QueueEntrypoint(name): EntrypointExecutionParameter(limit) for name, limit in limits.items()},
        queue_manager_id=QueueManagerId(new_id()),
        global_concurrency_limit=None,
        heartbeat_timeout=NEVER,
    )
    return jobs[0] if jobs else None
