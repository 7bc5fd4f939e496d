"""A checkout is opened once, paid once, and closed for good."""

import asyncio
from dataclasses import replace
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from paddle_desk import LARGE, SMALL

from verf.billing.providers.events import ProviderRefused, ProviderUnreachable
from verf.billing.providers.orders import Discount
from verf.billing.providers.paddle import Paddle
from verf.billing.providers.pictures import Subject
from verf.billing.states import CheckoutState, PaymentKind, PaymentState, SubscriptionState
from verf.kit import Money, now
from verf.sandbox.payments.cards import Outcome


async def test_a_checkout_is_a_transaction_with_a_page(desk):
    order = desk.order()
    opened = await desk.paddle.open_checkout(order)
    assert opened.expires_at == order.expires_at
    page = urlsplit(opened.url)
    assert (page.path, parse_qs(page.query)["return_url"]) == ("/sandbox/paddle/checkout", [order.return_url])
    picture = await desk.paddle.fetch(Subject("checkout", opened.ref))
    assert picture.checkout.state is CheckoutState.OPEN
    assert (picture.checkout.order, picture.checkout.money) == (order.id, SMALL.money)
    assert (picture.payments, picture.subscription) == ((), None)


async def test_a_paid_checkout_shows_all_that_came_of_it(desk):
    order = desk.order(quantity=3, money=SMALL.money * 3)
    opened = await desk.paddle.open_checkout(order)
    subscription = (await desk.there.pay_checkout(opened.ref, Outcome.PAYS, Outcome.PAYS))["subscription_id"]
    picture = await desk.paddle.fetch(Subject("checkout", opened.ref))
    seen, (payment,) = picture.subscription, picture.payments
    assert (picture.checkout.state, picture.checkout.subscription) == (CheckoutState.COMPLETED, subscription)
    assert (seen.state, seen.order, seen.quantity) == (SubscriptionState.ACTIVE, order.id, 3)
    assert (payment.state, payment.kind, payment.money) == (PaymentState.PAID, PaymentKind.INITIAL, Money(3000, "USD"))
    assert (payment.order, payment.price, payment.quantity) == (order.id, seen.price, 3)
    assert (payment.period_start, payment.period_end) == (seen.period_start, seen.period_end)
    assert (await desk.paddle.fetch(Subject("payment", opened.ref))).payments == picture.payments


async def test_a_declined_card_leaves_the_page_open(desk):
    opened = await desk.paddle.open_checkout(desk.order())
    await desk.there.pay_checkout(opened.ref, Outcome.STOLEN, Outcome.PAYS)
    assert (await desk.paddle.fetch(Subject("checkout", opened.ref))).checkout.state is CheckoutState.OPEN
    (payment,) = (await desk.paddle.fetch(Subject("payment", opened.ref))).payments
    assert (payment.state, payment.failure.code, payment.failure.is_hard) == (
        PaymentState.PENDING,
        "declined_not_retryable",
        True,
    )
    assert (await desk.there.pay_checkout(opened.ref, Outcome.PAYS, Outcome.PAYS))["status"] == "completed"


async def test_the_same_order_is_opened_once(desk):
    order = desk.order()
    first, second = await desk.paddle.open_checkout(order), await desk.paddle.open_checkout(order)
    other = await desk.paddle.open_checkout(desk.order())
    assert first == second
    assert other.ref != first.ref
    assert len(desk.there.world.all("customer")) == 1


@pytest.mark.parametrize("where", ["POST /sandbox/paddle/transactions", "POST /sandbox/paddle/customers"])
@pytest.mark.parametrize("how", ["timeout", "timeout_after", "fail", "fail_after"])
async def test_an_answer_that_is_lost_makes_no_second_object(desk, where, how):
    order = desk.order()
    desk.turn(how, count=1, path=where)
    with pytest.raises(ProviderUnreachable):
        await desk.paddle.open_checkout(order)
    opened = await desk.paddle.open_checkout(order)
    assert [each["id"] for each in desk.there.world.all("transaction")] == [opened.ref]
    assert len(desk.there.world.all("customer")) == 1


async def test_another_sum_than_ours_is_never_asked_for(desk):
    with pytest.raises(ProviderRefused) as refusal:
        await desk.paddle.open_checkout(desk.order(money=Money(999, "USD")))
    assert refusal.value.provider_code == "amount"
    assert [each["status"] for each in desk.there.world.all("transaction")] == ["canceled"]


@pytest.mark.parametrize(
    "discount, first, second",
    [
        (Discount(code="SPRING", percent=33), 670, 1000),
        (Discount(code="SPRING", money=Money(250, "USD")), 750, 1000),
        (Discount(code="TWICE", percent=50, months=2), 500, 500),
        (Discount(code="FREE", percent=100), 0, 1000),
    ],
)
async def test_a_discount_is_taken_off_as_long_as_it_lasts(desk, discount, first, second):
    subscription = await desk.bought(discount=discount, money=Money(first, "USD"))
    await desk.passes(days=31)
    await desk.passes(days=31)
    sums = [payment.money.minor_units for payment in (await desk.seen(subscription)).payments]
    assert sums == [first, second, 1000]


async def test_the_same_discount_is_made_once(desk):
    for _ in range(2):
        await desk.bought(discount=Discount(code="SPRING", percent=10), money=Money(900, "USD"))
    assert len(desk.there.world.all("discount")) == 1
    assert desk.there.world.all("discount")[0]["code"] is None


async def test_an_order_named_by_a_browser_is_nobodys(desk):
    subscription = await desk.bought()
    known = (await desk.seen(subscription)).subscription.order
    assert known is not None
    [transaction] = desk.there.world.all("transaction")
    desk.there.world.keep("transaction", transaction | {"origin": "web"}, now())
    picture = await desk.seen(subscription)
    assert (picture.subscription.order, picture.payments[0].order) == (None, None)


async def test_a_trial_takes_nothing_until_it_is_over(desk):
    subscription = await desk.bought(trial=timedelta(days=14), money=Money(0, "USD"))
    picture = await desk.seen(subscription)
    assert (picture.subscription.state, picture.payments) == (SubscriptionState.TRIALING, ())
    assert picture.subscription.trial_end == picture.subscription.period_end
    published = await desk.paddle.publish_price(SMALL)
    assert (picture.subscription.price, picture.subscription.pending_price) == (published, "")
    await desk.passes(days=15)
    picture = await desk.seen(subscription)
    (payment,) = picture.payments
    assert picture.subscription.state is SubscriptionState.ACTIVE
    assert (payment.kind, payment.money, payment.price) == (PaymentKind.RENEWAL, SMALL.money, published)


async def test_a_trial_wants_a_card_that_works(desk):
    opened = await desk.paddle.open_checkout(desk.order(trial=timedelta(days=14), money=Money(0, "USD")))
    assert (await desk.there.pay_checkout(opened.ref, Outcome.EXPIRED, Outcome.PAYS))["status"] == "ready"


@pytest.mark.parametrize("tried", [False, True])
async def test_a_closed_checkout_cannot_be_paid(desk, tried):
    opened = await desk.paddle.open_checkout(desk.order())
    if tried:
        await desk.there.pay_checkout(opened.ref, Outcome.INSUFFICIENT_FUNDS, Outcome.PAYS)
    await desk.paddle.close_checkout(opened.ref)
    await desk.paddle.close_checkout(opened.ref)
    assert (await desk.paddle.fetch(Subject("checkout", opened.ref))).checkout.state is CheckoutState.EXPIRED
    with pytest.raises(Exception, match="non-ready"):
        await desk.there.pay_checkout(opened.ref, Outcome.PAYS, Outcome.PAYS)


async def test_a_paid_checkout_cannot_be_closed(desk):
    opened = await desk.paddle.open_checkout(desk.order())
    await desk.there.pay_checkout(opened.ref, Outcome.PAYS, Outcome.PAYS)
    with pytest.raises(ProviderRefused) as refusal:
        await desk.paddle.close_checkout(opened.ref)
    assert refusal.value.provider_code == "transaction_invalid_status_change"


async def test_a_closed_order_is_opened_anew(desk):
    order = desk.order()
    first = await desk.paddle.open_checkout(order)
    await desk.paddle.close_checkout(first.ref)
    assert (await desk.paddle.open_checkout(order)).ref != first.ref


async def test_prices_are_published_once_with_one_product_a_plan(desk):
    refs = [await desk.paddle.publish_price(price) for price in (SMALL, LARGE, SMALL)]
    assert refs[0] == refs[2] != refs[1]
    assert len(desk.there.world.all("price")) == len(desk.there.world.all("product")) == 2
    assert {price["tax_mode"] for price in desk.there.world.all("price")} == {"internal"}


async def test_the_portal_is_a_session_of_the_customer(desk):
    await desk.bought()
    customer = desk.there.world.all("customer")[0]["id"]
    assert "/portal/cpls_" in await desk.paddle.portal(customer, "http://127.0.0.1:8000/billing")
    with pytest.raises(ProviderRefused):
        await desk.paddle.portal("ctm_00000000000000000000000000", "http://127.0.0.1:8000/billing")


@pytest.mark.parametrize("kind", ["subscription", "checkout", "payment", "order", "method"])
@pytest.mark.parametrize("ref", ["sub_00000000000000000000000000", "", "../customers", "sub_1?x", "sub_1/cancel/"])
async def test_what_paddle_does_not_know_has_no_picture(desk, kind, ref):
    assert await desk.paddle.fetch(Subject(kind, ref)) is None


async def test_a_customer_who_is_introduced_twice_at_once_is_one(desk):
    opened = await asyncio.gather(*(desk.paddle.open_checkout(desk.order()) for _ in range(5)))
    assert len({each.ref for each in opened}) == 5
    assert len(desk.there.world.all("customer")) == 1


async def test_a_customer_who_is_archived_is_still_the_same(desk):
    await desk.bought()
    (customer,) = desk.there.world.all("customer")
    customer["status"] = "archived"
    await desk.bought()
    assert len(desk.there.world.all("customer")) == 1


async def test_without_a_page_of_ours_paddle_names_one(desk):
    plain = Paddle(replace(desk.paddle.connection, checkout_url=""))
    opened = await plain.open_checkout(desk.order())
    assert opened.url == f"{desk.there.address}/checkout?_ptxn={opened.ref}"
