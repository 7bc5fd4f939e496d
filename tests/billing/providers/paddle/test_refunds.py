"""Money goes back once, in the right sum, and only when Paddle has agreed; disputes end one way or the other."""

import pytest
from paddle_desk import LARGE

from verf.billing.providers.events import ProviderRefused, ProviderUnreachable
from verf.billing.states import DisputeState, RefundState
from verf.errors import Conflict
from verf.kit import Money
from verf.sandbox.payments.cards import Outcome


@pytest.fixture
async def paid(desk):
    """The subscription and its first payment."""
    subscription = await desk.bought(LARGE)
    return subscription, (await desk.seen(subscription)).payments[0].ref


async def give_back(desk, payment, amount, key="refund-1"):
    return await desk.paddle.refund(payment, Money(amount, "USD"), key=key, reason="Not what they wanted")


async def refunds(desk, subscription):
    return (await desk.seen(subscription)).payments[0].refunds


async def test_a_refund_is_pending_until_it_is_approved(desk, paid):
    subscription, payment = paid
    asked = await give_back(desk, payment, 3000)
    assert (asked.state, asked.money) == (RefundState.PENDING, Money(3000, "USD"))
    assert await refunds(desk, subscription) == (asked,)
    await desk.passes(minutes=10)
    (done,) = await refunds(desk, subscription)
    assert (done.ref, done.state) == (asked.ref, RefundState.DONE)
    assert done.occurred_at > asked.occurred_at


async def test_a_rejected_refund_has_failed_and_may_be_asked_for_again(desk, paid):
    subscription, payment = paid
    desk.turn("refuse_refunds", count=1)
    await give_back(desk, payment, 3000)
    await desk.passes(minutes=10)
    assert [each.state for each in await refunds(desk, subscription)] == [RefundState.FAILED]
    await give_back(desk, payment, 3000, key="refund-2")
    await desk.passes(minutes=10)
    states = {each.state for each in await refunds(desk, subscription)}
    assert states == {RefundState.FAILED, RefundState.DONE}


async def test_parts_add_up_to_the_payment_and_not_further(desk, paid):
    subscription, payment = paid
    for number, amount in enumerate([1000, 500, 1500]):
        await give_back(desk, payment, amount, key=f"part-{number}")
        await desk.passes(minutes=10)
    assert sum(each.money.minor_units for each in await refunds(desk, subscription)) == 3000
    with pytest.raises(ProviderRefused) as refusal:
        await give_back(desk, payment, 1, key="one-more")
    assert refusal.value.provider_code == "adjustment_amount_above_remaining_allowed"


async def test_the_same_key_gives_back_once(desk, paid):
    subscription, payment = paid
    first, second = [await give_back(desk, payment, 1000) for _ in range(2)]
    assert first == second
    assert len(await refunds(desk, subscription)) == 1


@pytest.mark.parametrize("how", ["timeout", "timeout_after", "fail", "fail_after"])
async def test_a_refund_whose_answer_was_lost_is_made_once(desk, paid, how):
    subscription, payment = paid
    desk.turn(how, count=1, path="POST /sandbox/paddle/adjustments")
    with pytest.raises(ProviderUnreachable):
        await give_back(desk, payment, 1000)
    await give_back(desk, payment, 1000)
    assert len(await refunds(desk, subscription)) == 1


async def test_two_refunds_do_not_wait_at_the_same_time(desk, paid):
    _, payment = paid
    await give_back(desk, payment, 1000)
    with pytest.raises(ProviderRefused) as refusal:
        await give_back(desk, payment, 1000, key="refund-2")
    assert refusal.value.provider_code == "adjustment_pending_refund_request"


async def test_a_refund_made_in_the_cabinet_is_seen(desk, paid):
    subscription, payment = paid
    desk.there.refund_payment(payment, 700)
    (seen,) = await refunds(desk, subscription)
    assert (seen.state, seen.money) == (RefundState.DONE, Money(700, "USD"))
    desk.there.refund_payment(payment, None)
    assert sum(each.money.minor_units for each in await refunds(desk, subscription)) == 3000


async def test_a_payment_lowered_by_credit_is_refunded_by_what_was_taken(desk):
    subscription = await desk.bought()
    await desk.passes(days=15)
    await desk.paddle.change_plan(subscription, LARGE, when="now", key="up")
    second = (await desk.seen(subscription)).payments[1]
    await desk.paddle.refund(second.ref, second.money, key="back", reason="")
    await desk.passes(minutes=10)
    (refund,) = (await desk.seen(subscription)).payments[1].refunds
    assert (refund.money, refund.state) == (second.money, RefundState.DONE)


@pytest.mark.parametrize("verdict, state", [("won", DisputeState.WON), ("lost", DisputeState.LOST)])
async def test_a_dispute_is_one_story_with_one_end(desk, paid, verdict, state):
    subscription, payment = paid
    warning = desk.there.dispute_payment(payment, None, "fraudulent")
    (opened,) = (await desk.seen(subscription)).payments[0].disputes
    assert (opened.ref, opened.state, opened.money) == (warning["id"], DisputeState.OPEN, Money(3000, "USD"))
    desk.there.settle_dispute(warning["id"], verdict)
    (ended,) = (await desk.seen(subscription)).payments[0].disputes
    assert (ended.ref, ended.state, ended.money) == (opened.ref, state, opened.money)
    with pytest.raises(Conflict):
        desk.there.settle_dispute(warning["id"], "won")


async def test_a_chargeback_can_still_be_won(desk, paid):
    subscription, payment = paid
    warning = desk.there.dispute_payment(payment, 1000, "fraudulent")
    chargeback = desk.there.settle_dispute(warning["id"], "lost")
    desk.there.settle_dispute(chargeback["id"], "won")
    (dispute,) = (await desk.seen(subscription)).payments[0].disputes
    assert (dispute.state, dispute.money) == (DisputeState.WON, Money(1000, "USD"))


async def test_what_was_never_paid_is_not_refunded(desk):
    opened = await desk.paddle.open_checkout(desk.order())
    await desk.there.pay_checkout(opened.ref, Outcome.STOLEN, Outcome.PAYS)
    with pytest.raises(ProviderRefused):
        await give_back(desk, opened.ref, 100)
