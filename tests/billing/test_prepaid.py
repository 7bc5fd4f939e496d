"""Time that is bought and not renewed by itself: Wata, which keeps no method."""

import pytest
from lives import DAY, HOUR, buyer, live_until_due, mails, paid_subscription, rows, somebody

from verf.billing.changing import PlanChangeRefused, change_plan
from verf.billing.models import Grant, Payment, Subscription


@pytest.fixture
async def anna(harbour):
    anna = await somebody(harbour)
    await harbour.buy(anna, "pro", provider="wata")
    return anna


async def test_it_ends_when_the_time_is_over_and_says_so_before(harbour, anna):
    before = await paid_subscription()
    await harbour.live(35 * DAY, step=DAY / 2)
    row = await paid_subscription()
    assert (row.state, row.ended_because, row.ended_at) == ("ended", "expired", before.period_end)
    assert await mails() == ["prepaid_ends", "prepaid_ends", "prepaid_ends", "subscription_ended"]
    assert len(await rows(Payment)) == 1


async def test_who_buys_before_the_end_loses_no_day(harbour, anna):
    before = await live_until_due(harbour, before=5 * DAY)
    await harbour.buy(anna, "pro", provider="wata")
    row = await paid_subscription()
    assert (row.state, row.period_start) == ("active", before.period_end)
    assert row.period_index == before.period_index + 1
    first, second = [each for each in await rows(Grant) if each.source == "payment"]
    assert first.ends_at == second.starts_at
    told = await mails("prepaid_ends")
    await harbour.live(5 * DAY, step=DAY)
    assert await mails("prepaid_ends") == told, "the end it spoke of has moved"
    assert (await paid_subscription()).state == "active"


async def test_who_comes_back_later_begins_anew(harbour, anna):
    await live_until_due(harbour, before=-10 * DAY)
    await harbour.buy(anna, "pro", provider="wata")
    old, new = [each for each in await rows(Subscription) if each.provider == "wata"]
    assert (old.state, new.state) == ("ended", "active")


async def test_a_dearer_plan_is_paid_for_on_a_page(harbour, anna):
    await harbour.live(10 * DAY, step=5 * DAY)
    before = await paid_subscription()
    price = await harbour.price("enterprise", currency="RUB")
    change = await change_plan(buyer(anna), "stock", price, key="up")
    assert change.outcome == "to_pay"
    assert change.url
    ref = change.url.rstrip("/").rpartition("/")[2]
    await harbour.control("wata", f"checkouts/{ref}/pay")
    await harbour.settle()
    row = await paid_subscription()
    assert row.price_id == price
    assert row.period_end == before.period_end
    first, difference = await rows(Payment)
    assert (difference.kind, difference.state) == ("proration", "paid")
    assert 0 < difference.amount < 899_000 - first.amount
    assert difference.period_end == before.period_end
    await harbour.live(HOUR, step=HOUR)
    assert (await paid_subscription()).price_id == price


async def test_a_cheaper_plan_is_bought_when_this_one_ends(harbour, anna):
    price = await harbour.price("starter", currency="RUB")
    with pytest.raises(PlanChangeRefused):
        await change_plan(buyer(anna), "stock", price, key="down")
