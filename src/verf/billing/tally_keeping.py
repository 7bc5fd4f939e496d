"""The tallies as they are kept: brought up to date every hour, so that looking reads what happened since, and no more.

A line of the log has its time before its transaction commits. So the tallies stop an hour short of now, longer than any
transaction lasts, and the rest is counted live.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, and_, delete, select, text
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from verf.billing.messages import KeepTallies
from verf.billing.metric_sources import changed_since, read_ledger, read_lives
from verf.billing.metrics import month_of
from verf.billing.models import SyncCursor, Tally
from verf.billing.tallies import Key, Tallies, news, tallies_of
from verf.database import transaction
from verf.jobs import handles
from verf.kit import new_id, now
from verf.manifest import Schedule

SETTLED_AFTER = timedelta(hours=1)
SCHEDULES = (Schedule(every=timedelta(hours=1), message=KeepTallies),)
ONE_AT_A_TIME = text("SELECT pg_advisory_xact_lock(hashtextextended('billing.tallies', 0))")
OURS = {"provider": "house", "account": "", "is_live": True, "stream": "tallies"}
AT_ONCE = 1_000


@dataclass(frozen=True)
class Drift:
    """A number that was kept otherwise than it is counted."""

    key: Key
    kept: int
    counted: int

    def __str__(self) -> str:
        where = " ".join(filter(None, (self.key.kind, self.key.product, self.key.about, self.key.name)))
        return f"{self.key.at:%Y-%m} {where}: kept {self.kept}, counted {self.counted}"


@handles(KeepTallies, system="billing: the numbers of the business are kept up to date")
async def keep_tallies(message: KeepTallies, session: AsyncSession) -> None:
    await settle(session)


async def tallies_since(session: AsyncSession, first: datetime) -> Tallies:
    """Of the months from `first` on, as of now. Wants the system's scope."""
    mark = await _mark(session)
    known = await _kept(session, min(first, month_of(mark)) if mark else first)
    known.update(await _news(session, known, mark, now()))
    return Counter({key: value for key, value in known.items() if value and key.at >= first})


async def settle(session: AsyncSession) -> None:
    """Bring what is kept up to an hour ago; without a mark all is counted anew. Wants the system's scope."""
    await session.execute(ONE_AT_A_TIME)
    mark, until = await _mark(session), now() - SETTLED_AFTER
    if mark is not None and until <= mark:
        return
    if mark is None:
        await session.execute(delete(Tally))
    ending = await _kept(session, month_of(mark)) if mark else Counter()
    await _add(session, await _news(session, ending, mark, until))
    kept = insert(SyncCursor).values({**OURS, "id": new_id(), "read_until": until})
    changed = kept.on_conflict_do_update(index_elements=[*OURS], set_={"read_until": kept.excluded.read_until})
    await session.execute(changed)


async def recount_numbers() -> list[str]:
    """For an operator: all is counted anew; a line for each number that had been kept otherwise."""
    async with transaction(system="billing: the numbers of the business are counted anew") as session:
        return [str(each) for each in await recount(session)]


async def recount(session: AsyncSession) -> list[Drift]:
    """Forget what is kept and count everything anew; what of it had been wrong. Wants the system's scope."""
    await session.execute(ONE_AT_A_TIME)
    mark = await _mark(session)
    found = await _drifts(session, mark) if mark else []
    await session.execute(delete(SyncCursor).where(_is_ours()))
    await settle(session)
    return found


async def _drifts(session: AsyncSession, mark: datetime) -> list[Drift]:
    kept, counted = await _kept(session), await _news(session, Tallies(), None, mark)
    keys = sorted(key for key in kept.keys() | counted.keys() if kept[key] != counted[key])
    return [Drift(key, kept[key], counted[key]) for key in keys]


async def _mark(session: AsyncSession) -> datetime | None:
    return await session.scalar(select(SyncCursor.read_until).where(_is_ours()))


def _is_ours() -> ColumnElement[bool]:
    return and_(*(getattr(SyncCursor, name) == value for name, value in OURS.items()))


async def _kept(session: AsyncSession, first: datetime | None = None) -> Tallies:
    columns = (Tally.kind, Tally.product, Tally.about, Tally.first, Tally.at, Tally.name, Tally.value)
    months = [Tally.at >= first] if first else []
    rows = await session.execute(select(*columns).where(*months))
    return Counter({Key(*row[:-1]): row[-1] for row in rows})


async def _news(session: AsyncSession, known: Tallies, mark: datetime | None, until: datetime) -> Tallies:
    """What has to be added to what is known; nothing is when there is no mark."""
    found = await read_ledger(session, mark, until)
    if mark is None:
        found.update(tallies_of(*await read_lives(session, None, until), until))
        return found
    customers = await changed_since(session, mark, until)
    became, was = Tallies(), Tallies()
    if customers:
        became = tallies_of(*await read_lives(session, customers, until), until)
        was = tallies_of(*await read_lives(session, customers, mark), until)
    found.update(news(known, mark, until, became=became, was=was))
    return found


async def _add(session: AsyncSession, news: Tallies) -> None:
    rows = [{**key._asdict(), "value": value} for key, value in news.items() if value]
    for start in range(0, len(rows), AT_ONCE):
        added = insert(Tally).values(rows[start : start + AT_ONCE])
        by = ["kind", "product", "about", "first", "at", "name"]
        summed = added.on_conflict_do_update(index_elements=by, set_={"value": Tally.value + added.excluded.value})
        await session.execute(summed)
