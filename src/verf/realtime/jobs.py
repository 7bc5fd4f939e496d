"""The progress of jobs goes to those who watch them."""

from sqlalchemy.ext.asyncio import AsyncSession

from verf.jobs import Run, watch_runs
from verf.realtime.events import organisation_topic
from verf.realtime.publishing import publish


@watch_runs
async def tell_progress(session: AsyncSession, run: Run) -> None:
    """At the topic "job:<id>", of the organisation when the job belongs to one."""
    what = f"job:{run.job}"
    topic = organisation_topic(run.organisation, what) if run.organisation else what
    data = {"job": run.job, "state": run.state, "done": run.done, "total": run.total, "note": run.note}
    await publish(session, topic, "progress", data)
