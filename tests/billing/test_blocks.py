"""Counting fast: from blocks held in memory, exact at the limit and between processes."""

import asyncio
from dataclasses import replace

import pytest
from counting import Counter
from shop import LARGE, SHOP, SMALL, shop

from verf.billing import configure, publish, settle_blocks, start_afresh, take_one
from verf.billing.blocks import FAST, LARGEST_BLOCK, forget_blocks
from verf.limits import QuotaExceeded

PLENTY = shop(replace(SMALL, gives={**SMALL.gives, "calls": 4000}), LARGE)


@pytest.fixture
async def busy(counter: Counter):
    """The same customer with room for many calls."""
    configure([PLENTY])
    start_afresh()
    await publish()
    await counter.give("small")
    yield counter
    configure([SHOP])


async def take(counter: Counter, times: int) -> list[int]:
    return [(await take_one(counter.organisation, "shop", "calls")).used for _ in range(times)]


async def test_the_slow_are_counted_at_once(counter: Counter):
    assert await take(counter, 5) == [1, 2, 3, 4, 5]
    assert await counter.used("calls") == (5, 0)


async def test_the_fast_hold_a_block_and_every_one_is_counted(busy: Counter):
    assert await take(busy, 200) == list(range(1, 201))
    used, reserved = await busy.used("calls")
    assert 0 < reserved <= LARGEST_BLOCK
    assert used < 200 <= used + reserved
    await settle_blocks()
    assert await busy.used("calls") == (200, 0)
    assert await busy.wrong() == []


async def test_many_at_once_pass_the_limit_by_none(counter: Counter):
    async def one() -> bool:
        try:
            await take_one(counter.organisation, "shop", "calls")
        except QuotaExceeded:
            return False
        return True

    assert sum(await asyncio.gather(*(one() for _ in range(60)))) == 10
    assert await counter.used("calls") == (10, 0)


async def test_another_process_sees_what_a_block_holds(busy: Counter):
    await take(busy, FAST + 5)
    used, reserved = await busy.used("calls")
    # What another process does: no memory of this block.
    forget_blocks()
    again = await take_one(busy.organisation, "shop", "calls")
    assert again.used == used + 1
    assert again.remaining == 4000 - used - reserved - 1


async def test_a_change_of_plan_ends_the_block(busy: Counter):
    await take(busy, FAST + 5)
    await busy.take_away("first")
    await busy.take_away("more")
    await busy.give("large", ref="other")
    assert (await take_one(busy.organisation, "shop", "calls")).limit == 1000
    await settle_blocks()
    assert await busy.used("calls") == (FAST + 6, 0)
