"""Upgrades are paid now, downgrades come with the next period, and nothing is done twice."""

from datetime import timedelta

import pytest
from paddle_desk import LARGE, LARGE_YEARLY, SMALL, tag

from verf.billing.providers.events import ProviderRefused, ProviderUnreachable
from verf.billing.states import PaymentKind, PaymentState, SubscriptionState
from verf.kit import Money
from verf.sandbox.payments.cards import Outcome

HUGE = tag("huge", 9000)


async def change(desk, subscription, price, when="now"):
    await desk.paddle.change_plan(subscription, price, when=when, key=f"{subscription} {price.key} {when}")


async def ref(desk, price) -> str:
    return await desk.paddle.publish_price(price)


async def test_an_upgrade_costs_what_its_preview_said(desk):
    subscription = await desk.bought()
    before = await desk.seen(subscription)
    await desk.passes(days=10)
    preview = await desk.paddle.preview_change(subscription, LARGE)
    assert preview.next_payment == LARGE.money
    assert preview.next_payment_at == before.subscription.period_end
    assert (await desk.seen(subscription)).subscription == before.subscription
    await change(desk, subscription, LARGE)
    picture = await desk.seen(subscription)
    first, second = picture.payments
    assert second.money == preview.due_now
    assert (second.kind, second.price) == (PaymentKind.PRORATION, await ref(desk, LARGE))
    assert (picture.subscription.price, picture.subscription.pending_price) == (second.price, "")
    assert second.period_end == first.period_end == picture.subscription.period_end
    # A credit lowers what is taken next; it is no refund of what was taken before.
    assert first.refunds == ()


async def test_two_upgrades_cost_as_much_as_one(desk):
    stepwise, at_once = await desk.bought(), await desk.bought()
    await desk.passes(days=7)
    await change(desk, stepwise, LARGE)
    await change(desk, stepwise, HUGE)
    await change(desk, at_once, HUGE)
    totals = [
        sum(payment.money.minor_units for payment in (await desk.seen(each)).payments) for each in (stepwise, at_once)
    ]
    assert abs(totals[0] - totals[1]) <= 1


async def test_a_change_that_is_done_is_not_done_again(desk):
    subscription = await desk.bought()
    for _ in range(2):
        await change(desk, subscription, LARGE)
    assert len((await desk.seen(subscription)).payments) == 2


@pytest.mark.parametrize("how", ["timeout_after", "fail_after"])
async def test_a_change_whose_answer_was_lost_is_charged_once(desk, how):
    subscription = await desk.bought()
    desk.turn(how, count=1, path="PATCH /sandbox/paddle/subscriptions")
    with pytest.raises(ProviderUnreachable):
        await change(desk, subscription, LARGE)
    await change(desk, subscription, LARGE)
    assert len((await desk.seen(subscription)).payments) == 2


async def test_an_unpaid_difference_leaves_the_plan_as_it_was(desk):
    subscription = await desk.bought(later=Outcome.INSUFFICIENT_FUNDS)
    with pytest.raises(ProviderRefused) as refusal:
        await change(desk, subscription, LARGE)
    assert refusal.value.provider_code == "subscription_payment_declined"
    picture = await desk.seen(subscription)
    assert (picture.subscription.state, picture.subscription.price) == (
        SubscriptionState.ACTIVE,
        await ref(desk, SMALL),
    )
    assert [payment.state for payment in picture.payments] == [PaymentState.PAID, PaymentState.VOID]


async def test_a_downgrade_waits_for_the_period_to_end(desk):
    subscription = await desk.bought(LARGE)
    for _ in range(2):
        await change(desk, subscription, SMALL, "period_end")
    seen = (await desk.seen(subscription)).subscription
    assert (seen.price, seen.pending_price) == (await ref(desk, LARGE), await ref(desk, SMALL))
    await desk.passes(days=31)
    picture = await desk.seen(subscription)
    assert (picture.subscription.price, picture.subscription.pending_price) == (await ref(desk, SMALL), "")
    assert [payment.money for payment in picture.payments] == [LARGE.money, SMALL.money]


async def test_a_waiting_downgrade_can_be_taken_back(desk):
    subscription = await desk.bought(LARGE)
    await change(desk, subscription, SMALL, "period_end")
    await change(desk, subscription, LARGE)
    picture = await desk.seen(subscription)
    assert (picture.subscription.price, picture.subscription.pending_price) == (await ref(desk, LARGE), "")
    assert len(picture.payments) == 1


async def test_an_upgrade_instead_of_a_waiting_downgrade_counts_from_what_was_paid(desk):
    waiting, plain = await desk.bought(LARGE), await desk.bought(LARGE)
    await change(desk, waiting, SMALL, "period_end")
    for subscription in (waiting, plain):
        await change(desk, subscription, HUGE)
    sums = [[payment.money for payment in (await desk.seen(each)).payments] for each in (waiting, plain)]
    assert sums[0] == sums[1]


async def test_a_change_to_another_interval_waits_as_well(desk):
    subscription = await desk.bought(LARGE_YEARLY)
    before = (await desk.seen(subscription)).subscription
    await change(desk, subscription, SMALL, "period_end")
    seen = (await desk.seen(subscription)).subscription
    assert (seen.period_end, seen.pending_price) == (before.period_end, await ref(desk, SMALL))
    await desk.passes(days=366)
    await desk.passes(days=31)
    sums = [payment.money for payment in (await desk.seen(subscription)).payments]
    assert sums == [LARGE_YEARLY.money, SMALL.money, SMALL.money]


async def test_a_longer_interval_now_begins_a_new_period(desk):
    subscription = await desk.bought()
    at = await desk.passes(days=15)
    await change(desk, subscription, LARGE_YEARLY)
    picture = await desk.seen(subscription)
    assert (picture.subscription.period_end - at).days in (364, 365)
    assert picture.payments[-1].money < LARGE_YEARLY.money
    assert picture.payments[-1].period_end == picture.subscription.period_end


async def test_a_downgrade_now_leaves_a_credit_that_the_next_renewal_uses(desk):
    subscription = await desk.bought(HUGE)
    await change(desk, subscription, SMALL)
    await desk.passes(days=31)
    sums = [payment.money.minor_units for payment in (await desk.seen(subscription)).payments]
    assert sums == [9000, 0, 0]


async def test_a_cancellation_at_period_end_can_be_taken_back(desk):
    subscription = await desk.bought()
    for _ in range(2):
        await desk.paddle.cancel(subscription, when="period_end", key="cancel")
    seen = (await desk.seen(subscription)).subscription
    assert (seen.state, seen.cancel_at) == (SubscriptionState.ACTIVE, seen.period_end)
    for _ in range(2):
        await desk.paddle.resume(subscription, key="resume")
    assert (await desk.seen(subscription)).subscription.cancel_at is None
    await desk.passes(days=31)
    assert len((await desk.seen(subscription)).payments) == 2


async def test_a_cancellation_at_period_end_ends_it_unbilled(desk):
    subscription = await desk.bought()
    await desk.paddle.cancel(subscription, when="period_end", key="cancel")
    await desk.passes(days=31)
    picture = await desk.seen(subscription)
    assert picture.subscription.state is SubscriptionState.ENDED
    assert (len(picture.payments), picture.subscription.ended_at) == (1, picture.payments[0].period_end)


@pytest.mark.parametrize("before", ["nothing", "a cancellation", "a pause"])
async def test_a_cancellation_now_is_at_once_whatever_was_planned(desk, before):
    subscription = await desk.bought()
    if before == "a cancellation":
        await desk.paddle.cancel(subscription, when="period_end", key="later")
    if before == "a pause":
        await desk.paddle.pause(subscription, key="pause")
    for _ in range(2):
        await desk.paddle.cancel(subscription, when="now", key="now")
    assert (await desk.seen(subscription)).subscription.state is SubscriptionState.ENDED
    with pytest.raises(ProviderRefused):
        await desk.paddle.resume(subscription, key="resume")


async def test_a_pause_loses_nothing_that_was_paid_for(desk):
    subscription = await desk.bought()
    period_end = (await desk.seen(subscription)).subscription.period_end
    for _ in range(2):
        await desk.paddle.pause(subscription, key="pause")
    paused = (await desk.seen(subscription)).subscription
    assert paused.state is SubscriptionState.SUSPENDED
    assert paused.paused_at is not None
    await desk.passes(days=10)
    for _ in range(2):
        await desk.paddle.resume(subscription, key="resume")
    picture = await desk.seen(subscription)
    assert (picture.subscription.state, picture.subscription.period_end) == (SubscriptionState.ACTIVE, period_end)
    assert len(picture.payments) == 1


async def test_after_a_long_pause_a_new_period_is_paid(desk):
    subscription = await desk.bought()
    await desk.paddle.pause(subscription, key="pause")
    await desk.passes(days=100)
    assert len((await desk.seen(subscription)).payments) == 1
    await desk.paddle.resume(subscription, key="resume")
    picture = await desk.seen(subscription)
    assert [payment.state for payment in picture.payments] == [PaymentState.PAID, PaymentState.PAID]
    assert picture.payments[-1].period_end == picture.subscription.period_end


async def test_a_pause_that_waits_for_the_end_of_the_period_is_one(desk):
    """As their dashboard makes it; ours are made at once."""
    subscription = await desk.bought()
    body = {"effective_from": "next_billing_period"}
    await desk.paddle._api.post(f"/subscriptions/{subscription}/pause", body)  # we never ask for this
    waiting = (await desk.seen(subscription)).subscription
    assert (waiting.state, waiting.is_paused) == (SubscriptionState.ACTIVE, True)
    await desk.paddle.resume(subscription, key="resume")
    assert not (await desk.seen(subscription)).subscription.is_paused


async def test_what_is_about_to_end_is_not_paused(desk):
    subscription = await desk.bought()
    await desk.paddle.cancel(subscription, when="period_end", key="cancel")
    with pytest.raises(ProviderRefused):
        await desk.paddle.pause(subscription, key="pause")


async def test_half_an_hour_before_a_renewal_nothing_is_changed(desk):
    subscription = await desk.bought()
    await desk.passes(days=29, hours=23, minutes=45)
    with pytest.raises(ProviderRefused) as refusal:
        await change(desk, subscription, LARGE)
    assert refusal.value.provider_code == "subscription_locked_renewal"


async def test_what_is_owed_is_paid_before_anything_changes(desk):
    subscription = await desk.bought(later=Outcome.INSUFFICIENT_FUNDS)
    await desk.passes(days=31)
    with pytest.raises(ProviderRefused, match="overdue") as refusal:
        await change(desk, subscription, LARGE)
    assert refusal.value.provider_code == "subscription_outstanding_transaction"


async def test_a_trial_changes_its_plan_without_being_billed(desk):
    subscription = await desk.bought(trial=timedelta(days=14), money=Money(0, "USD"))
    await change(desk, subscription, LARGE)
    picture = await desk.seen(subscription)
    assert (picture.subscription.state, picture.payments) == (SubscriptionState.TRIALING, ())
    assert picture.subscription.price == await ref(desk, LARGE)
    await desk.passes(days=15)
    assert [payment.money for payment in (await desk.seen(subscription)).payments] == [LARGE.money]
