"""Changes of plan at providers that keep the calendar: theirs is the arithmetic, ours that it happens once."""

import asyncio
from contextlib import ExitStack
from datetime import timedelta

import pytest
from killing import dies, moments, work_through
from lives import DAY, HOUR, buyer, mails, paid_subscription, payments, rows
from staging import Shielded

from verf.billing.changing import AlreadyOnPlan, change_plan, keep_plan, preview_change
from verf.billing.models import Payment, PlanVersion, Subscription
from verf.billing.providers import registry
from verf.billing.providers.events import ProviderRefused, ProviderUnreachable
from verf.billing.providers.pictures import Subject
from verf.billing.steering import ChangeUnderWay
from verf.jobs import shift
from verf.kit import advance, new_id
from verf.outbound import use_transport

PROVIDERS = ["stripe", "paddle"]
A_WHILE = timedelta(minutes=5)


@pytest.fixture(params=PROVIDERS)
async def provider(request):
    return request.param


@pytest.fixture
async def anna(harbour, anna):
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


@pytest.fixture
async def down_later(harbour, provider, anna):
    """Starter is to come. The provider lives on when somebody who asked it dies."""
    with ExitStack() as stack:
        stack.enter_context(use_transport(provider, Shielded(harbour.sandbox._transport)))
        change = await change_plan(buyer(anna), "stock", await harbour.price("starter"), key="down")
        assert change.outcome == "scheduled"
        yield await harbour.price("starter")


async def no_money(harbour, provider):
    for method in (await harbour.truth(provider))["methods"]:
        await harbour.control(provider, f"methods/{method['id']}", outcome="insufficient_funds")


async def money(harbour, provider):
    for method in (await harbour.truth(provider))["methods"]:
        await harbour.control(provider, f"methods/{method['id']}", outcome="pays")


async def to_come_at(provider):
    """What the provider itself has planned, whatever our row remembers."""
    picture = await registry.provider(provider).fetch(Subject("subscription", (await paid_subscription()).ref))
    return picture.subscription.pending_price


async def test_who_dies_in_an_unpaid_upgrade_leaves_the_downgrade(harbour, provider, anna, down_later):
    planned = await to_come_at(provider)
    assert planned
    await no_money(harbour, provider)
    up, deaths = await harbour.price("enterprise"), 0
    for moment in moments(growth=1.25):
        try:
            if not await dies(change_plan(buyer(anna), "stock", up, key=str(new_id())), after=moment):
                break
        except ProviderRefused:
            break
        deaths += 1
        assert (await paid_subscription()).pending_price_id == down_later
        await harbour.live(2 * A_WHILE, step=A_WHILE)
        row = await paid_subscription()
        assert (await plan_of(row), row.pending_price_id, row.kept_price_id) == ("pro", down_later, None)
        assert await to_come_at(provider) == planned
    assert deaths > 10
    assert await to_come_at(provider) == planned
    await money(harbour, provider)
    await harbour.live(25 * DAY, step=5 * DAY)
    assert await plan_of(await paid_subscription()) == "starter"
    # That it is to come, and that it has.
    assert await mails("plan_changed") == ["plan_changed", "plan_changed"]


async def let_go(harbour, provider, anna):
    """Its plan was taken off, and whoever did that heard no more of it."""
    path = "/release" if provider == "stripe" else "PATCH /sandbox/paddle/subscriptions/"
    await harbour.control(provider, "knobs", fail_after={"rate": 1, "path": path})
    with pytest.raises(ProviderUnreachable):
        await change_plan(buyer(anna), "stock", await harbour.price("enterprise"), key="up")
    await harbour.control(provider, "knobs", "DELETE")
    assert not await to_come_at(provider)


async def test_what_was_taken_off_is_put_on_again_whoever_dies_over_it(harbour, provider, anna, down_later):
    planned = await to_come_at(provider)
    await no_money(harbour, provider)
    await let_go(harbour, provider, anna)
    await harbour.settle()
    assert (await paid_subscription()).pending_price_id == down_later
    advance(A_WHILE)
    await shift(A_WHILE)
    assert await work_through() > 5
    await harbour.live(2 * A_WHILE, step=A_WHILE)
    assert await to_come_at(provider) == planned
    row = await paid_subscription()
    assert (row.pending_price_id, row.kept_price_id) == (down_later, None)
    assert await mails("plan_changed") == ["plan_changed"]


async def test_while_it_is_not_put_on_again_yet_an_upgrade_waits_and_keeping_the_plan_does_not(
    harbour, provider, anna, down_later
):
    await no_money(harbour, provider)
    await let_go(harbour, provider, anna)
    advance(A_WHILE)
    with pytest.raises(ChangeUnderWay):
        await change_plan(buyer(anna), "stock", await harbour.price("enterprise"), key="up again")
    await keep_plan(anna.organisation, "stock", by=anna.person, key="keep")
    await harbour.live(2 * A_WHILE, step=A_WHILE)
    assert not await to_come_at(provider)
    row = await paid_subscription()
    assert (row.pending_price_id, row.kept_price_id) == (None, None)


async def test_who_dies_in_a_paid_upgrade_leaves_one_of_both(harbour, provider, anna, down_later):
    up = await harbour.price("enterprise")
    for moment in moments(growth=1.3):
        if not await dies(change_plan(buyer(anna), "stock", up, key=str(new_id())), after=moment):
            break
        await harbour.live(2 * A_WHILE, step=A_WHILE)
        row = await paid_subscription()
        if row.price_id == up:
            break
        assert (row.pending_price_id, row.kept_price_id) == (down_later, None)
    await harbour.live(2 * A_WHILE, step=A_WHILE)
    row = await paid_subscription()
    assert (row.price_id, row.pending_price_id, row.kept_price_id) == (up, None, None)
    assert not await to_come_at(provider)
    assert len(await payments("paid")) == 2
