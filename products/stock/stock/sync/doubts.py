"""Doubt: what fell to zero all at once is believed only when run after run says the same for an hour.

A broken answer can be whole in form and tell of no stock at all. It looks like a good day, and only time tells them
apart: a shop that really sold out is still sold out an hour later.
"""

from collections.abc import Iterable
from datetime import datetime, timedelta
from enum import Enum

from sqlalchemy import Integer, cast, delete
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from stock.models import Doubt
from stock.sync.visit import Visit
from stock.wildberries.rows import Level
from verf.kit import now

# Wildberries refreshes every half hour: an hour spans two refreshes, so one broken report cannot confirm itself.
RUNS = 3
LASTING = timedelta(hours=1)


class Verdict(Enum):
    BELIEVE = "believe"
    READ_AGAIN = "read again"
    WAIT = "wait"


def is_doubtful(before: set[tuple[int, str]], levels: Iterable[Level], believable: float) -> bool:
    """So many sizes at zero at once are more often a broken answer than a good day; no row at all always may be one."""
    sizes = {chrt_id for chrt_id, _ in before}
    left = {level.chrt_id for level in levels}
    gone = len(sizes - left)
    return bool(sizes and not left) or (gone > 3 and gone > believable * len(sizes))


async def weigh(session: AsyncSession, visit: Visit, place: str, *, doubtful: bool) -> Verdict:
    """What to do with an answer about `place`: within a run a doubtful one is read twice, then it is up to time."""
    if not doubtful:
        await _dispel(session, visit, place)
        return Verdict.BELIEVE
    first_read: dict[str, str] = visit.place.setdefault("doubts", {})
    if place not in first_read:
        first_read[place] = now().isoformat()
        visit.state["note"] = "second-reading"
        return Verdict.READ_AGAIN
    if await _has_lasted(session, visit, place, datetime.fromisoformat(first_read[place])):
        await _dispel(session, visit, place)
        return Verdict.BELIEVE
    return Verdict.WAIT


async def _has_lasted(session: AsyncSession, visit: Visit, place: str, since: datetime) -> bool:
    """Count this run in, once however often it says so."""
    statement = insert(Doubt).values(
        organisation_id=visit.shop.organisation,
        connection_id=visit.shop.connection,
        place=place,
        since=since,
        runs=1,
        run_id=visit.run,
    )
    counted = await session.execute(
        statement.on_conflict_do_update(
            index_elements=["organisation_id", "connection_id", "place"],
            set_={"runs": Doubt.runs + cast(Doubt.run_id != visit.run, Integer), "run_id": visit.run},
        ).returning(Doubt.runs, Doubt.since)
    )
    runs, first = counted.one()
    return bool(runs >= RUNS and now() - first >= LASTING)


async def _dispel(session: AsyncSession, visit: Visit, place: str) -> None:
    await session.execute(delete(Doubt).where(Doubt.connection_id == visit.shop.connection, Doubt.place == place))
