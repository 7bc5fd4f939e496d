"""Quotas: counted once, checked where they are counted, in windows that begin at the anchor."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from counting import Counter
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from verf.billing import Given, as_hit
from verf.billing.holds import HoldClosed, NoSuchHold, expire_holds
from verf.billing.models import UsageEvent, UsageWindow
from verf.billing.periods import Calendar
from verf.billing.usage import NoQuota, NotOfThisTime, UsageKeyReused
from verf.billing.usage_report import usage_of
from verf.billing.usage_warnings import crossed
from verf.database import transaction
from verf.errors import Invalid, PaymentRequired
from verf.kit import advance, now
from verf.limits import QuotaExceeded


async def test_each_use_is_counted_up_to_the_limit(counter: Counter):
    for number in range(1, 11):
        assert (await counter.consume("calls")).used == number
    with pytest.raises(QuotaExceeded) as refused:
        await counter.consume("calls")
    assert (await counter.consume("calls", key="-", quietly=True)) is None
    assert refused.value.extra["reasons"][0]["code"] == "limit_reached"
    assert refused.value.extra["upgrade"] == "large"
    assert refused.value.extra["limit"] == 10
    assert refused.value.retry_after > 60


async def test_fifty_at_once_for_the_last_three_have_three_winners(counter: Counter):
    await counter.consume("calls", 7)
    outcomes = await asyncio.gather(*(counter.consume("calls", key=f"try-{n}", quietly=True) for n in range(50)))
    assert len([one for one in outcomes if one]) == 3
    assert await counter.used("calls") == (10, 0)
    assert await counter.wrong() == []


async def test_fifty_at_once_with_one_key_count_once(counter: Counter):
    outcomes = await asyncio.gather(*(counter.consume("calls", key="the same") for _ in range(50)))
    assert sorted(one.is_duplicate for one in outcomes) == [False, *[True] * 49]
    assert await counter.used("calls") == (1, 0)


async def test_the_same_key_for_something_else_is_a_conflict(counter: Counter):
    await counter.consume("calls", 2, key="a")
    assert (await counter.consume("calls", 2, key="a")).is_duplicate
    with pytest.raises(UsageKeyReused):
        await counter.consume("calls", 3, key="a")
    # Another quota has keys of its own.
    await counter.consume("mails", 3, key="a")
    assert await counter.used("calls") == (2, 0)


async def test_what_was_refused_may_be_tried_again_with_the_same_key(counter: Counter):
    assert await counter.consume("calls", 11, key="large", quietly=True) is None
    await counter.give("large")
    assert (await counter.consume("calls", 11, key="large")).used == 11


async def test_a_soft_limit_lets_through_and_says_so(counter: Counter):
    await counter.consume("mails", 10)
    over = await counter.consume("mails", 5)
    assert (over.used, over.is_over, over.remaining) == (15, True, 0)


async def test_without_limit_it_is_counted_all_the_same(counter: Counter):
    await counter.give("large")
    done = await counter.consume("tokens", 10**9)
    assert (done.used, done.limit, done.remaining) == (10**9, None, None)


async def test_who_has_no_plan_is_told_which_one_would_do(counter: Counter):
    await counter.take_away()
    with pytest.raises(PaymentRequired) as refused:
        await counter.consume("calls")
    assert refused.value.extra["upgrade"] == "small"
    assert refused.value.extra["plans_url"].endswith("/billing?product=shop")
    fallback = Given(kind="quota", amount=1)
    assert (await counter.consume("calls", without_plan=fallback)).used == 1
    with pytest.raises(QuotaExceeded):
        await counter.consume("calls", without_plan=fallback)


async def test_what_is_no_quota_cannot_be_used_up(counter: Counter):
    with pytest.raises(NoQuota):
        await counter.consume("seats")
    with pytest.raises(Invalid):
        await counter.consume("calls", 0)


async def test_a_month_begins_at_the_anchor_and_a_day_at_the_persons_midnight(counter: Counter):
    calls = await counter.consume("calls")
    assert (calls.starts_at, calls.resets_at) == (counter.anchor, Calendar(counter.anchor, "month").boundary(1))
    tokens = await counter.consume("tokens", zone="Asia/Tokyo")
    assert (tokens.starts_at.hour, tokens.resets_at - tokens.starts_at) == (15, timedelta(days=1))


async def test_the_next_window_begins_with_nothing_used(counter: Counter):
    await counter.consume("calls", 10)
    advance(Calendar(counter.anchor, "month").boundary(1) - now())
    assert (await counter.consume("calls")).used == 1


async def test_late_news_of_an_open_window_count_there_and_of_a_closed_one_in_the_next(counter: Counter):
    advance(datetime(2031, 5, 2, 12, tzinfo=UTC) - now())
    yesterday = now()
    await counter.consume("tokens", 5)
    advance(timedelta(days=1))
    late = await counter.consume("tokens", 3, key="late", at=yesterday)
    assert (late.is_adjustment, late.used) == (True, 3)
    # Whatever the limit of five: it has happened.
    assert (await counter.consume("tokens", 4, key="later", at=yesterday)).used == 7
    assert (await counter.consume("tokens", 4, key="later", at=yesterday)).is_duplicate
    assert await counter.consume("tokens", quietly=True) is None
    assert await counter.wrong() == []


async def test_an_hour_after_midnight_yesterday_is_still_open(counter: Counter):
    midnight = datetime(2031, 5, 2, tzinfo=UTC)
    advance(midnight - timedelta(minutes=1) - now())
    await counter.give("large", days=5)
    await counter.take_away("first")
    before = now()
    await counter.consume("tokens", 2)
    advance(timedelta(minutes=30))
    late = await counter.consume("tokens", 3, key="late", at=before)
    assert (late.is_adjustment, late.used, late.resets_at) == (False, 5, midnight)


async def test_news_from_long_ago_or_from_the_future_are_refused(counter: Counter):
    for moment in (now() - timedelta(days=31), now() + timedelta(hours=1)):
        with pytest.raises(NotOfThisTime):
            await counter.consume("calls", at=moment)


async def test_what_is_held_is_not_free_until_it_is_settled_or_released(counter: Counter):
    await counter.hold("calls", 6, key="a")
    await counter.hold("calls", 4, key="b")
    assert await counter.consume("calls", quietly=True) is None
    await counter.settle("calls", 2, key="a")
    assert await counter.used("calls") == (2, 4)
    assert await counter.release("calls", key="b")
    assert not await counter.release("calls", key="b")
    assert await counter.used("calls") == (2, 0)
    assert await counter.wrong() == []


async def test_settling_and_holding_again_change_nothing(counter: Counter):
    await counter.hold("calls", 6, key="a")
    assert (await counter.hold("calls", 6, key="a")).is_duplicate
    await counter.settle("calls", 6, key="a")
    await counter.settle("calls", 6, key="a")
    assert await counter.used("calls") == (6, 0)
    with pytest.raises(HoldClosed):
        await counter.settle("calls", 5, key="a")
    with pytest.raises(UsageKeyReused):
        await counter.hold("calls", 6, key="a")
    with pytest.raises(NoSuchHold):
        await counter.settle("calls", 1, key="nothing")


async def test_work_that_took_more_than_was_held_is_counted_whole(counter: Counter):
    await counter.hold("calls", 6, key="a")
    await counter.settle("calls", 12, key="a")
    assert await counter.used("calls") == (12, 0)


async def test_a_hold_nobody_closes_is_freed_and_may_still_be_settled(counter: Counter):
    await counter.hold("calls", 6, key="a", patience=timedelta(minutes=5))
    await counter.hold("calls", 1, key="b", patience=timedelta(hours=5))
    advance(timedelta(minutes=6))
    async with transaction(system="test expires") as session:
        assert await expire_holds(session) == 1
    assert await counter.used("calls") == (0, 1)
    await counter.settle("calls", 6, key="a")
    assert await counter.used("calls") == (6, 1)
    assert await counter.wrong() == []


async def test_quotas_are_told_in_the_headers_of_answers(counter: Counter):
    await counter.give("large")
    unlimited = await counter.consume("tokens")
    assert as_hit(unlimited) is None
    policy, hit = as_hit(await counter.consume("calls"))
    assert (policy.name, policy.quota, hit.remaining, hit.allowed, hit.retry_after) == ("calls", 1000, 999, True, 0)
    assert policy.window in {days * 86_400 for days in (28, 29, 30, 31)}
    _, refused = as_hit(await counter.consume("calls"), passed=False)
    assert (refused.allowed, refused.retry_after > 0) == (False, True)


async def test_fifty_holds_at_once_for_ten_have_ten_winners(counter: Counter):
    outcomes = await asyncio.gather(*(counter.hold("calls", 1, key=f"h{n}", quietly=True) for n in range(50)))
    assert len([one for one in outcomes if one]) == 10
    assert await counter.used("calls") == (0, 10)


async def test_eighty_and_a_hundred_per_cent_are_crossed_once(counter: Counter):
    await counter.consume("calls", 7)
    assert await counter.told() == []
    await counter.consume("calls", 1)
    await counter.hold("calls", 2, key="a")
    await counter.release("calls", key="a")
    assert await counter.told() == [80]
    await asyncio.gather(counter.consume("calls", 1), counter.consume("calls", 1))
    assert await counter.told() == [100]


@pytest.mark.parametrize(
    "limit, before, after, level",
    [
        (10, 0, 7, 0),
        (10, 7, 8, 80),
        (10, 8, 9, 0),
        (10, 9, 10, 100),
        (10, 0, 10, 100),
        (None, 0, 99, 0),
        (3, 2, 3, 100),
    ],
)
def test_levels_are_crossed_by_whole_per_cents(limit, before, after, level):
    assert crossed(limit, before, after) == level


async def test_usage_is_told_for_every_entitlement(counter: Counter):
    await counter.consume("calls", 3)
    async with transaction(organisation=counter.organisation) as session:
        found = {use.feature: use for use in await usage_of(session, counter.organisation, "shop")}
    assert (found["calls"].used, found["calls"].limit, found["calls"].percent) == (3, 10, 30)
    assert found["calls"].resets_at == Calendar(counter.anchor, "month").boundary(1)
    assert (found["tokens"].used, found["tokens"].limit) == (0, 5)
    assert not found["export"].is_given
    assert (found["export"].percent, found["seats"].used) == (None, 1)


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["consume", "hold", "settle", "release", "expire"]),
        st.sampled_from(["calls", "mails", "tokens"]),
        st.integers(1, 6),
        st.integers(1, 4),
        st.integers(0, 30),
    ),
    max_size=25,
)


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(STEPS)
async def test_a_recount_gives_the_same_number_whatever_happened(counter: Counter, steps):
    for what, feature, amount, key, hours in steps:
        advance(timedelta(hours=hours))
        await counter.step(what, feature, amount, f"key-{key}")
    assert await counter.wrong() == []


async def test_one_organisation_never_counts_for_another(counter: Counter):
    other = await Counter.open("boris@example.com")
    await counter.consume("calls", 10, key="a")
    assert (await other.consume("calls", 10, key="a")).used == 10
    async with transaction(organisation=other.organisation) as session:
        assert len(list(await session.scalars(select(UsageEvent)))) == 1
        assert len(list(await session.scalars(select(UsageWindow)))) == 1
