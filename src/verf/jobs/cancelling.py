"""Stop a job: at once while it waits; by its own leave once it runs."""

from typing import Any

import orjson
from sqlalchemy.ext.asyncio import AsyncSession

from verf.jobs.engine import SessionDriver
from verf.jobs.handlers import find_handler
from verf.jobs.job import JobId
from verf.jobs.runs import write_run

LOOK = "SELECT status::text, entrypoint, headers FROM jobs.queue WHERE id = $1 FOR UPDATE"
REMOVE = """
WITH removed AS (DELETE FROM jobs.queue WHERE id = $1 RETURNING id, entrypoint, priority)
INSERT INTO jobs.log (job_id, status, entrypoint, priority) SELECT id, 'canceled', entrypoint, priority FROM removed
"""


async def cancel(session: AsyncSession, job: JobId) -> bool:
    """Remove a job that waits; ask one that runs to stop, if its handler takes a Job and so can hear of it.

    False when there is nothing to stop: it is done, dead, or cannot hear.
    """
    rows = await SessionDriver(session).fetch(LOOK, job)
    row = rows[0] if rows else {"status": "done", "entrypoint": ""}
    if row["status"] == "queued":
        await SessionDriver(session).execute(REMOVE, job)
        await write_run(session, job, "cancelled", **organisation_in(row))
        return True
    handler = find_handler(str(row["entrypoint"]))
    if row["status"] != "picked" or handler is None or handler.takes != "job":
        return False
    await write_run(session, job, "cancelling", **organisation_in(row))
    return True


def organisation_in(row: dict[str, Any]) -> dict[str, Any]:
    headers = row["headers"]
    headers = orjson.loads(headers) if isinstance(headers, str) else headers or {}
    return {"organisation": headers["organisation"]} if headers.get("organisation") else {}
