"""Wake the workers after a commit.

PgQueuer's own trigger would notify inside the business transaction, which makes all commits of the database queue up
behind each other (a third of the throughput, measured). So it is off, and each process rings once for all that it
committed in a few milliseconds. A ring lost with a dying process costs a poll interval, never a job.
"""

import asyncio
import contextvars
import json
from collections.abc import Callable
from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from verf.database import Line, after_commit, notify
from verf.jobs.engine import CHANNEL, TABLES
from verf.kit import now
from verf.telemetry import log

PAUSE = timedelta(milliseconds=5)

# Workers of this very process hear it at once.
_ears: set[Callable[[], None]] = set()
_ringing: asyncio.Task[None] | None = None
_again = False


def ring_after(session: AsyncSession | Line) -> None:
    """Ring when this transaction has committed."""
    after_commit(session, ring)


def listen_here(ear: Callable[[], None]) -> Callable[[], None]:
    """Call the ear at each ring of this process; call what comes back to stop."""
    _ears.add(ear)
    return lambda: _ears.discard(ear)


def ring() -> None:
    """Ring now, or once more after the ring that is under way."""
    global _ringing, _again
    for ear in list(_ears):
        ear()
    _again = True
    if _ringing is None or _ringing.done() or _ringing.get_loop() is not asyncio.get_running_loop():
        # A fresh context: the bell has nothing to do with the request or transaction that pulls it.
        _ringing = asyncio.get_running_loop().create_task(_ring_until_quiet(), context=contextvars.Context())


async def _ring_until_quiet() -> None:
    global _again
    while _again:
        _again = False
        try:
            await notify(CHANNEL, [change_event()])
        except Exception:  # noqa: BLE001 - the bell is a convenience: workers also look by themselves
            log(__name__).warning("The workers could not be woken; they will look by themselves.", exc_info=True)
        await asyncio.sleep(PAUSE.total_seconds())


def change_event() -> str:
    """What PgQueuer's own trigger would have said."""
    event = {"channel": CHANNEL, "operation": "insert", "sent_at": now().isoformat()}
    return json.dumps({**event, "table": TABLES.queue_table, "type": "table_changed_event"})
