"""A picture is whole, exact and carries nothing it should not."""

import re
from dataclasses import replace
from datetime import timedelta
from itertools import pairwise

from verf.billing.providers.pictures import Subject
from verf.billing.states import PaymentState, RefundState, SubscriptionState
from verf.kit import Money, new_id, now
from verf.sandbox.payments.cards import CARDS

LONG = re.compile(r"(?<![\w.-])\d{13,19}(?![\w.-])")


def paid(picture):
    return [payment for payment in picture.payments if payment.state is PaymentState.PAID]


async def test_one_look_shows_payments_refunds_and_disputes(world):
    bought = await world.buy()
    part = Money(10_000, bought.order.money.currency)
    refunds = [await refund(world, bought, part)]
    await world.live(hours=1)  # one may have to be decided on before the next
    refunds.append(await refund(world, bought, part))
    if world.abilities.has_disputes:
        await world.control(f"payments/{bought.payment.ref}/dispute")
    if world.keeps_the_calendar:
        await world.live(days=32)
    await world.live(days=2)
    picture = await world.again(bought)
    seen = next(payment for payment in picture.payments if payment.ref == bought.payment.ref)
    assert {each.ref for each in seen.refunds} == {each.ref for each in refunds}
    assert len(seen.disputes) == world.abilities.has_disputes
    assert len(paid(picture)) == (2 if world.keeps_the_calendar else 1)


async def refund(world, bought, money):
    key = str(new_id())
    return await world.patiently(lambda: world.provider.refund(bought.payment.ref, money, key=key, reason="asked for"))


async def test_a_picture_was_taken_before_the_first_question(world):
    bought = await world.buy()
    before = now()
    world.wire.calls.clear()
    picture = await world.again(bought)
    assert world.wire.calls
    assert before <= picture.taken_at <= now()
    assert picture.provider == world.provider.name
    assert (picture.account, picture.is_live) == (world.provider.account, world.provider.is_live)


async def test_looking_twice_shows_the_same(world):
    bought = await world.buy()
    first, second = await world.again(bought), await world.again(bought)
    assert replace(first, taken_at=second.taken_at, raw={}) == replace(second, raw={})


async def test_what_the_provider_does_not_know_is_none(world):
    bought = await world.buy()
    for kind in ("subscription", "payment", "checkout", "order", "method"):
        known = bought.payment.ref if kind == "payment" else bought.root.ref
        stranger = known[:-6] + "000000" if known[-6:] != "000000" else known[:-6] + "111111"
        assert await world.look(Subject(kind, stranger)) is None, kind


async def test_a_payment_can_be_looked_at_by_itself(world):
    bought = await world.buy()
    seen = await world.look(Subject("payment", bought.payment.ref))
    assert bought.payment.ref in [payment.ref for payment in seen.payments]


async def test_an_unpaid_period_is_never_a_paid_payment(world):
    if not world.keeps_the_calendar:
        # Without subscriptions there is no period to move: one payment was made, for one order.
        bought = await world.buy()
        await world.live(days=70)
        assert len((await world.again(bought)).payments) == 1
        return
    bought = await world.buy(later="insufficient_funds")
    await world.live(days=31)
    picture = await world.again(bought)
    assert picture.subscription.state is SubscriptionState.PAST_DUE
    assert [payment.ref for payment in paid(picture)] == [bought.payment.ref]
    assert all(payment.period_end <= now() for payment in paid(picture))


async def test_periods_are_half_open_and_follow_each_other(world):
    bought = await world.buy()
    if not world.keeps_the_calendar:
        assert (bought.payment.period_start, bought.payment.period_end) == (None, None)
        return
    for _ in range(3):
        await world.live(days=31)
    periods = [(each.period_start, each.period_end) for each in paid(await world.again(bought))]
    assert len(periods) >= 3
    for (start, end), (following, _) in pairwise(periods):
        assert timedelta(days=27) < end - start < timedelta(days=32)
        assert following == end


async def test_a_saved_method_has_a_title_and_its_number_is_nowhere(world):
    bought = await world.buy()
    picture = await world.again(bought)
    told = f"{picture!r} {picture.raw!r}"
    assert not [card.number for card in CARDS if card.number in told]
    if not world.abilities.can_save_methods and not world.keeps_the_calendar:
        assert bought.payment.method is None
        return
    method = (picture.subscription.method if picture.subscription else None) or bought.payment.method
    assert method.title
    assert method.ref or not world.abilities.can_save_methods
    assert not LONG.search(method.title)
    assert method.can_charge_again or world.keeps_the_calendar


async def test_times_have_zones_and_do_not_lie_ahead(world):
    bought = await world.buy()
    assert bought.payment.occurred_at.tzinfo is not None
    assert world.began - timedelta(seconds=2) <= bought.payment.occurred_at <= now() + timedelta(seconds=2)


async def test_fees_and_taxes_are_in_the_currency_of_the_payment(world):
    bought = await world.buy()
    for part in (bought.payment.fee, bought.payment.tax):
        assert part is None or part.currency == bought.payment.money.currency
        assert part is None or Money(0, part.currency) <= part < bought.payment.money


async def test_a_refund_in_the_cabinet_is_seen(world):
    bought = await world.buy()
    await world.control(f"payments/{bought.payment.ref}/refund", {"amount": 5_000})
    await world.live(minutes=30)
    [seen] = (await world.again(bought)).payments[0].refunds
    assert seen.money == Money(5_000, bought.order.money.currency)
    assert seen.state in {RefundState.DONE, RefundState.PENDING}
