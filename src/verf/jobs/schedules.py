"""Fire what is due by the house's clock, once, however many workers look at it."""

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from verf.database import transaction
from verf.jobs.models import Slot
from verf.jobs.queue import enqueue
from verf.kit import new_id, now
from verf.manifest import Schedule

MIDNIGHT = datetime(1970, 1, 1, tzinfo=UTC)


def slot_of(moment: datetime, every: timedelta) -> datetime:
    """The last moment at which it was due, counted from midnight UTC."""
    return moment - (moment - MIDNIGHT) % every


def name_of(schedule: Schedule) -> str:
    return f"{schedule.message.__module__}.{schedule.message.__qualname__} every {schedule.every}"


class Timetable:
    """The schedules of a worker. Looks at the database only when the clock has passed into another slot."""

    def __init__(self, schedules: Iterable[Schedule]) -> None:
        self._schedules = list(schedules)
        self._seen: dict[str, datetime] = {}

    async def look(self) -> int:
        """Fire what has become due; return how many this worker fired. Missed slots collapse into the last one."""
        fired = 0
        for schedule in self._schedules:
            name, slot = name_of(schedule), slot_of(now(), schedule.every)
            if self._seen.get(name) != slot:
                fired += await fire(schedule, name, slot)
                self._seen[name] = slot
        return fired


async def unrung(session: AsyncSession, schedules: Iterable[Schedule]) -> list[str]:
    """The names of those that are due by the clock, and no worker has noticed yet."""
    due = {name_of(each): slot_of(now(), each.every) for each in schedules}
    query = select(Slot.schedule, func.max(Slot.due_at)).where(Slot.schedule.in_(due)).group_by(Slot.schedule)
    taken = {row[0]: row[1] for row in await session.execute(query)}
    return [name for name, slot in due.items() if taken.get(name, MIDNIGHT) < slot]


async def fire(schedule: Schedule, name: str, slot: datetime) -> bool:
    """Take the slot and enqueue the message in one transaction. A schedule that is new waits for its next slot."""
    async with transaction() as session:
        known = await session.scalar(select(Slot.id).where(Slot.schedule == name).limit(1))
        taken = insert(Slot).values(id=new_id(), schedule=name, due_at=slot).on_conflict_do_nothing()
        if not await session.scalar(taken.returning(Slot.id)) or not known:
            return False
        await enqueue(session, schedule.message())
        return True
