"""What staff and the metrics see of the queue."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from verf.jobs.engine import SessionDriver

QUEUES = """
SELECT entrypoint AS handler,
       count(*) FILTER (WHERE status = 'queued' AND execute_after <= now()) AS due,
       count(*) FILTER (WHERE status = 'queued' AND execute_after > now()) AS waiting,
       count(*) FILTER (WHERE status = 'picked') AS running,
       count(*) FILTER (WHERE status = 'failed') AS failed,
       max(now() - execute_after) FILTER (WHERE status = 'queued' AND execute_after <= now()) AS oldest
FROM jobs.queue GROUP BY entrypoint ORDER BY entrypoint
"""
WORKERS = "SELECT count(DISTINCT queue_manager_id) AS workers FROM jobs.queue WHERE status = 'picked'"
FINISHED = """
SELECT count(*) FILTER (WHERE status = 'successful') AS done, count(*) FILTER (WHERE status = 'failed') AS died
FROM jobs.log WHERE created > now() - $1::interval AND status IN ('successful', 'failed')
"""
RECENTLY = timedelta(minutes=5)


@dataclass(frozen=True)
class Queue:
    """One handler's jobs: due now, waiting for their time or turn, running, dead; how late the oldest due one is."""

    handler: str
    due: int
    waiting: int
    running: int
    failed: int
    oldest: timedelta


@dataclass(frozen=True)
class Statistics:
    """`done_per_minute` and `failed_recently` look at the last five minutes."""

    queues: Sequence[Queue]
    busy_workers: int
    done_per_minute: float
    failed_recently: int

    @property
    def due(self) -> int:
        return sum(queue.due for queue in self.queues)

    @property
    def waiting(self) -> int:
        return sum(queue.waiting for queue in self.queues)

    @property
    def running(self) -> int:
        return sum(queue.running for queue in self.queues)

    @property
    def failed(self) -> int:
        return sum(queue.failed for queue in self.queues)

    @property
    def oldest(self) -> timedelta:
        return max((queue.oldest for queue in self.queues), default=timedelta())


async def statistics(session: AsyncSession) -> Statistics:
    driver = SessionDriver(session)
    queues: list[dict[str, Any]] = await driver.fetch(QUEUES)
    [finished] = await driver.fetch(FINISHED, RECENTLY)
    [workers] = await driver.fetch(WORKERS)
    done: Any = finished["done"]
    died: Any = finished["died"]
    busy: Any = workers["workers"]
    return Statistics(
        queues=[Queue(**{**row, "oldest": row["oldest"] or timedelta()}) for row in queues],
        busy_workers=busy,
        done_per_minute=done / (RECENTLY / timedelta(minutes=1)),
        failed_recently=died,
    )
