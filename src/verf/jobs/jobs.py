from dataclasses import dataclass

from verf.jobs.handlers import handles
from verf.jobs.housekeeping import clean_up
from verf.jobs.settings import JobsSettings
from verf.settings import load


@dataclass(frozen=True)
class CleanUpJobs:
    """Old logs and finished runs go, once an hour."""


@handles(CleanUpJobs)
async def clean_up_jobs(message: CleanUpJobs) -> None:
    await clean_up(load(JobsSettings).keep)
