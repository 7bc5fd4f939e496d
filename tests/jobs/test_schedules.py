import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import pytest
from crew_at_work import at_work, until
from hypothesis import given
from hypothesis import strategies as st

from verf.database import transaction
from verf.jobs import Timetable, drain, handles, unrung
from verf.jobs.schedules import name_of, slot_of
from verf.kit import advance, now, set_offset
from verf.manifest import Room, Schedule

fired: list[datetime] = []
HOUR = timedelta(hours=1)


@dataclass(frozen=True)
class Chime:
    pass


@handles(Chime)
async def chime(message: Chime) -> None:
    fired.append(datetime.now(UTC))


@pytest.fixture(autouse=True)
def clock(database):
    fired.clear()
    yield
    set_offset(timedelta())


@given(st.integers(0, 4_000_000_000).map(lambda seconds: datetime.fromtimestamp(seconds, UTC)))
def test_slots_of_a_day_begin_at_midnight(moment):
    assert slot_of(moment, timedelta(days=1)) == moment.replace(hour=0, minute=0, second=0, microsecond=0)
    assert slot_of(moment, HOUR) <= moment < slot_of(moment, HOUR) + HOUR


async def test_each_slot_fires_once_however_many_workers_look(database):
    tables = [Timetable([Schedule(every=HOUR, message=Chime)]) for _ in range(20)]
    assert sum(await asyncio.gather(*(table.look() for table in tables))) == 0
    advance(HOUR)
    assert sum(await asyncio.gather(*(table.look() for table in tables))) == 1
    await drain()
    assert len(fired) == 1


async def test_missed_slots_collapse_into_one(database):
    table = Timetable([Schedule(every=HOUR, message=Chime)])
    await table.look()
    advance(timedelta(days=3))
    assert await table.look() == 1
    assert await table.look() == 0


async def test_what_no_worker_has_noticed_is_known(database):
    schedules = [Schedule(every=HOUR, message=Chime), Schedule(every=24 * HOUR, message=Chime)]
    table = Timetable(schedules)

    async def left():
        async with transaction() as session:
            return await unrung(session, schedules)

    assert await left() == [name_of(each) for each in schedules]
    await table.look()
    assert await left() == []
    advance(HOUR - (now() - slot_of(now(), HOUR)))
    assert name_of(schedules[0]) in await left()
    await table.look()
    assert await left() == []


async def test_workers_notice_that_the_clock_was_moved(database):
    house = [Room(name="tower", package="tower", schedules=[Schedule(every=HOUR, message=Chime)])]

    async def has_chimed():
        return len(fired) == 1

    async with at_work(house, workers=3):
        await asyncio.sleep(0.5)
        advance(HOUR)
        await until(has_chimed)
        await asyncio.sleep(0.5)
    assert len(fired) == 1
