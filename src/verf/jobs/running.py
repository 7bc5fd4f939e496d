"""Run one job's handler and say how it ended. Nothing here knows which worker it runs in."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import structlog
from pgqueuer.domain import models

from verf.database import transaction
from verf.jobs.handlers import Handler, find_handler
from verf.jobs.job import Job, JobId, TryLater
from verf.jobs.outcomes import Dead, Done, Later, Outcome, Waits, judge
from verf.jobs.queue import CARRIED
from verf.jobs.settling import Gone, finish, turn_of
from verf.jobs.turns import take_turn


class NobodyHandlesThis(LookupError):
    """No handler of this name exists in this release."""


class WorkerDied(RuntimeError):
    """Each time the job was running, its worker died; it is not tried again."""


@dataclass(frozen=True)
class Ended:
    outcome: Outcome
    seen: Job | None = None


async def run(job: models.Job) -> Ended:
    """Call it in a task of its own: what it binds for the logs stays bound."""
    handler = find_handler(job.entrypoint)
    if handler is None:
        return Ended(Dead(NobodyHandlesThis(f"Nothing handles {job.entrypoint}.")))
    if job.attempts >= handler.options.attempts:
        return Ended(Dead(WorkerDied(f"The worker died or failed {job.attempts} times while running this job.")))
    turn = turn_of(job)
    if turn and not await take_turn(job.id, turn):
        return Ended(Waits())
    seen = Job(JobId(job.id), job.attempts + 1, organisation_of(job)) if handler.takes == "job" else None
    structlog.contextvars.bind_contextvars(**log_context(job))
    return Ended(await attempt(handler, job, seen), seen)


async def attempt(handler: Handler, job: models.Job, seen: Job | None) -> Outcome:
    try:
        return await call(handler, job, seen)
    except TryLater as later:
        return Later(later.after)
    except Gone:
        return Done(settled=True)
    except Exception as error:  # noqa: BLE001 - the edge of the handler: every failure ends up in the row
        return judge(error, job.attempts, handler.options.attempts)


async def call(handler: Handler, job: models.Job, seen: Job | None) -> Done:
    message = handler.codec.validate_json(job.payload or b"{}")
    if seen:
        await handler.function(message, seen)
        return Done()
    if handler.takes == "message":
        await handler.function(message)
        return Done()
    async with transaction(**scope_of(handler, message)) as session:
        await handler.function(message, session)
        await finish(session, job)
    return Done(settled=True)


def scope_of(handler: Handler, message: Any) -> dict[str, Any]:
    """The system's when the handler says why, else the organisation the message is about, else none."""
    if handler.options.system:
        return {"system": handler.options.system}
    return {"organisation": getattr(message, "organisation", None)}


def log_context(job: models.Job) -> dict[str, Any]:
    headers = job.headers or {}
    carried = {name: headers[name] for name in CARRIED if name in headers}
    return {**carried, "job": job.id, "handler": job.entrypoint}


def organisation_of(job: models.Job) -> UUID | None:
    organisation = (job.headers or {}).get("organisation")
    return UUID(str(organisation)) if organisation else None
