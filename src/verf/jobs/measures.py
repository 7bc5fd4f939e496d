"""The queue's numbers for the operators' graphs."""

from contextlib import AbstractContextManager

from verf.database import transaction
from verf.jobs.outcomes import Outcome
from verf.jobs.overview import statistics
from verf.telemetry import counter, gauge, histogram, on_scrape

_endings = counter("verf_jobs_ended_total", "Runs of job handlers, by how they ended.", ["handler", "outcome"])
_seconds = histogram("verf_jobs_seconds", "How long a job handler ran.", ["handler"])
_jobs = gauge("verf_jobs_queue", "Jobs in the queue: due, waiting, running, failed (dead letters).", ["state"])
_oldest = gauge("verf_jobs_oldest_seconds", "How late the oldest due job is.")


def count_ending(handler: str, outcome: Outcome) -> None:
    _endings.labels(handler, type(outcome).__name__.lower()).inc()


def measure_run(handler: str) -> AbstractContextManager[object]:
    return _seconds.labels(handler).time()


@on_scrape
async def refresh_queue_numbers() -> None:
    async with transaction() as session:
        seen = await statistics(session)
    _jobs.labels("due").set(seen.due)
    _jobs.labels("waiting").set(seen.waiting)
    _jobs.labels("running").set(seen.running)
    _jobs.labels("failed").set(seen.failed)
    _oldest.set(seen.oldest.total_seconds())
