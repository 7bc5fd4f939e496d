"""Changes of plan at providers that keep the calendar: theirs is the arithmetic, ours that it happens once."""

import asyncio

import pytest
from lives import DAY, HOUR, buyer, mails, paid_subscription, payments, rows, somebody

from verf.billing.changing import AlreadyOnPlan, change_plan, keep_plan, preview_change
from verf.billing.models import Payment, PlanVersion, Subscription
from verf.billing.providers.events import ProviderRefused
from verf.billing.steering import ChangeUnderWay

PROVIDERS = ["stripe", "paddle"]


@pytest.fixture(params=PROVIDERS)
async def provider(request):
    return request.param


@pytest.fixture
async def anna(harbour, provider):
    anna = await somebody(harbour)
    await harbour.buy(anna, "pro", provider=provider)
    await harbour.live(10 * DAY, step=10 * DAY)
    return anna


async def plan_of(row):
    [found] = [each for each in await rows(PlanVersion) if each.id == row.plan_version_id]
    return found.plan


async def test_up_costs_what_the_preview_said(harbour, provider, anna):
    price = await harbour.price("enterprise")
    told = await preview_change(anna.organisation, "stock", price)
    done = await change_plan(buyer(anna), "stock", price, key="up", token=told.token)
    assert (told.when, done.outcome) == ("now", "done")
    await harbour.settle()
    row = await paid_subscription()
    assert (await plan_of(row), row.changing_since) == ("enterprise", None)
    difference = (await rows(Payment))[-1]
    assert (difference.state, difference.amount) == ("paid", told.due_now.minor_units)
    assert await mails("plan_changed") == ["plan_changed"]


async def test_fifty_who_ask_at_once_change_it_once(harbour, provider, anna):
    price = await harbour.price("enterprise")
    asked = (change_plan(buyer(anna), "stock", price, key=f"key {number}") for number in range(50))
    found = await asyncio.gather(*asked, return_exceptions=True)
    won = [each for each in found if not isinstance(each, BaseException)]
    assert [each.outcome for each in won] == ["done"]
    assert {type(each) for each in found if isinstance(each, BaseException)} <= {ChangeUnderWay, AlreadyOnPlan}
    await harbour.settle()
    assert len(await payments("paid")) == 2


async def test_down_waits_and_can_be_taken_back(harbour, provider, anna):
    price = await harbour.price("starter")
    change = await change_plan(buyer(anna), "stock", price, key="down")
    row = await paid_subscription()
    assert (change.outcome, row.pending_price_id) == ("scheduled", price)
    assert await plan_of(row) == "pro"
    await keep_plan(anna.organisation, "stock", by=anna.person, key="keep")
    assert (await paid_subscription()).pending_price_id is None
    await change_plan(buyer(anna), "stock", price, key="down again")
    await harbour.live(25 * DAY, step=5 * DAY)
    assert await plan_of(await paid_subscription()) == "starter"


async def test_a_difference_that_is_declined_changes_nothing(harbour, provider, anna):
    for method in (await harbour.truth(provider))["methods"]:
        await harbour.control(provider, f"methods/{method['id']}", outcome="insufficient_funds")
    price = await harbour.price("enterprise")
    with pytest.raises(ProviderRefused):
        await change_plan(buyer(anna), "stock", price, key="up")
    await harbour.settle()
    row = await paid_subscription()
    assert (await plan_of(row), row.state, row.changing_since) == ("pro", "active", None)


async def test_an_answer_that_was_lost_is_looked_up(harbour, provider, anna):
    """The change was made, its answer and every webhook are lost: a job looks two minutes later."""
    await harbour.control(provider, "knobs", drop={"rate": 1}, fail={"rate": 1, "path": "GET"})
    price = await harbour.price("enterprise")
    with pytest.raises(Exception, match=r".*"):
        await change_plan(buyer(anna), "stock", price, key="up")
    await harbour.control(provider, "knobs", "DELETE")
    await harbour.live(HOUR, step=HOUR / 4)
    [row] = [each for each in await rows(Subscription) if each.provider == provider]
    assert await plan_of(row) in ("pro", "enterprise")
    await change_plan(buyer(anna), "stock", price, key="up") if await plan_of(row) == "pro" else None
    assert await plan_of(await paid_subscription()) == "enterprise"
