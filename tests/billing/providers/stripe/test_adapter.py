"""What only Stripe does: trials with a card, coupons, prorations, schedules, meters, one-off payments."""

from dataclasses import replace
from datetime import timedelta
from urllib.parse import parse_qsl

import httpx
import pytest
from world import Bought

from verf.billing.providers.events import NotAble, ProviderRefused, ProviderUnreachable
from verf.billing.providers.orders import Charge, Discount, Usage
from verf.billing.providers.pictures import Subject
from verf.billing.providers.stripe import StripeProvider
from verf.billing.providers.stripe.amounts import AmountNotPossible
from verf.billing.states import CheckoutState, DisputeState, PaymentKind, PaymentState, SubscriptionState
from verf.kit import Money, new_id, now
from verf.outbound import use_transport

DAY = timedelta(days=1)


async def test_a_trial_with_a_card_takes_no_money_and_then_the_price(stripe):
    order, opened = await stripe.open(trial=14 * DAY)
    await stripe.pay(opened)
    picture = await stripe.look(Subject("checkout", opened.ref))
    assert picture.checkout.state is CheckoutState.COMPLETED
    assert picture.subscription.state is SubscriptionState.TRIALING
    assert picture.subscription.trial_end == picture.subscription.period_end
    assert picture.payments == ()
    await stripe.live(days=14, hours=2)
    picture = await stripe.look(Subject("subscription", picture.subscription.ref))
    assert picture.subscription.state is SubscriptionState.ACTIVE
    (payment,) = picture.payments
    assert (payment.kind, payment.money, payment.state) == (PaymentKind.RENEWAL, order.money, PaymentState.PAID)


async def test_the_end_of_a_trial_is_announced_three_days_before(stripe):
    _, opened = await stripe.open(trial=14 * DAY)
    await stripe.pay(opened)
    await stripe.live(days=10, hours=23)
    assert "customer.subscription.trial_will_end" not in [each.said["type"] for each in stripe.letters]
    await stripe.live(hours=2)
    assert "customer.subscription.trial_will_end" in [each.said["type"] for each in stripe.letters]


@pytest.mark.parametrize(
    "discount", [Discount(code="HALF", percent=50), Discount(code="SUM", money=Money(149500, "USD"))]
)
async def test_a_discount_makes_the_first_payment_smaller_and_no_other(stripe, discount):
    bought = await stripe.buy(discount=discount, money=Money(149500, "USD"))
    assert bought.payment.money == Money(149500, "USD")
    await stripe.live(days=31, hours=2)
    picture = await stripe.again(bought)
    assert [each.money.minor_units for each in picture.payments] == [149500, 299000]


async def test_a_discount_for_three_months_ends_after_them(stripe):
    bought = await stripe.buy(discount=Discount(code="THREE", percent=10, months=3), money=Money(269100, "USD"))
    for _ in range(3):
        await stripe.live(days=31, hours=2)
    sums = [each.money.minor_units for each in (await stripe.again(bought)).payments]
    assert sums == [269100, 269100, 269100, 299000]


async def test_a_code_that_changes_its_worth_gets_another_coupon(stripe):
    first = await stripe.buy(discount=Discount(code="CODE", percent=50), money=Money(149500, "USD"))
    second = await stripe.buy(discount=Discount(code="CODE", percent=10), money=Money(269100, "USD"))
    assert [first.payment.money.minor_units, second.payment.money.minor_units] == [149500, 269100]


async def test_another_sum_than_ours_is_never_offered(stripe):
    order = await stripe.order(money=Money(100, "USD"))
    with pytest.raises(ProviderRefused) as refused:
        await stripe.provider.open_checkout(order)
    assert refused.value.provider_code == "amount_differs"
    (session,) = (await stripe.truth())["checkouts"]
    assert session["status"] == "expired"


async def test_something_bought_once_is_one_payment_with_its_price(stripe):
    price = await stripe.published(interval="once")
    order, opened = await stripe.open(price=price)
    await stripe.pay(opened)
    picture = await stripe.look(Subject("checkout", opened.ref))
    (payment,) = picture.payments
    assert picture.subscription is None
    assert (payment.kind, payment.order, payment.price) == (PaymentKind.ONE_OFF, order.id, price.key)
    assert picture.customer
    located = [await stripe.provider.locate(each.event) for each in stripe.letters if each.event.subject]
    assert set(located) == {Subject("checkout", opened.ref), Subject("payment", payment.ref)}


async def test_the_payment_of_an_upgrade_is_for_the_new_price(stripe):
    bought = await stripe.buy("starter")
    price = await stripe.published("pro")
    await stripe.live(days=10)
    preview = await stripe.provider.preview_change(bought.root.ref, price)
    await stripe.live(minutes=7)
    await stripe.provider.change_plan(bought.root.ref, price, when="now", key="up", token=preview.token)
    picture = await stripe.again(bought)
    first, second = picture.payments
    assert (first.kind, second.kind) == (PaymentKind.INITIAL, PaymentKind.PRORATION)
    assert (second.price, second.money) == (price.ref, preview.due_now)
    assert second.period_end == first.period_end == picture.subscription.period_end
    assert (first.order, second.order) == (bought.order.id, None)
    assert preview.credit < bought.order.money
    assert preview.next_payment == price.money


async def test_a_year_instead_of_a_month_begins_now(stripe):
    bought = await stripe.buy("starter")
    year = await stripe.published("starter", interval="year", money=Money(990_000, "USD"))
    preview = await stripe.provider.preview_change(bought.root.ref, year)
    await stripe.provider.change_plan(bought.root.ref, year, when="now", key="year", token=preview.token)
    picture = await stripe.again(bought)
    assert picture.subscription.period_end == preview.next_payment_at
    assert picture.payments[-1].money == Money(990_000 - 99_000, "USD")
    assert picture.payments[-1].period_end - now() > 364 * DAY


async def test_two_upgrades_cost_what_one_does(stripe):
    async def upgraded(*plans) -> int:
        bought = await stripe.buy("starter")
        await stripe.live(days=1)
        for plan in plans:
            price = await stripe.published(plan)
            token = (await stripe.provider.preview_change(bought.root.ref, price)).token
            await stripe.provider.change_plan(bought.root.ref, price, when="now", key=f"{new_id()}", token=token)
        return sum(each.money.minor_units for each in (await stripe.again(bought)).payments)

    once, twice = await upgraded("enterprise"), await upgraded("pro", "enterprise")
    assert abs(once - twice) <= 2


async def test_a_downgrade_at_once_is_credit_that_pays_later(stripe):
    bought = await stripe.buy("pro")
    starter = await stripe.published("starter")
    await stripe.provider.change_plan(bought.root.ref, starter, when="now", key="down")
    await stripe.live(days=31, hours=2)
    picture = await stripe.again(bought)
    covered = picture.payments[-1]
    assert (covered.state, covered.money, covered.kind) == (PaymentState.PAID, Money(0, "USD"), PaymentKind.RENEWAL)
    assert covered.price == starter.ref
    assert covered.period_end == picture.subscription.period_end


async def test_a_downgrade_is_forgotten_when_its_owner_stays(stripe):
    bought = await stripe.buy("pro")
    starter = await stripe.published("starter")
    await stripe.provider.change_plan(bought.root.ref, starter, when="period_end", key="down")
    assert (await stripe.again(bought)).subscription.pending_price == starter.ref
    pro = await stripe.published("pro")
    await stripe.provider.change_plan(bought.root.ref, pro, when="period_end", key="stay")
    assert (await stripe.again(bought)).subscription.pending_price == ""
    await stripe.live(days=31, hours=2)
    assert (await stripe.again(bought)).payments[-1].money == pro.money


async def test_a_downgrade_can_be_chosen_twice_and_the_last_choice_counts(stripe):
    bought = await stripe.buy("enterprise")
    for plan in ("pro", "starter"):
        price = await stripe.published(plan)
        await stripe.provider.change_plan(bought.root.ref, price, when="period_end", key=f"to-{plan}")
    await stripe.live(days=31, hours=2)
    picture = await stripe.again(bought)
    assert picture.payments[-1].money == Money(99_000, "USD")
    await stripe.live(days=31, hours=2)
    assert (await stripe.again(bought)).payments[-1].money == Money(99_000, "USD")


async def test_cancelling_drops_a_downgrade_and_both_can_be_asked_again(stripe):
    bought = await stripe.buy("pro")
    await stripe.provider.change_plan(bought.root.ref, await stripe.published("starter"), when="period_end", key="1")
    await stripe.provider.cancel(bought.root.ref, when="period_end", key="2")
    picture = await stripe.again(bought)
    assert picture.subscription.cancel_at == picture.subscription.period_end
    assert picture.subscription.pending_price == ""
    await stripe.provider.cancel(bought.root.ref, when="period_end", key="2")


async def test_ending_what_has_ended_is_no_error_and_ending_what_never_was_is(stripe):
    bought = await stripe.buy()
    for _ in range(2):
        await stripe.provider.cancel(bought.root.ref, when="now", key="end")
    with pytest.raises(ProviderRefused):
        await stripe.provider.cancel("sub_nobody", when="now", key="end-2")


async def test_a_change_that_was_refused_is_made_with_another_card(stripe):
    bought = await stripe.buy("starter", later="insufficient_funds")
    pro = await stripe.published("pro")
    with pytest.raises(ProviderRefused) as refused:
        await stripe.provider.change_plan(bought.root.ref, pro, when="now", key="1")
    assert refused.value.provider_code == "payment_failed"
    assert (await stripe.again(bought)).payments[-1].state is PaymentState.FAILED
    await stripe.control(f"methods/{bought.payment.method.ref}", {"outcome": "pays"})
    await stripe.provider.change_plan(bought.root.ref, pro, when="now", key="2")
    picture = await stripe.again(bought)
    assert picture.subscription.price == pro.ref
    assert [each.state for each in picture.payments] == [PaymentState.PAID, PaymentState.VOID, PaymentState.PAID]


async def test_the_card_that_pays_is_known_by_its_fingerprint(stripe):
    first, second = await stripe.buy(), await stripe.buy()
    methods = [each.picture.subscription.method for each in (first, second)]
    assert methods[0].fingerprint == methods[1].fingerprint != ""
    assert methods[0].ref != methods[1].ref
    assert methods[0].title == "Visa ···· 4242"
    assert methods[0].expires == "2030-08"


async def test_a_card_that_was_stolen_is_a_hard_failure(stripe):
    bought = await stripe.buy(later="stolen")
    await stripe.live(days=31, hours=2)
    picture = await stripe.again(bought)
    failure = picture.payments[-1].failure
    assert (failure.code, failure.is_hard) == ("stolen_card", True)
    assert picture.subscription.state is SubscriptionState.PAST_DUE


async def test_what_stripe_keeps_of_a_payment_is_told(stripe):
    bought = await stripe.buy("starter")
    assert bought.payment.fee == Money(2901, "USD")
    assert bought.payment.number
    assert bought.payment.invoice_url
    assert bought.payment.receipt_url


async def test_an_inquiry_is_no_dispute(stripe):
    bought = await stripe.buy()
    dispute = await stripe.control(f"payments/{bought.payment.ref}/dispute")
    (seen,) = (await stripe.again(bought)).payments[0].disputes
    assert (seen.ref, seen.state) == (dispute["id"], DisputeState.OPEN)
    stripe.simulator.store.get("dispute", dispute["id"])["status"] = "warning_needs_response"
    assert (await stripe.again(bought)).payments[0].disputes == ()


async def test_our_reason_comes_back_with_the_refund(stripe):
    bought = await stripe.buy()
    money = Money(1000, "USD")
    refund = await stripe.provider.refund(bought.payment.ref, money, key="r", reason="moved away")
    assert refund.reason == "moved away"
    assert (await stripe.again(bought)).payments[0].refunds == (refund,)


async def test_a_price_is_made_once_and_never_another_under_its_key(stripe):
    tag = stripe.price()
    ref = await stripe.provider.publish_price(tag)
    assert await stripe.case.provider().publish_price(tag) == ref
    for other in (replace(tag, money=Money(1, "USD")), replace(tag, interval="year"), replace(tag, interval="once")):
        with pytest.raises(ProviderRefused) as refused:
            await stripe.provider.publish_price(other)
        assert refused.value.provider_code == "price_differs"


async def test_a_price_named_in_the_settings_is_taken_as_it_is(stripe):
    tag = stripe.price()
    provider = StripeProvider(
        secret_key="sk_test_sandbox", webhook_secrets=[], account="acct", price_refs={tag.key: "price_by_hand"}
    )
    assert await provider.publish_price(tag) == "price_by_hand"
    assert stripe.wire.calls == []


async def test_a_sum_stripe_cannot_take_is_refused_before_it_is_asked(stripe):
    with pytest.raises(AmountNotPossible):
        await stripe.provider.publish_price(stripe.price(money=Money.of("5.124", "KWD")))


async def test_a_price_in_yen_is_paid_in_yen(stripe):
    price = await stripe.published("starter", money=Money(1480, "JPY"))
    bought: Bought = await stripe.buy(price=price)
    assert bought.payment.money == Money(1480, "JPY")
    assert bought.picture.subscription.currency == "JPY"


async def test_usage_is_reported_with_our_key_and_older_than_stripe_takes_it_is_refused(stripe):
    bought = await stripe.buy()
    usage = Usage(key=str(new_id()), customer=bought.picture.customer, meter="calls", amount=7, at=now())
    for _ in range(2):
        await stripe.provider.report_usage(usage)
    late = replace(usage, key=str(new_id()), at=now() - 36 * DAY)
    with pytest.raises(ProviderRefused):
        await stripe.provider.report_usage(late)
    events = stripe.simulator.store.all("billing.meter_event")
    assert [each["payload"]["value"] for each in events] == ["7"]


async def test_a_portal_opens_for_its_customer(stripe):
    bought = await stripe.buy()
    url = await stripe.provider.portal(bought.picture.customer, "http://127.0.0.1/billing")
    page = await stripe.http.get(url)
    assert "Stock tracker pro, a month" in page.text
    assert "http://127.0.0.1/billing" in page.text
    with pytest.raises(ProviderRefused):
        await stripe.provider.portal("cus_nobody", "http://127.0.0.1/billing")


async def test_a_language_stripe_lacks_is_left_to_the_browser(stripe):
    for locale in ("ru", "uk", "en"):
        await stripe.open(locale=locale)
    sessions = (await stripe.truth())["checkouts"]
    assert [each["locale"] for each in sessions] == ["ru", "auto", "en"]


async def test_stripe_charges_by_its_own_calendar(stripe):
    charge = Charge(
        id=new_id(), key="k", organisation=new_id(), email="", method="pm_1", money=Money(1, "USD"), title=""
    )
    with pytest.raises(NotAble):
        await stripe.provider.charge(charge)


async def test_a_year_of_one_customer_is_read_in_a_few_questions(stripe):
    bought = await stripe.buy()
    for _ in range(12):
        await stripe.live(days=31, hours=2)
    stripe.wire.calls.clear()
    picture = await stripe.again(bought)
    assert len(picture.payments) == 13
    assert len(stripe.wire.calls) == 3


class Listening(httpx.AsyncBaseTransport):
    def __init__(self, *answers: httpx.Response) -> None:
        self.answers = list(answers)
        self.requests: list[httpx.Request] = []

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        return self.answers.pop(0) if self.answers else httpx.Response(500, json={"error": {"type": "api_error"}})


PAUSED = {"id": "sub_1", "object": "subscription", "status": "active"}


def speaking_to(*answers):
    return StripeProvider(secret_key="sk_test_1", webhook_secrets=[], account="acct"), Listening(*answers)


async def test_a_request_carries_our_key_the_pinned_version_and_nothing_about_us():
    provider, wire = speaking_to(httpx.Response(200, json=PAUSED))
    with use_transport("stripe", wire):
        await provider.pause("sub_1", key="pause:1")
    (request,) = wire.requests
    assert request.url == "https://api.stripe.com/v1/subscriptions/sub_1"
    assert request.headers["idempotency-key"] == "pause:1"
    assert request.headers["stripe-version"] == "2026-10-28.endive"
    assert request.headers["authorization"] == "Bearer sk_test_1"
    assert request.headers["user-agent"] == "verf/0.1"
    assert not [name for name in request.headers if name.startswith("x-stripe")]
    assert parse_qsl(request.content.decode()) == [("pause_collection[behavior]", "void")]


@pytest.mark.parametrize(
    "answer, wait",
    [
        (httpx.Response(429, json={"error": {"code": "rate_limit"}}, headers={"retry-after": "7"}), 7),
        (httpx.Response(500, json={"error": {"type": "api_error"}}), None),
        (httpx.Response(409, json={"error": {"code": "idempotency_key_in_use"}}), None),
        (httpx.Response(200, text="<html>captive portal</html>"), None),
        (httpx.Response(404, text="<html>nothing here</html>"), None),
    ],
)
async def test_an_answer_that_says_nothing_leaves_the_outcome_open(answer, wait):
    provider, wire = speaking_to(answer)
    with use_transport("stripe", wire), pytest.raises(ProviderUnreachable) as unreachable:
        await provider.pause("sub_1", key="p")
    assert unreachable.value.retry_after == wait


@pytest.mark.parametrize(
    "status, error, code",
    [
        (400, {"code": "charge_already_refunded", "message": "No."}, "charge_already_refunded"),
        (402, {"code": "card_declined", "decline_code": "stolen_card", "message": "No."}, "stolen_card"),
        (400, {"type": "idempotency_error", "message": "Other parameters."}, "idempotency_error"),
        (401, {"message": "Invalid API Key provided"}, "http_401"),
        (403, {"message": "The key may not do that"}, "http_403"),
    ],
)
async def test_a_no_is_told_with_its_code(status, error, code):
    provider, wire = speaking_to(httpx.Response(status, json={"error": error}))
    with use_transport("stripe", wire), pytest.raises(ProviderRefused) as refused:
        await provider.pause("sub_1", key="p")
    assert refused.value.provider_code == code
    assert error["message"] in str(refused.value)


async def test_a_gateway_that_is_away_for_a_moment_is_asked_again_with_the_same_bytes():
    provider, wire = speaking_to(httpx.Response(503), httpx.Response(200, json=PAUSED))
    with use_transport("stripe", wire):
        await provider.pause("sub_1", key="p")
    first, second = wire.requests
    assert first.content == second.content
    assert first.headers["idempotency-key"] == second.headers["idempotency-key"]


async def test_what_stripe_paused_itself_begins_anew_when_resumed(stripe):
    _, opened = await stripe.open(trial=14 * DAY)
    await stripe.pay(opened)
    ref = (await stripe.look(Subject("checkout", opened.ref))).checkout.subscription
    stripe.simulator.store.get("subscription", ref)["status"] = "paused"
    assert (await stripe.look(Subject("subscription", ref))).subscription.state is SubscriptionState.SUSPENDED
    await stripe.provider.resume(ref, key="on")
    await stripe.live(hours=2)
    picture = await stripe.look(Subject("subscription", ref))
    assert picture.subscription.state is SubscriptionState.ACTIVE
    assert [each.state for each in picture.payments] == [PaymentState.PAID]


async def test_an_end_set_at_stripe_for_some_day_is_seen_and_taken_back(stripe):
    bought = await stripe.buy()
    end = now() + 5 * DAY
    form = {"cancel_at": str(int(end.timestamp()))}
    key = {"authorization": "Bearer sk_test_sandbox"}
    answer = await stripe.http.post(f"/sandbox/stripe/v1/subscriptions/{bought.root.ref}", data=form, headers=key)
    assert answer.is_success
    assert abs((await stripe.again(bought)).subscription.cancel_at - end) < timedelta(seconds=1)
    await stripe.provider.resume(bought.root.ref, key="stay")
    assert (await stripe.again(bought)).subscription.cancel_at is None


async def test_who_bought_before_stays_the_same_customer(stripe):
    first = await stripe.buy()
    second = await stripe.buy(customer=first.picture.customer)
    assert second.picture.customer == first.picture.customer
    assert len((await stripe.again(first)).payments) == 1
    price = await stripe.published(interval="once")
    _, opened = await stripe.open(price=price, customer=first.picture.customer, save_method=False)
    await stripe.pay(opened)
    assert (await stripe.look(Subject("checkout", opened.ref))).customer == first.picture.customer


async def test_a_downgrade_keeps_the_discount_and_the_trial_that_run(stripe):
    discount = Discount(code="THREE", percent=10, months=3)
    _, opened = await stripe.open("pro", trial=14 * DAY, discount=discount, money=Money(269_100, "USD"))
    await stripe.pay(opened)
    ref = (await stripe.look(Subject("checkout", opened.ref))).checkout.subscription
    await stripe.provider.change_plan(ref, await stripe.published("starter"), when="period_end", key="down")
    await stripe.live(days=14, hours=2)
    picture = await stripe.look(Subject("subscription", ref))
    assert [each.money for each in picture.payments] == [Money(89_100, "USD")]


async def test_many_refunds_of_one_payment_are_all_read(stripe):
    bought = await stripe.buy()
    for number in range(12):
        await stripe.provider.refund(bought.payment.ref, Money(100, "USD"), key=f"r{number}", reason="")
    assert len((await stripe.again(bought)).payments[0].refunds) == 12


async def test_nothing_is_known_of_what_never_was(stripe):
    for kind in ("subscription", "checkout", "payment", "method"):
        assert await stripe.look(Subject(kind, "nobody")) is None


async def test_a_code_used_by_two_is_one_coupon(stripe):
    for _ in range(2):
        await stripe.buy(discount=Discount(code="HALF", percent=50), money=Money(149_500, "USD"))
    (coupon,) = stripe.simulator.store.all("coupon")
    assert coupon["times_redeemed"] == 2


async def test_a_refusal_to_read_is_not_taken_for_absence(stripe):
    with pytest.raises(ProviderRefused):
        await stripe.case.stranger().fetch(Subject("payment", "pi_1"))


async def test_an_intent_that_was_never_charged_is_read_as_it_is(stripe):
    bought = await stripe.buy()
    intent = stripe.simulator.store.get("payment_intent", bought.payment.ref)
    intent |= {"latest_charge": None, "status": "processing"}
    payment = (await stripe.look(Subject("payment", bought.payment.ref))).payments[0]
    assert (payment.state, payment.method, payment.refunds) == (PaymentState.PENDING, None, ())
    stripe.simulator.store.get("charge", stripe.simulator.store.all("charge")[0]["id"])["payment_intent"] = None
    assert await stripe.payments() == []


async def test_the_card_of_the_customer_counts_where_the_subscription_has_none(stripe):
    bought = await stripe.buy()
    subscription = stripe.simulator.store.get("subscription", bought.root.ref)
    customer = stripe.simulator.store.get("customer", bought.picture.customer)
    customer["invoice_settings"]["default_payment_method"] = subscription["default_payment_method"]
    subscription["default_payment_method"] = None
    assert (await stripe.again(bought)).subscription.method == bought.picture.subscription.method
    customer["invoice_settings"]["default_payment_method"] = None
    assert (await stripe.again(bought)).subscription.method is None
