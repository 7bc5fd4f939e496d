"""Jobs that are not tried again by themselves. They are kept and seen, until staff retries or discards them."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy.ext.asyncio import AsyncSession

from verf.jobs.doorbell import ring_after
from verf.jobs.engine import SessionDriver
from verf.jobs.job import JobId

FAILED = """
SELECT id, entrypoint, payload, headers, attempts, created, updated FROM jobs.queue
WHERE status = 'failed' ORDER BY updated DESC, id DESC LIMIT $1
"""
RETRY = """
WITH again AS (
    UPDATE jobs.queue
    SET status = 'queued', execute_after = now(), updated = now(), attempts = 0, queue_manager_id = NULL,
        headers = headers - 'error' - 'died' - 'runs'
    WHERE id = $1 AND status = 'failed'
    RETURNING id, entrypoint, priority
)
INSERT INTO jobs.log (job_id, status, entrypoint, priority) SELECT id, 'queued', entrypoint, priority FROM again
"""
DISCARD = """
WITH discarded AS (
    DELETE FROM jobs.queue WHERE id = $1 AND status = 'failed' RETURNING id, entrypoint, priority
)
INSERT INTO jobs.log (job_id, status, entrypoint, priority) SELECT id, 'deleted', entrypoint, priority FROM discarded
"""


@dataclass(frozen=True)
class DeadLetter:
    """The times are the machine's, not the sandbox clock's."""

    job: JobId
    handler: str
    message: str
    error: str
    attempts: int
    organisation: str | None
    request: str | None
    queued_at: datetime
    failed_at: datetime


async def failed(session: AsyncSession, *, limit: int = 100) -> list[DeadLetter]:
    """The dead letters, the latest first."""
    return [as_dead_letter(row) for row in await SessionDriver(session).fetch(FAILED, limit)]


async def retry(session: AsyncSession, job: JobId) -> bool:
    """Run it again, with all its attempts; False when it is no dead letter (any more)."""
    ring_after(session)
    return await SessionDriver(session).execute(RETRY, job) != "0"


async def discard(session: AsyncSession, job: JobId) -> bool:
    """Forget it for good; False when it is no dead letter (any more)."""
    return await SessionDriver(session).execute(DISCARD, job) != "0"


def as_dead_letter(row: dict[str, Any]) -> DeadLetter:
    headers = row["headers"]
    headers = orjson.loads(headers) if isinstance(headers, str) else headers or {}
    return DeadLetter(
        job=JobId(row["id"]),
        handler=row["entrypoint"],
        message=(row["payload"] or b"").decode(errors="replace"),
        error=headers.get("error", ""),
        attempts=row["attempts"],
        organisation=headers.get("organisation"),
        request=headers.get("request_id"),
        queued_at=row["created"],
        failed_at=row["updated"],
    )
