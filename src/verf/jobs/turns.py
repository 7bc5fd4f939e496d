"""One at a time: jobs with the same key take turns, over all workers.

The turn is a mark on the running job's row, so it ends with the row, with the retry or with the recovery of a dead
worker's jobs. A job that finds the turn taken goes back to the queue and is woken when the turn ends; it burns no
worker meanwhile. Whoever takes or ends a turn holds the advisory lock of the key, so no wake-up is lost between them.
"""

from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from verf.database import transaction
from verf.jobs.doorbell import ring_after
from verf.jobs.engine import SessionDriver

# If the wake-up should ever fail, a waiting job looks for itself after this.
LOOKS_AGAIN = timedelta(seconds=30)

LOCK = "SELECT pg_advisory_xact_lock(hashtextextended('verf.jobs:' || $1, 0))"
TAKE = """
UPDATE jobs.queue SET headers = headers || '{"runs": true}'
WHERE id = $1 AND NOT EXISTS (
    SELECT FROM jobs.queue other
    WHERE other.headers ->> 'turn' = $2 AND other.headers ? 'turn' AND other.headers ? 'runs'
      AND other.status = 'picked' AND other.id <> $1
)
"""
WAIT = """
UPDATE jobs.queue
SET status = 'queued', queue_manager_id = NULL, updated = now(), execute_after = now() + $2::interval,
    headers = headers - 'runs' || '{"waits": true}'
WHERE id = $1
"""
WAKE = """
UPDATE jobs.queue SET execute_after = now(), headers = headers - 'waits'
WHERE id = (
    SELECT id FROM jobs.queue
    WHERE headers ->> 'turn' = $1 AND headers ? 'turn' AND headers ? 'waits' AND status = 'queued'
    ORDER BY priority DESC, id LIMIT 1
)
"""


async def take_turn(job: int, key: str) -> bool:
    """Take the turn, or put the job back to wait for it."""
    async with transaction() as session:
        driver = SessionDriver(session)
        await driver.execute(LOCK, key)
        if await driver.execute(TAKE, job, key) != "0":
            return True
        await driver.execute(WAIT, job, LOOKS_AGAIN)
        return False


async def lock_turn(session: AsyncSession, key: str) -> None:
    """Before the job leaves the running state."""
    await SessionDriver(session).execute(LOCK, key)


async def end_turn(session: AsyncSession, key: str) -> None:
    """After the job has left the running state, under the same lock."""
    if await SessionDriver(session).execute(WAKE, key) != "0":
        ring_after(session)
