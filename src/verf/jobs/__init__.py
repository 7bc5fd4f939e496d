"""Do it later. Jobs and facts are rows written in the caller's transaction, so none can be lost.

Not a place for what the jobs do: that is in the rooms, beside their other edges.
"""

from verf.jobs.cancelling import cancel
from verf.jobs.dead_letters import discard, failed, retry
from verf.jobs.draining import drain, perform
from verf.jobs.facts import announce, on
from verf.jobs.handlers import handles, heard_only_by
from verf.jobs.job import Job, JobId, TryLater
from verf.jobs.overview import statistics
from verf.jobs.queue import Entry, enqueue, enqueue_all
from verf.jobs.runs import Run, run_of, watch_runs
from verf.jobs.schedules import Timetable, unrung
from verf.jobs.shifting import shift
from verf.jobs.worker import Worker

__all__ = [
    "Entry",
    "Job",
    "JobId",
    "Run",
    "Timetable",
    "TryLater",
    "Worker",
    "announce",
    "cancel",
    "discard",
    "drain",
    "enqueue",
    "enqueue_all",
    "failed",
    "handles",
    "heard_only_by",
    "on",
    "perform",
    "retry",
    "run_of",
    "shift",
    "statistics",
    "unrung",
    "watch_runs",
]
