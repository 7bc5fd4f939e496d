"""A subscription of Paddle as ours."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from verf.billing.providers.paddle.fields import Json, is_made_in_a_browser, maybe, moment, order_of, price_of
from verf.billing.providers.paddle.payments import is_payment, method_of, recurring_item, state_of
from verf.billing.providers.pictures import CheckoutSeen, Method, Subscription
from verf.billing.states import CheckoutState, PaymentState, SubscriptionState
from verf.kit import Money

STATES = {
    "active": SubscriptionState.ACTIVE,
    "trialing": SubscriptionState.TRIALING,
    "past_due": SubscriptionState.PAST_DUE,
    "paused": SubscriptionState.SUSPENDED,
    "canceled": SubscriptionState.ENDED,
    "inactive": SubscriptionState.INCOMPLETE,
}

PERIODIC = frozenset({"api", "web", "subscription_recurring", "subscription_update"})


def subscription_of(told: Json, transactions: Sequence[Json]) -> Subscription:
    item = recurring_item(told["items"])
    period = told["current_billing_period"] or {}
    state, price = STATES[told["status"]], price_of(item["price"])
    in_force = price if state is not SubscriptionState.ACTIVE else billed_price(transactions) or price
    return Subscription(
        ref=told["id"],
        state=state,
        price=in_force,
        # A change at period end replaces the items at once and bills nothing: it shows as items nobody has billed.
        pending_price=price if price != in_force else "",
        currency=told["currency_code"],
        created_at=moment(told["created_at"]),
        quantity=item["quantity"],
        period_start=maybe(period.get("starts_at")),
        period_end=maybe(period.get("ends_at")),
        trial_end=maybe((item["trial_dates"] or {}).get("ends_at")),
        cancel_at=_scheduled(told, "cancel"),
        ended_at=maybe(told["canceled_at"]),
        is_paused=state is SubscriptionState.SUSPENDED or _scheduled(told, "pause") is not None,
        paused_at=maybe(told["paused_at"]),
        resumes_at=_scheduled(told, "resume"),
        # The subscription has the words of the transaction it began with.
        order=None if any(is_made_in_a_browser(each) for each in transactions) else order_of(told),
        method=_method(transactions),
    )


def billed_price(transactions: Sequence[Json]) -> str:
    """The price of the latest transaction for a period, paid or not yet paid; empty when there is none."""
    billed = [each for each in transactions if _bills_a_period(each)]
    if not billed:
        return ""
    latest = max(billed, key=lambda each: moment(each["billed_at"] or each["created_at"]))
    return price_of(recurring_item(latest["items"])["price"])


def _bills_a_period(transaction: Json) -> bool:
    return (
        is_payment(transaction)
        and state_of(transaction) in {PaymentState.PAID, PaymentState.FAILED}
        and transaction["origin"] in PERIODIC
    )


def _scheduled(told: Json, action: str) -> datetime | None:
    change: Any = told["scheduled_change"] or {}
    return maybe(change.get("effective_at")) if change.get("action") == action else None


def _method(transactions: Sequence[Json]) -> Method | None:
    tried = [each for each in transactions if each["payments"]]
    return method_of(max(tried, key=lambda each: moment(each["updated_at"]))) if tried else None


def checkout_of(transaction: Json) -> CheckoutSeen:
    """A transaction that was opened to be paid on a page."""
    is_done = transaction["status"] == "completed" or bool(transaction["subscription_id"])
    state = CheckoutState.COMPLETED if is_done else CheckoutState.OPEN
    if transaction["status"] == "canceled":
        state = CheckoutState.EXPIRED
    return CheckoutSeen(
        ref=transaction["id"],
        state=state,
        order=order_of(transaction),
        money=Money(int(transaction["details"]["totals"]["grand_total"]), transaction["currency_code"]),
        subscription=transaction["subscription_id"] or "",
        payment=transaction["id"] if is_done and is_payment(transaction) else "",
    )
