"""What PgQueuer's dispatcher calls for each job in a worker: our own way to run it and to write the end down."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import timedelta

from pgqueuer.adapters.persistence.queries import Queries
from pgqueuer.core.executors import AbstractEntrypointExecutor, EntrypointExecutorParameters
from pgqueuer.core.qm import QueueManager
from pgqueuer.domain import models, types
from pgqueuer.ports.repository import EntrypointExecutionParameter

from verf.jobs.handlers import Handler
from verf.jobs.measures import count_ending, measure_run
from verf.jobs.outcomes import Dead, Done, Retry
from verf.jobs.running import Ended, run
from verf.jobs.settling import release, settle, turn_of
from verf.telemetry import log

NEVER = timedelta(days=36_500)


@dataclass
class Ledger(Queries):
    """PgQueuer's statements, without the two that verf does in its own way.

    Jobs of dead workers come back through `recovery`, which counts the attempt; here none is ever stale.
    A job whose end is written already is not written again: it no longer reads "picked".
    """

    knock: Callable[[], None] = lambda: None
    _found_none: bool = False

    def look_again(self) -> None:
        """When a job ends: if nothing was found before, that may be because the worker or the handler was full."""
        if self._found_none:
            self.knock()

    async def dequeue(
        self,
        batch_size: int,
        entrypoints: dict[types.QueueEntrypoint, EntrypointExecutionParameter],
        queue_manager_id: types.QueueManagerId,
        global_concurrency_limit: int | None,
        heartbeat_timeout: timedelta,  # noqa: ARG002 - the engine's signature
    ) -> list[models.Job]:
        found = await super().dequeue(batch_size, entrypoints, queue_manager_id, global_concurrency_limit, NEVER)
        self._found_none = not found
        return found

    async def log_jobs(
        self, job_status: list[tuple[models.Job, types.JOB_STATUS, models.TracebackRecord | None]]
    ) -> None:
        open_ends = [entry for entry in job_status if entry[0].status == "picked"]
        if open_ends:
            await super().log_jobs(open_ends)
            self.look_again()


@dataclass
class Crew:
    """The jobs that run in this process now."""

    manager: QueueManager
    ledger: Ledger
    transactions: asyncio.Semaphore
    running: dict[int, asyncio.Task[object]] = field(default_factory=dict)

    async def perform(self, job: models.Job, handler: Handler) -> None:
        task = asyncio.current_task()
        assert task
        self.running[job.id] = task
        try:
            await self._end(job, await self._run(job, handler))
        except asyncio.CancelledError:
            # The grace is over: somebody else does it.
            self._keep_from_engine(job)
            await asyncio.shield(release(job))
            raise
        except Exception as error:  # noqa: BLE001 - the edge of the worker
            # Its row stays as it is, and comes back when its heartbeat is too old.
            self._keep_from_engine(job)
            log(__name__).warning("The end of a job could not be written down.", job=job.id, error=str(error))
        finally:
            if self.running.get(job.id) is task:
                del self.running[job.id]

    async def _run(self, job: models.Job, handler: Handler) -> Ended:
        if handler.takes != "session":
            with measure_run(job.entrypoint):
                return await run(job)
        # A handler that holds a transaction holds a connection; there are fewer of those than jobs.
        async with self.transactions:
            with measure_run(job.entrypoint):
                return await run(job)

    async def _end(self, job: models.Job, ended: Ended) -> None:
        outcome = ended.outcome
        count_ending(job.entrypoint, outcome)
        if isinstance(outcome, Dead | Retry):
            log(__name__).warning(
                "A job failed.",
                job=job.id,
                handler=job.entrypoint,
                will_retry=isinstance(outcome, Retry),
                exc_info=outcome.error,
            )
        is_watched = ended.seen is not None and ended.seen.is_watched
        if outcome == Done() and not is_watched and not turn_of(job):
            return  # the engine removes it, together with others that ended in the same moment
        self._keep_from_engine(job)
        await settle(job, outcome, ended.seen)
        self.ledger.look_again()

    def _keep_from_engine(self, job: models.Job) -> None:
        """It may be picked again before the engine has forgotten it, which would then pass it over."""
        job.status = "successful"
        self.manager.job_context.pop(job.id, None)


class CrewMember(AbstractEntrypointExecutor):
    def __init__(self, crew: Crew, handler: Handler) -> None:
        super().__init__(
            EntrypointExecutorParameters(concurrency_limit=handler.options.concurrency, func=handler.function)
        )
        self._crew, self._handler = crew, handler

    async def execute(self, job: models.Job, context: models.Context) -> None:  # noqa: ARG002
        await self._crew.perform(job, self._handler)
