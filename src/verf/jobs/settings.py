from datetime import timedelta

from pydantic import Field

from verf.settings import Section


class JobsSettings(Section, env_prefix="VERF_JOBS_"):
    """How the worker works. The defaults suit one machine."""

    concurrency: int = Field(default=100, ge=2, description="Jobs that run at once in one worker process.")
    transactions: int = Field(default=8, ge=1, description="Of these, handlers that hold a transaction.")
    heartbeat_timeout: timedelta = Field(
        default=timedelta(seconds=10), description="After this silence a running job belongs to a dead worker."
    )
    poll: timedelta = Field(default=timedelta(seconds=2), description="The longest sleep when no doorbell rings.")
    grace: timedelta = Field(default=timedelta(seconds=20), description="How long running jobs may finish at stop.")
    unknown_after: timedelta = Field(
        default=timedelta(minutes=15), description="A due job that no worker knows is a dead letter after this."
    )
    keep: timedelta = Field(default=timedelta(days=14), description="How long logs and finished runs are kept.")
