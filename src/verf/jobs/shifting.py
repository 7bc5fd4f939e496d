"""When the sandbox's clock jumps, the jobs that wait for a time come nearer."""

from datetime import timedelta

from verf.database import transaction
from verf.jobs.doorbell import ring_after
from verf.jobs.engine import SessionDriver

SHIFT = """
UPDATE jobs.queue SET execute_after = execute_after - $1::interval
WHERE status = 'queued' AND execute_after > now()
"""


async def shift(by: timedelta) -> None:
    """Move all waiting jobs nearer by as much as the clock was moved forward. The engine itself counts real time."""
    async with transaction() as session:
        await SessionDriver(session).execute(SHIFT, by)
        ring_after(session)
