"""Jobs of workers that died come back, and the attempt counts: a job that kills its worker ends as a dead letter."""

from collections.abc import Iterable
from datetime import timedelta

from verf.database import transaction
from verf.jobs.doorbell import ring_after
from verf.jobs.engine import SessionDriver
from verf.jobs.handlers import known_names

# Spread over a moment that doubles each time, so that the innocent are rarely running when the guilty one kills
# again; from the second death on, those without a key of their own take turns.
RECOVER = """
UPDATE jobs.queue
SET status = 'queued', queue_manager_id = NULL, updated = now(), attempts = attempts + 1,
    execute_after = now() + interval '1 second' * random() * power(2, least(attempts, 8)),
    headers = headers - 'runs' || CASE WHEN attempts > 0 AND headers ->> 'died' = 'once' AND NOT headers ? 'turn'
        THEN '{"turn": "suspects", "died": "often"}'::jsonb ELSE '{"died": "once"}'::jsonb END
WHERE id IN (
    SELECT id FROM jobs.queue
    WHERE status = 'picked' AND heartbeat < now() - $1::interval AND id <> ALL($2::bigint[])
    FOR UPDATE SKIP LOCKED
)
"""
BURY = """
WITH buried AS (
    UPDATE jobs.queue
    SET status = 'failed', updated = now(),
        headers = headers || jsonb_build_object('error', 'Nothing handles ' || entrypoint || '.')
    WHERE status = 'queued' AND execute_after < now() - $1::interval AND entrypoint <> ALL($2::text[])
    RETURNING id, entrypoint, priority
)
INSERT INTO jobs.log (job_id, status, entrypoint, priority) SELECT id, 'failed', entrypoint, priority FROM buried
"""


async def recover(silence: timedelta, *, running_here: Iterable[int] = ()) -> int:
    """Put back what has been running without a heartbeat for so long; return how many jobs that were."""
    async with transaction() as session:
        recovered = int(await SessionDriver(session).execute(RECOVER, silence, list(running_here)))
        if recovered:
            ring_after(session)
        return recovered


async def bury_unknown(after: timedelta) -> int:
    """Jobs that no handler of this release knows become dead letters, once every worker may have been renewed."""
    async with transaction() as session:
        return int(await SessionDriver(session).execute(BURY, after, list(known_names())))
