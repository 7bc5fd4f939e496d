"""The saved objects of Stripe, read by its own classes, become ours."""

import json
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest
import stripe

from verf.billing.providers.stripe.methods import method_of, method_of_charge
from verf.billing.providers.stripe.payments import (
    Belongings,
    intent_ref_of,
    payment_of,
    payment_of_invoice,
    refund_of,
)
from verf.billing.providers.stripe.reading import checkout_of
from verf.billing.providers.stripe.subscriptions import subscription_of
from verf.billing.states import CheckoutState, PaymentKind, PaymentState, RefundState, SubscriptionState
from verf.kit import Money

DATA = Path(__file__).parents[2] / "data"
ORDER = UUID("0f3a0f5e-9b58-4b41-9c5a-6f2f3b8f9a10")


def saved(kind):
    return json.loads((DATA / f"stripe-event-{kind}.json").read_text())["data"]["object"]


def subscription(kind="created", **changes):
    return stripe.Subscription.construct_from(saved(f"customer.subscription.{kind}") | changes, "sk_test_1")


def invoice(kind="paid", **changes):
    found = stripe.Invoice.construct_from(saved(f"invoice.{kind}") | changes, "sk_test_1")
    return payment_of_invoice(found, found.lines.data, None, Belongings())


@pytest.mark.parametrize(
    "kind, state",
    [
        ("created", SubscriptionState.ACTIVE),
        ("created.trialing", SubscriptionState.TRIALING),
        ("deleted", SubscriptionState.ENDED),
        ("trial_will_end", SubscriptionState.TRIALING),
        ("updated.cancel_at_period_end", SubscriptionState.ACTIVE),
        ("updated.past_due", SubscriptionState.PAST_DUE),
        ("updated.renewal", SubscriptionState.ACTIVE),
        ("updated.trial_to_active", SubscriptionState.ACTIVE),
    ],
)
def test_a_saved_subscription_has_its_state_price_and_order(kind, state):
    seen = subscription_of(subscription(kind))
    assert (seen.state, seen.price, seen.order) == (state, "price_1VerfBasicMonthly0001", ORDER)
    assert seen.period_start < seen.period_end
    assert (seen.ended_at is not None) == (state is SubscriptionState.ENDED)
    assert (seen.cancel_at == seen.period_end) == (kind == "updated.cancel_at_period_end")


@pytest.mark.parametrize(
    "status, state",
    [
        ("incomplete", SubscriptionState.INCOMPLETE),
        ("incomplete_expired", SubscriptionState.ENDED),
        ("unpaid", SubscriptionState.SUSPENDED),
        ("paused", SubscriptionState.SUSPENDED),
        ("invented_later", SubscriptionState.SUSPENDED),
    ],
)
def test_a_status_has_its_state_and_an_unknown_one_gives_no_access(status, state):
    assert subscription_of(subscription(status=status)).state is state


def test_a_pause_of_collection_suspends_what_stripe_calls_active():
    seen = subscription_of(subscription(pause_collection={"behavior": "void", "resumes_at": 1793404800}))
    assert seen.state is SubscriptionState.SUSPENDED
    assert seen.resumes_at == datetime.fromtimestamp(1793404800, UTC)


def test_the_pause_endpoint_tells_since_when():
    paused = {"paused": {"transitioned_at": 1793404800, "type": "subscription", "subscription": {"type": "system"}}}
    seen = subscription_of(subscription(status="paused", status_details=paused))
    assert seen.paused_at == datetime.fromtimestamp(1793404800, UTC)


def test_metadata_that_is_not_ours_is_no_order():
    assert subscription_of(subscription(metadata={"verf_order_id": "12"})).order is None
    assert subscription_of(subscription(metadata={})).order is None


def test_a_metered_item_is_not_what_was_bought():
    body = saved("customer.subscription.created")
    licensed = body["items"]["data"][0]
    recurring = licensed["price"]["recurring"] | {"usage_type": "metered"}
    metered = licensed | {"id": "si_metered", "price": licensed["price"] | {"id": "price_m", "recurring": recurring}}
    items = body["items"] | {"data": [metered, licensed]}
    assert subscription_of(subscription(items=items)).price == "price_1VerfBasicMonthly0001"


def test_a_paid_invoice_without_an_intent_was_covered_otherwise():
    payment = invoice()
    assert (payment.ref, payment.state, payment.kind) == (
        "in_1VerfTest00000000000001",
        PaymentState.PAID,
        PaymentKind.INITIAL,
    )
    assert (payment.money, payment.order) == (Money(900, "USD"), ORDER)
    assert payment.price == "price_1VerfBasicMonthly0001"
    assert invoice("paid.renewal").kind is PaymentKind.RENEWAL
    assert invoice("paid.renewal").order is None
    assert invoice("payment_failed").state is PaymentState.PENDING


def test_drafts_and_invoices_of_nothing_are_no_payments():
    assert invoice(status="draft") is None
    lines = saved("invoice.paid")["lines"]
    free = lines | {"data": [lines["data"][0] | {"amount": 0}]}
    assert invoice(lines=free) is None


def test_void_and_uncollectible_invoices_say_so():
    assert invoice("payment_failed", status="void").state is PaymentState.VOID
    assert invoice("payment_failed", status="uncollectible").state is PaymentState.FAILED


def test_tax_is_the_sum_of_taxes():
    taxes = [{"amount": 100, "tax_behavior": "inclusive"}, {"amount": 51, "tax_behavior": "inclusive"}]
    assert invoice(total_taxes=taxes).tax == Money(151, "USD")
    assert invoice().tax is None


def payments(*links):
    data = [
        {"object": "invoice_payment", "status": status, "is_default": default, "payment": {"payment_intent": ref}}
        for ref, status, default in links
    ]
    listed = {"object": "list", "data": data, "has_more": False, "url": "/v1/invoice_payments"}
    return stripe.Invoice.construct_from(saved("invoice.paid") | {"payments": listed}, "sk_test_1")


def test_of_several_intents_of_an_invoice_the_one_that_paid_counts():
    assert intent_ref_of(payments(("pi_1", "open", True), ("pi_2", "paid", False))) == "pi_2"
    assert intent_ref_of(payments(("pi_1", "canceled", True), ("pi_2", "open", False))) == "pi_2"
    assert intent_ref_of(payments(("pi_1", "canceled", True))) == "pi_1"
    assert intent_ref_of(payments()) == ""


def test_a_saved_refund_is_done():
    refund = refund_of(stripe.Refund.construct_from(saved("refund.created"), "sk_test_1"))
    assert (refund.money, refund.state) == (Money(900, "USD"), RefundState.DONE)


@pytest.mark.parametrize(
    "status, state",
    [("pending", RefundState.PENDING), ("failed", RefundState.FAILED), ("canceled", RefundState.FAILED)],
)
def test_a_refund_under_way_or_failed_says_so(status, state):
    refund = stripe.Refund.construct_from(saved("refund.created") | {"status": status}, "sk_test_1")
    assert refund_of(refund).state is state


@pytest.mark.parametrize(
    "kind, changes, state",
    [
        ("completed", {}, CheckoutState.COMPLETED),
        ("completed.trial", {}, CheckoutState.COMPLETED),
        ("expired", {}, CheckoutState.EXPIRED),
        ("completed", {"payment_status": "unpaid"}, CheckoutState.OPEN),
    ],
)
def test_a_saved_page_has_its_state(kind, changes, state):
    body = saved(f"checkout.session.{kind}") | changes
    seen = checkout_of(stripe.checkout.Session.construct_from(body, "sk_test_1"))
    assert (seen.state, seen.order) == (state, ORDER)
    assert seen.money == Money(body["amount_total"], "USD")


def test_a_way_to_pay_that_is_no_card_is_shown_by_its_kind():
    kept = stripe.PaymentMethod.construct_from({"id": "pm_1", "type": "sepa_debit", "card": None}, "sk_test_1")
    assert (method_of(kept).title, method_of(kept).kind) == ("sepa debit", "sepa_debit")
    details = {"type": "sepa_debit"}
    charge = stripe.Charge.construct_from({"payment_method": "pm_1", "payment_method_details": details}, "sk_test_1")
    assert method_of_charge(charge).title == "sepa debit"
    bare = stripe.Charge.construct_from({"payment_method": None, "payment_method_details": None}, "sk_test_1")
    assert method_of_charge(bare) is None


def test_an_intent_nobody_has_tried_yet_is_pending():
    body = {"id": "pi_1", "object": "payment_intent", "status": "requires_payment_method", "amount": 900, "created": 1}
    body |= {"currency": "usd", "latest_charge": None, "last_payment_error": None, "metadata": {}}
    payment = payment_of(stripe.PaymentIntent.construct_from(body, "sk_test_1"), Belongings())
    assert (payment.state, payment.failure, payment.method) == (PaymentState.PENDING, None, None)


def test_a_fee_in_another_currency_is_not_counted_together():
    settled = {"id": "txn_1", "object": "balance_transaction", "fee": 30, "currency": "eur"}
    charge = saved("charge.refunded") | {"balance_transaction": settled}
    body = {"id": "pi_1", "object": "payment_intent", "status": "succeeded", "amount_received": 900, "created": 1}
    body |= {"currency": "usd", "latest_charge": charge, "last_payment_error": None, "metadata": {}}
    payment = payment_of(stripe.PaymentIntent.construct_from(body, "sk_test_1"), Belongings())
    assert (payment.state, payment.fee) == (PaymentState.PAID, None)
    assert payment.method.fingerprint == "VerfFingerprint01"
