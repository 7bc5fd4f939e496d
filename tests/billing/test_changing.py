"""Another plan: up at once for the difference, down when what is paid for is over; twice is once."""

import asyncio

import pytest
from lives import (
    DAY,
    HOUR,
    buyer,
    charged,
    live_until_due,
    mails,
    methods_come_to,
    paid_subscription,
    payments,
    rows,
    somebody,
)

from verf.billing.changing import AlreadyOnPlan, PlanChangeRefused, change_plan, keep_plan, preview_change
from verf.billing.ending import cancel
from verf.billing.models import Grant, Payment, PlanVersion
from verf.billing.steering import ChangeUnderWay, NotSubscribed


@pytest.fixture
async def anna(harbour):
    anna = await somebody(harbour)
    await harbour.buy(anna, "pro", provider="yookassa")
    await harbour.live(10 * DAY, step=10 * DAY)
    return anna


async def plan_of(row):
    [found] = [each for each in await rows(PlanVersion) if each.id == row.plan_version_id]
    return found.plan


async def test_up_costs_the_difference_by_the_second_and_opens_at_once(harbour, anna):
    price = await harbour.price("enterprise", currency="RUB")
    told = await preview_change(anna.organisation, "stock", price)
    before = await paid_subscription()
    done = await change_plan(buyer(anna), "stock", price, key="up")
    assert done.outcome == "done"
    await harbour.settle()
    row = await paid_subscription()
    assert await plan_of(row) == "enterprise"
    assert (row.period_start, row.period_end) == (before.period_start, before.period_end)
    [initial, difference] = await rows(Payment)
    assert (difference.kind, difference.state, difference.period_end) == ("proration", "paid", row.period_end)
    assert abs(difference.amount - told.due_now.minor_units) <= 2
    left = (row.period_end - difference.period_start) / (row.period_end - row.period_start)
    assert abs(difference.amount - (899_000 - 269_000) * left) <= 2
    assert initial.amount == 269_000
    grants = [grant for grant in await rows(Grant) if grant.source_ref == str(difference.id)]
    assert [(grant.starts_at, grant.ends_at) for grant in grants] == [(difference.period_start, row.period_end)]
    assert await mails("plan_changed") == ["plan_changed"]
    await harbour.live(row.period_end - difference.period_start + HOUR, step=10 * DAY)
    assert [each.amount for each in await rows(Payment)][2:] == [899_000]


async def test_fifty_who_ask_at_once_change_it_once(harbour, anna):
    price = await harbour.price("enterprise", currency="RUB")
    asked = (change_plan(buyer(anna), "stock", price, key=f"key {number}") for number in range(50))
    found = await asyncio.gather(*asked, return_exceptions=True)
    won = [each for each in found if not isinstance(each, BaseException)]
    assert [each.outcome for each in won] == ["done"]
    assert {type(each) for each in found if isinstance(each, BaseException)} <= {ChangeUnderWay, AlreadyOnPlan}
    assert len(await charged(harbour)) == 2


async def test_one_key_is_one_change(harbour, anna):
    price = await harbour.price("enterprise", currency="RUB")
    first = await change_plan(buyer(anna), "stock", price, key="same")
    again = await change_plan(buyer(anna), "stock", price, key="same")
    assert first == again
    assert len(await charged(harbour)) == 2


async def test_a_difference_that_is_declined_changes_nothing(harbour, anna):
    await methods_come_to(harbour, "insufficient_funds")
    price = await harbour.price("enterprise", currency="RUB")
    refused = await change_plan(buyer(anna), "stock", price, key="up")
    assert (refused.outcome, refused.failure) == ("failed", "insufficient_funds")
    row = await paid_subscription()
    assert (await plan_of(row), row.state) == ("pro", "active")
    await methods_come_to(harbour, "pays")
    assert (await change_plan(buyer(anna), "stock", price, key="up again")).outcome == "done"


async def test_a_provider_that_is_away_leaves_the_change_to_the_worker(harbour, anna):
    price = await harbour.price("enterprise", currency="RUB")
    await harbour.control("yookassa", "knobs", fail={"path": "POST"})
    assert (await change_plan(buyer(anna), "stock", price, key="up")).outcome == "pending"
    with pytest.raises(ChangeUnderWay):
        await change_plan(buyer(anna), "stock", price, key="another")
    await harbour.control("yookassa", "knobs", "DELETE")
    await harbour.live(HOUR, step=HOUR / 4)
    assert await plan_of(await paid_subscription()) == "enterprise"
    assert (await change_plan(buyer(anna), "stock", price, key="up")).outcome == "done"
    assert len(await charged(harbour)) == 2


async def test_down_waits_for_the_end_of_what_is_paid_for(harbour, anna):
    price = await harbour.price("starter", currency="RUB")
    told = await preview_change(anna.organisation, "stock", price)
    assert (told.when, told.due_now.minor_units) == ("period_end", 0)
    change = await change_plan(buyer(anna), "stock", price, key="down")
    row = await paid_subscription()
    assert (change.outcome, change.at) == ("scheduled", row.period_end)
    assert await plan_of(row) == "pro"
    await harbour.live(25 * DAY, step=5 * DAY)
    later = await paid_subscription()
    assert await plan_of(later) == "starter"
    assert (later.pending_price_id, later.period_start) == (None, row.period_end)
    assert [each.amount for each in await rows(Payment)] == [269_000, 89_000]


async def test_a_change_to_come_can_be_taken_back(harbour, anna):
    price = await harbour.price("starter", currency="RUB")
    await change_plan(buyer(anna), "stock", price, key="down")
    await keep_plan(anna.organisation, "stock", by=anna.person, key="keep")
    await live_until_due(harbour, before=-HOUR)
    assert await plan_of(await paid_subscription()) == "pro"


async def test_a_year_of_the_same_plan_begins_now_and_counts_what_is_left_of_the_month(harbour, anna):
    price = await harbour.price("pro", currency="RUB", interval="year")
    change = await change_plan(buyer(anna), "stock", price, key="year")
    assert change.outcome == "done"
    row = await paid_subscription()
    [_month, year] = await rows(Payment)
    assert row.period_start == year.period_start
    assert (row.period_end - row.period_start).days in (365, 366)
    left = 269_000 - (2_690_000 - year.amount)
    assert 0 < 269_000 - left < 269_000
    await harbour.live(30 * DAY, step=15 * DAY)
    assert await payments() == [("initial", "paid"), ("proration", "paid")]


async def test_down_from_a_year_waits_so_that_nothing_is_lost(harbour, anna):
    year = await harbour.price("pro", currency="RUB", interval="year")
    await change_plan(buyer(anna), "stock", year, key="year")
    month = await harbour.price("starter", currency="RUB")
    told = await preview_change(anna.organisation, "stock", month)
    assert told.when == "period_end"
    await change_plan(buyer(anna), "stock", month, key="month")
    row = await live_until_due(harbour, before=-HOUR)
    assert await plan_of(row) == "starter"
    assert 28 <= (row.period_end - row.period_start).days <= 31
    assert row.period_index == 0


async def test_what_cannot_be_changed_says_why(harbour, anna):
    same = await harbour.price("pro", currency="RUB")
    dollars = await harbour.price("enterprise")
    up = await harbour.price("enterprise", currency="RUB")
    stranger = await harbour.member("Boris")
    with pytest.raises(AlreadyOnPlan):
        await change_plan(buyer(anna), "stock", same, key="1")
    with pytest.raises(PlanChangeRefused):
        await change_plan(buyer(anna), "stock", dollars, key="2")
    with pytest.raises(NotSubscribed):
        await change_plan(buyer(stranger), "stock", up, key="3")
    await cancel(anna.organisation, "stock", when="period_end", reason="", by=anna.person, key="k")
    with pytest.raises(PlanChangeRefused):
        await change_plan(buyer(anna), "stock", up, key="4")


async def test_a_difference_too_small_for_a_card_is_taken_with_the_next_charge(harbour, anna):
    before = await live_until_due(harbour, before=HOUR / 600)
    price = await harbour.price("enterprise", currency="RUB")
    told = await preview_change(anna.organisation, "stock", price)
    assert (told.when, told.due_now.minor_units) == ("now", 0)
    assert (await change_plan(buyer(anna), "stock", price, key="up")).outcome == "done"
    assert await plan_of(await paid_subscription()) == "enterprise"
    assert len(await charged(harbour)) == 1
    [grant] = [each for each in await rows(Grant) if each.ends_at == before.period_end][1:]
    assert grant.plan_version_id == (await paid_subscription()).plan_version_id
    small = (await rows(Payment))[-1].credit
    assert 0 < small < 100
    await harbour.live(HOUR, step=HOUR)
    assert [each.amount for each in await rows(Payment)] == [269_000, 0, 899_000 + small]
