"""Write down how a job ended: gone, again, later, or a dead letter. One transaction each."""

from datetime import timedelta

from pgqueuer.domain import models
from sqlalchemy.ext.asyncio import AsyncSession

from verf.database import transaction
from verf.jobs.engine import SessionDriver, engine_on
from verf.jobs.job import Job
from verf.jobs.outcomes import Dead, Done, Later, Outcome, Retry, Waits
from verf.jobs.runs import RunState, write_run
from verf.jobs.turns import end_turn, lock_turn
from verf.telemetry import mask_text

LONGEST_ERROR = 500
LONGEST_TRACEBACK = 8_000
POSTPONE = """
UPDATE jobs.queue
SET status = 'queued', queue_manager_id = NULL, updated = now(), execute_after = now() + $2::interval,
    headers = headers - 'runs'
WHERE id = $1
"""
EXPLAIN = "UPDATE jobs.queue SET headers = headers - 'runs' || jsonb_build_object('error', $2::text) WHERE id = $1"


class Gone(Exception):
    """The job was finished or cancelled by somebody else; what this run did is rolled back."""


async def finish(session: AsyncSession, job: models.Job) -> None:
    """Remove the job as done, in the transaction of its work."""
    turn = turn_of(job)
    if turn:
        await lock_turn(session, turn)
    query = engine_on(session).qbq.build_log_job_query()
    if await SessionDriver(session).execute(query, [job.id], ["successful"], [None]) == "0":
        raise Gone
    if turn:
        await end_turn(session, turn)


async def settle(job: models.Job, outcome: Outcome, seen: Job | None = None) -> None:
    """Write the outcome down. `seen` is the handler's view of the job, when it asked for one."""
    if isinstance(outcome, Waits) or (isinstance(outcome, Done) and outcome.settled):
        return
    async with transaction() as session:
        if isinstance(outcome, Done):
            await finish_watched(session, job, seen)
            return
        turn = turn_of(job)
        if turn:
            await lock_turn(session, turn)
        await put_back(session, job, outcome)
        if turn:
            await end_turn(session, turn)
        if seen and not isinstance(outcome, Later):
            state: RunState = "failed" if isinstance(outcome, Dead) else "queued"
            await write_run(session, job.id, state, error=described(outcome.error))


async def finish_watched(session: AsyncSession, job: models.Job, seen: Job | None) -> None:
    try:
        await finish(session, job)
    except Gone:
        return
    if seen and seen.is_watched:
        await write_run(session, job.id, seen.last_state, error=None)


async def put_back(session: AsyncSession, job: models.Job, outcome: Retry | Dead | Later) -> None:
    engine = engine_on(session)
    if isinstance(outcome, Later):
        await SessionDriver(session).execute(POSTPONE, job.id, outcome.after)
        return
    trace = traceback_of(job, outcome.error)
    if isinstance(outcome, Retry):
        await engine.retry_job(job, outcome.after, trace)
    else:
        await engine.log_jobs([(job, "failed", trace)])
    await SessionDriver(session).execute(EXPLAIN, job.id, described(outcome.error))


async def release(job: models.Job) -> None:
    """Give a job back untouched, for another worker to run at once."""
    await settle(job, Later(timedelta()))


def turn_of(job: models.Job) -> str | None:
    turn = (job.headers or {}).get("turn")
    return str(turn) if turn else None


def described(error: Exception) -> str:
    return mask_text(f"{type(error).__name__}: {error}")[:LONGEST_ERROR]


def traceback_of(job: models.Job, error: Exception) -> models.TracebackRecord:
    """For the log of the engine, which staff read: without secrets that an error may quote."""
    record = models.TracebackRecord.from_exception(exc=error, job_id=job.id)
    return record.model_copy(
        update={"exception_message": described(error), "traceback": mask_text(record.traceback[-LONGEST_TRACEBACK:])}
    )
