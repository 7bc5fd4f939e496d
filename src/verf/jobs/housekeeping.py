"""What nobody will look at any more is removed, in small bites so that nobody waits for it."""

from datetime import timedelta

from verf.database import transaction
from verf.jobs.engine import SessionDriver
from verf.kit import now

BITE = 5_000
OLD_LOG = """
DELETE FROM jobs.log WHERE id IN (
    SELECT id FROM jobs.log WHERE created < now() - $1::interval ORDER BY created LIMIT $2
)
"""
OLD_STATISTICS = """
DELETE FROM jobs.statistics WHERE id IN (
    SELECT id FROM jobs.statistics WHERE created < now() - $1::interval ORDER BY id LIMIT $2
)
"""
OLD_RUNS = """
DELETE FROM jobs.runs WHERE id IN (
    SELECT id FROM jobs.runs WHERE updated_at < $1 AND NOT EXISTS (SELECT FROM jobs.queue WHERE queue.id = runs.job)
    ORDER BY updated_at LIMIT $2
)
"""
OLD_SLOTS = """
DELETE FROM jobs.slots WHERE id IN (
    SELECT id FROM jobs.slots old
    WHERE due_at < $1 AND EXISTS (SELECT FROM jobs.slots WHERE schedule = old.schedule AND due_at > old.due_at)
    ORDER BY id LIMIT $2
)
"""


async def clean_up(keep: timedelta) -> int:
    """Remove logs, statistics, finished runs and slots older than `keep`; return how many rows went."""
    removed = 0
    for query, older_than in (
        (OLD_LOG, keep),
        (OLD_STATISTICS, keep),
        (OLD_RUNS, now() - keep),
        (OLD_SLOTS, now() - keep),
    ):
        removed += await remove_in_bites(query, older_than)
    return removed


async def remove_in_bites(query: str, older_than: object) -> int:
    removed = 0
    while True:
        async with transaction() as session:
            bite = int(await SessionDriver(session).execute(query, older_than, BITE))
        removed += bite
        if bite < BITE:
            return removed
