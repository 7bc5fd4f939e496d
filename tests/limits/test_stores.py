import asyncio
import os
import time
from datetime import timedelta

import pytest

from verf.database import transaction
from verf.kit import new_id, set_offset
from verf.limits.policies import Policy
from verf.limits.stores import MemoryStore, PostgresStore, RedisStore, StoreDown

TEN = Policy("ten", 10, 60)
QUICK = Policy("quick", 3, 1)
# There is no embedded Redis: its store is tested where this names one.
REDIS = os.environ.get("VERF_TEST_REDIS_URL", "")


@pytest.fixture(params=["memory", "postgresql", *(["redis"] if REDIS else [])])
async def store(request, database):
    store = {"memory": MemoryStore, "postgresql": PostgresStore, "redis": lambda: RedisStore(REDIS)}[request.param]()
    yield store
    await store.close()


async def test_exactly_the_quota_of_a_hundred_at_once_passes(store):
    key = str(new_id())
    decisions = await asyncio.gather(*[store.take(key, TEN, 1) for _ in range(100)])
    assert sum(decision.allowed for decision in decisions) == 10
    refused = next(decision for decision in decisions if not decision.allowed)
    assert refused.remaining == 0
    assert 0 < refused.retry_after <= 60


async def test_keys_do_not_share(store):
    first, second = str(new_id()), str(new_id())
    assert (await store.take(first, TEN, 10)).allowed
    assert not (await store.take(first, TEN, 1)).allowed
    assert (await store.take(second, TEN, 1)).remaining == 9


async def test_asking_costs_nothing_and_forgetting_refills(store):
    key = str(new_id())
    assert (await store.take(key, TEN, 0)).remaining == 10
    await store.take(key, TEN, 10)
    assert not (await store.take(key, TEN, 0)).allowed
    await store.forget(key)
    assert (await store.take(key, TEN, 0)).allowed


async def test_no_second_of_a_busy_stretch_sees_more_than_the_quota(store):
    key, passed = str(new_id()), []
    until = time.monotonic() + 2.2
    while time.monotonic() < until:
        before = time.monotonic()
        if (await store.take(key, QUICK, 1)).allowed:
            passed.append((before, time.monotonic()))
        await asyncio.sleep(0.02)
    assert len(passed) >= 6
    # A hit happened somewhere between asking and hearing; only windows certainly shorter than a second are judged.
    for first, last in zip(passed, passed[3:], strict=False):
        assert last[1] - first[0] >= 1


async def test_moving_the_clock_of_the_business_refills_nothing(store):
    key = str(new_id())
    await store.take(key, TEN, 10)
    set_offset(timedelta(days=1))
    try:
        assert not (await store.take(key, TEN, 1)).allowed
    finally:
        set_offset(timedelta())


async def test_hits_count_even_when_the_transaction_around_them_rolls_back(database):
    store, key = PostgresStore(), str(new_id())
    with pytest.raises(LookupError):
        async with transaction():
            await store.take(key, TEN, 10)
            raise LookupError
    assert not (await store.take(key, TEN, 1)).allowed
    await store.close()


async def test_two_processes_share_one_count(database):
    one, other, key = PostgresStore(), PostgresStore(), str(new_id())
    decisions = await asyncio.gather(*[each.take(key, TEN, 1) for _ in range(30) for each in (one, other)])
    assert sum(decision.allowed for decision in decisions) == 10
    await one.close()
    await other.close()


async def test_a_store_that_lost_its_connection_opens_another(database):
    store = PostgresStore()
    await store.take("a", TEN, 1)
    store._connection.terminate()
    assert (await store.take("a", TEN, 1)).remaining == 8
    await store.close()


async def test_an_unreachable_redis_is_said_to_be_down():
    store = RedisStore("redis://127.0.0.1:9849")
    with pytest.raises(StoreDown):
        await store.take("a", TEN, 1)
    with pytest.raises(StoreDown):
        await store.forget("a")
    await store.close()


async def test_memory_forgets_what_has_expired():
    store, brief = MemoryStore(), Policy("brief", 1, 1)
    for number in range(100):
        await store.take(str(number), brief, 1)
    await asyncio.sleep(1.1)
    for _ in range(120):
        await store.take("other", TEN, 0)
    assert not store._windows
