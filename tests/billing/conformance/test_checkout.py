"""From an order of ours to a payment page, and what becomes of it."""

from contextlib import suppress
from dataclasses import replace
from datetime import timedelta

import pytest

from verf.billing.providers.events import NotAble, ProviderRefused
from verf.billing.providers.orders import Discount
from verf.billing.providers.pictures import Subject
from verf.billing.states import CheckoutState, PaymentState, SubscriptionState
from verf.kit import Money, now

OTHERS = [Money(990, "JPY"), Money(9_900, "KRW"), Money(1_230, "KWD"), Money(1_990, "EUR")]


async def checkouts_of(world):
    return [
        each for kind, rows in (await world.truth()).items() if "checkout" in kind or "link" in kind for each in rows
    ]


async def test_a_checkout_is_a_page_that_opens(world):
    _, opened = await world.open()
    page = await world.http.get(opened.url)
    assert page.status_code == 200
    assert "<form" in page.text
    assert now() < opened.expires_at


async def test_the_page_leads_back_to_us(world):
    order, opened = await world.open()
    page = await world.http.get(opened.url)
    assert order.return_url in page.text or order.return_url in str(await world.truth())


async def test_an_order_opens_one_checkout_however_often_it_is_opened(world):
    order, opened = await world.open()
    again = await world.provider.open_checkout(order)
    assert (again.ref, again.url) == (opened.ref, opened.url)
    fresh = world.case.provider()
    third = await world.patiently(lambda: fresh.open_checkout(order))
    assert (third.ref, third.url) == (opened.ref, opened.url)
    await world.pay(opened)
    assert [payment.order for payment in await world.paid()] == [order.id]


async def test_two_orders_are_two_checkouts(world):
    _, first = await world.open()
    _, second = await world.open()
    assert first.ref != second.ref
    assert first.url != second.url


async def test_exactly_our_sum_is_taken(world):
    bought = await world.buy("starter")
    assert bought.payment.money == bought.order.money
    assert [payment.money for payment in await world.paid()] == [bought.order.money]


@pytest.mark.parametrize("money", OTHERS, ids=lambda money: money.currency)
async def test_currencies_keep_their_minor_units_or_are_not_taken(world, money):
    if money.currency in world.abilities.currencies:
        bought = await world.buy(price=await world.published(money=money))
        assert bought.payment.money == money
    else:
        price = replace(world.price(money=money), ref="")
        order = await world.order(price=price)
        with pytest.raises(NotAble):
            await world.provider.open_checkout(order)
        assert await world.payments() == []


async def test_a_paid_checkout_carries_our_order(world):
    bought = await world.buy()
    assert bought.payment.order == bought.order.id
    seen = await world.look(Subject("checkout", bought.opened.ref))
    assert seen.checkout.state is CheckoutState.COMPLETED
    assert seen.checkout.order == bought.order.id
    assert seen.checkout.ref == bought.opened.ref
    if world.keeps_the_calendar:
        assert bought.picture.subscription.state is SubscriptionState.ACTIVE
        assert bought.picture.subscription.order == bought.order.id
        assert bought.picture.subscription.price == bought.order.price.ref
    else:
        assert bought.picture.subscription is None


@pytest.mark.parametrize(("outcome", "is_hard"), [("insufficient_funds", False), ("stolen", True), ("expired", True)])
async def test_a_declined_payment_says_why(world, outcome, is_hard):
    _, opened = await world.open()
    await world.decline(opened, outcome)
    seen = await world.look(Subject("checkout", opened.ref))
    assert seen.checkout.state in {CheckoutState.OPEN, CheckoutState.FAILED}
    assert not any(payment.state is PaymentState.PAID for payment in seen.payments)
    failures = [payment.failure for payment in seen.payments if payment.failure]
    if failures or seen.checkout.state is CheckoutState.FAILED or not world.keeps_the_calendar:
        assert failures[-1].code
        assert failures[-1].is_hard is is_hard


async def test_after_a_decline_somebody_may_still_pay_or_start_anew(world):
    order, opened = await world.open()
    await world.decline(opened)
    seen = await world.look(Subject("checkout", opened.ref))
    if seen.checkout.state is CheckoutState.OPEN:
        await world.pay(opened)
        seen = await world.look(await world.root_of(opened))
        paid = [payment for payment in seen.payments if payment.state is PaymentState.PAID]
        assert [payment.order for payment in paid] == [order.id]
    else:
        # The same key gives the same page, or none; that page takes no money any more.
        with suppress(ProviderRefused):
            assert (await world.provider.open_checkout(order)).ref == opened.ref
        assert not (await world.press(f"checkouts/{world.case.checkout_id(opened)}/pay", {})).is_success
        await world.buy()
    assert len(await world.paid()) == 1


async def test_an_abandoned_checkout_is_open_and_then_over(world):
    _, opened = await world.open()
    seen = await world.look(Subject("checkout", opened.ref))
    assert seen.checkout.state is CheckoutState.OPEN
    await world.live(days=2)
    seen = await world.look(Subject("checkout", opened.ref))
    if seen and seen.checkout.state is CheckoutState.OPEN:
        # Its pages stay until they are closed, which is ours to do.
        await world.provider.close_checkout(opened.ref)
        seen = await world.look(Subject("checkout", opened.ref))
    # A provider may have forgotten all about it by then.
    assert seen is None or seen.checkout.state is CheckoutState.EXPIRED
    assert await world.paid() == []
    refused = await world.press(f"checkouts/{world.case.checkout_id(opened)}/pay", {})
    assert not refused.is_success


async def test_a_closed_checkout_cannot_be_paid(world):
    order, opened = await world.open()
    if not world.abilities.can_close_checkouts:
        with pytest.raises(NotAble):
            await world.provider.close_checkout(opened.ref)
        return
    await world.patiently(lambda: world.provider.close_checkout(opened.ref))
    world.payable.pop(order.id)
    await world.press(f"checkouts/{world.case.checkout_id(opened)}/pay", {})
    await world.tick()
    assert await world.paid() == []
    await world.patiently(lambda: world.provider.close_checkout(opened.ref))


async def test_a_paid_checkout_cannot_be_closed(world):
    bought = await world.buy()
    with pytest.raises(ProviderRefused) as refused:
        await world.patiently(lambda: world.provider.close_checkout(bought.opened.ref))
    assert not isinstance(refused.value, NotAble)
    assert len(await world.paid()) == 1


async def test_a_discount_is_off_the_first_payment_and_not_off_the_next(world):
    price = await world.published("pro")
    half = Money(price.money.minor_units // 2, price.money.currency)
    discount = Discount(code="HALF", percent=50)
    bought = await world.buy(price=price, money=half, discount=discount)
    assert bought.payment.money == half
    if world.keeps_the_calendar:
        await world.live(days=32)
        picture = await world.again(bought)
        paid = [payment.money for payment in picture.payments if payment.state is PaymentState.PAID]
        assert paid == [half, price.money]


async def test_a_trial_takes_nothing_now_where_the_provider_has_trials(world):
    order = await world.order(trial=timedelta(days=14))
    if not world.abilities.has_trials:
        with pytest.raises(NotAble):
            await world.provider.open_checkout(order)
        return
    opened = await world.provider.open_checkout(order)
    await world.pay(opened)
    root = await world.root_of(opened)
    seen = await world.look(root)
    assert seen.subscription.state is SubscriptionState.TRIALING
    assert timedelta(days=13) < seen.subscription.trial_end - now() < timedelta(days=15)
    assert all(not payment.money.minor_units for payment in seen.payments if payment.state is PaymentState.PAID)
    await world.live(days=15)
    seen = await world.look(root)
    assert seen.subscription.state is SubscriptionState.ACTIVE
    assert order.money in [payment.money for payment in seen.payments if payment.state is PaymentState.PAID]
