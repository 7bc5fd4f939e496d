from datetime import timedelta

import pytest

from stock.sync.runs import next_sync
from stock.sync.windows import reserve, settle
from stock.wildberries import Bucket
from verf.kit import advance, new_id, now, set_offset

SLOW = Bucket(timedelta(minutes=1))
QUICK = Bucket(timedelta(seconds=10), burst=3)


@pytest.fixture(autouse=True)
def own_clock():
    yield
    set_offset(timedelta())


async def ask(key, bucket, **outcome):
    asked_at = now()
    until = await reserve(key, bucket)
    if until is None:
        await settle(key, bucket, asked_at=asked_at, **outcome)
    return until


async def test_a_bucket_of_one_lets_one_through(database):
    assert await ask("one", SLOW) is None
    until = await ask("one", SLOW)
    assert timedelta(seconds=59) < until - now() < timedelta(seconds=62)
    advance(timedelta(seconds=62))
    assert await ask("one", SLOW) is None


async def test_a_burst_goes_through_at_once_but_for_its_last(database):
    """The margin for clocks and wires costs the last question of a burst a moment."""
    assert [await ask("burst", QUICK) for _ in range(2)] == [None, None]
    assert await ask("burst", QUICK) - now() < timedelta(seconds=1)
    advance(timedelta(seconds=1))
    assert await ask("burst", QUICK) is None
    assert await ask("burst", QUICK) - now() > timedelta(seconds=8)


async def test_the_marketplace_knows_better(database):
    assert await ask("told", QUICK, burst_left=0) is None
    until = await ask("told", QUICK)
    assert until - now() > timedelta(seconds=9)


async def test_a_429_blocks_for_as_long_as_it_says(database):
    assert await ask("blocked", QUICK, wait=timedelta(minutes=7)) is None
    assert await ask("blocked", QUICK) - now() > timedelta(minutes=6, seconds=59)


async def test_a_refused_question_costs_ten(database):
    bucket = Bucket(timedelta(seconds=1), burst=5, refused=10)
    assert await ask("refused", bucket, refused=True) is None
    assert await ask("refused", bucket) - now() > timedelta(seconds=5)


@pytest.mark.parametrize("minute", range(0, 60, 7))
def test_syncs_follow_the_half_hour(minute):
    at = now().replace(minute=minute, second=0, microsecond=0)
    half_hour = timedelta(minutes=30)
    planned = next_sync("service", new_id(), at, half_hour)
    assert timedelta(minutes=15) < planned - at <= timedelta(minutes=52)
    assert planned.minute % 30 in range(3, 8)
    assert next_sync("base", new_id(), at, half_hour) - at > timedelta(hours=2)


@pytest.mark.parametrize("minutes, soonest, latest", [(120, 95, 142), (30, 15, 52), (10, 10, 11)])
def test_the_plan_says_how_often(minutes, soonest, latest):
    for minute in range(0, 60, 7):
        at = now().replace(minute=minute, second=0, microsecond=0)
        wait = next_sync("service", new_id(), at, timedelta(minutes=minutes)) - at
        assert timedelta(minutes=soonest) <= wait <= timedelta(minutes=latest)
