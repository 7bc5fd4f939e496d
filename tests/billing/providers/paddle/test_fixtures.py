"""Paddle's own examples become pictures that can be believed."""

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from verf.billing.providers.paddle.fields import maybe, moment
from verf.billing.providers.paddle.payments import payment_of, payments_of, refund_of
from verf.billing.providers.paddle.subscriptions import checkout_of, subscription_of
from verf.billing.states import CheckoutState, PaymentKind, PaymentState, RefundState, SubscriptionState
from verf.kit import Money

DATA = Path(__file__).parents[2] / "data"
API = json.loads((DATA / "paddle-api-fixtures.json").read_text())["fixtures"]


def event(kind: str) -> dict:
    return json.loads((DATA / f"paddle-event-{kind}.json").read_text())["data"]


@pytest.mark.parametrize(
    "kind, state",
    [
        ("created", SubscriptionState.ACTIVE),
        ("activated", SubscriptionState.ACTIVE),
        ("updated", SubscriptionState.ACTIVE),
        ("resumed", SubscriptionState.ACTIVE),
        ("trialing", SubscriptionState.TRIALING),
        ("paused", SubscriptionState.SUSPENDED),
        ("canceled", SubscriptionState.ENDED),
    ],
)
def test_every_status_of_a_subscription_has_a_state(kind, state):
    told = event(f"subscription.{kind}")
    seen = subscription_of(told, [])
    assert (seen.state, seen.price) == (state, told["items"][0]["price"]["id"])
    assert (seen.ended_at is not None) == (state is SubscriptionState.ENDED)
    assert (seen.paused_at is not None) == (state is SubscriptionState.SUSPENDED)
    assert (seen.trial_end is not None) == (state is SubscriptionState.TRIALING)
    assert (seen.period_end is None) == (state in {SubscriptionState.ENDED, SubscriptionState.SUSPENDED})


def test_the_subscription_of_the_api_is_read_as_well():
    seen = subscription_of(API["subscription.get"]["data"], [])
    assert (seen.currency, seen.quantity, seen.cancel_at, seen.pending_price) == ("USD", 10, None, "")


def test_a_listed_event_of_long_ago_is_read_as_well():
    assert subscription_of(API["event.list"]["data"][0]["data"], []).state is SubscriptionState.PAST_DUE


def test_a_completed_transaction_is_paid():
    payment = payment_of(event("transaction.completed"), [])
    assert (payment.state, payment.kind) == (PaymentState.PAID, PaymentKind.INITIAL)
    assert (payment.money, payment.tax, payment.fee) == (Money(65215, "USD"), Money(5315, "USD"), Money(3311, "USD"))
    assert payment.occurred_at == datetime(2024, 4, 12, 10, 18, 47, 635628, UTC)
    assert payment.period_end == datetime(2024, 5, 12, 10, 18, 47, 635628, UTC)
    assert payment.method is not None
    assert (payment.method.title, payment.method.expires) == ("Visa ···· 3184", "2025-01")
    assert not payment.method.can_charge_again
    assert payment.number == "325-10566"
    assert payment.failure is None


def test_a_past_due_transaction_is_not_paid_though_its_period_has_begun():
    payment = payment_of(event("transaction.past_due"), [])
    assert (payment.state, payment.kind) == (PaymentState.FAILED, PaymentKind.RENEWAL)
    assert payment.failure is not None
    assert (payment.failure.code, payment.failure.is_hard) == ("authentication_failed", False)
    assert payment.period_start == datetime(2024, 5, 12, 10, 18, 47, 635628, UTC)


def test_a_declined_checkout_is_pending_and_says_why():
    told = event("transaction.payment_failed")
    (payment,) = payments_of([told], [])
    assert payment.state is PaymentState.PENDING
    assert payment.failure is not None
    assert payment.failure.code == "declined"
    assert checkout_of(told).state is CheckoutState.OPEN


def test_a_checkout_nobody_tried_is_no_payment():
    assert payments_of([API["transaction.minimal"]["data"]], []) == ()


def test_an_origin_we_have_not_heard_of_is_money_all_the_same():
    told = {**event("transaction.completed"), "origin": "subscription_surprise"}
    (payment,) = payments_of([told], [])
    assert (payment.state, payment.kind, payment.order) == (PaymentState.PAID, PaymentKind.ONE_OFF, None)


def test_a_status_we_have_not_heard_of_is_not_paid():
    assert payment_of({**event("transaction.completed"), "status": "surprising"}, []).state is PaymentState.PENDING


def test_a_changed_card_is_a_payment_only_when_it_paid_something():
    told = {**event("transaction.completed"), "origin": "subscription_payment_method_change"}
    assert len(payments_of([told], [])) == 1
    totals = {**told["details"]["totals"], "grand_total": "0"}
    assert payments_of([{**told, "details": {**told["details"], "totals": totals}}], []) == ()


def test_a_method_without_a_card_is_named_by_its_kind():
    told = event("transaction.completed")
    told["payments"][0]["method_details"] = {"type": "paypal", "card": None}
    method = payment_of(told, []).method
    assert method is not None
    assert (method.kind, method.title, method.expires) == ("paypal", "paypal", "")


def test_an_invoice_that_was_sent_waits_for_its_money():
    assert payment_of(event("transaction.billed"), []).state is PaymentState.PENDING
    assert payment_of(API["transaction.get"]["data"], []).state is PaymentState.PENDING


def test_a_refund_is_done_only_when_it_was_approved():
    told = API["adjustment.get"]["data"]
    asked = refund_of(told)
    assert (asked.state, asked.money) == (RefundState.PENDING, Money(100, "USD"))
    approved = refund_of({**told, "status": "approved", "updated_at": "2023-08-22T10:00:00Z"})
    assert (approved.state, approved.occurred_at) == (RefundState.DONE, datetime(2023, 8, 22, 10, tzinfo=UTC))
    assert refund_of({**told, "status": "rejected"}).state is RefundState.FAILED


def test_times_with_nine_digits_and_of_the_year_one_are_read():
    assert moment("2023-11-07T10:51:19.601401071Z").microsecond == 601401
    assert maybe("0001-01-01T00:00:00Z") is None
    assert maybe(None) is None
