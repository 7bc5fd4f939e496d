"""Transactions and adjustments of Paddle as payments, refunds and disputes of ours."""

from collections.abc import Iterable, Mapping
from typing import Any

from verf.billing.providers.paddle.fields import Json, maybe, moment, order_of, price_of, sum_of
from verf.billing.providers.pictures import Dispute, Failure, Method, Payment, Refund
from verf.billing.states import DisputeState, PaymentKind, PaymentState, RefundState
from verf.kit import Money

STATES = {
    "draft": PaymentState.PENDING,
    "ready": PaymentState.PENDING,
    "billed": PaymentState.PENDING,
    "paid": PaymentState.PAID,
    "completed": PaymentState.PAID,
    "past_due": PaymentState.FAILED,
    "canceled": PaymentState.VOID,
}
KINDS = {
    "api": PaymentKind.INITIAL,
    "web": PaymentKind.INITIAL,
    "subscription_recurring": PaymentKind.RENEWAL,
    "subscription_update": PaymentKind.PRORATION,
    "subscription_charge": PaymentKind.ONE_OFF,
}
REFUNDS = {"pending_approval": RefundState.PENDING, "approved": RefundState.DONE}
# At a warning Paddle gives the payment back by itself, before the bank is asked to, and takes it from our balance: its
# reports of the balance have movements `chargeback_warning` and `chargeback_warning_reverse`, as they have `chargeback`
# (paddle.com/help, "Understanding chargebacks": pre-chargeback alerts). So the money is gone while the dispute is open.
# A chargeback is made when the customer's bank has decided for him; it may still be contested and reversed.
DISPUTES = {
    "chargeback_warning": DisputeState.OPEN,
    "chargeback": DisputeState.LOST,
    "chargeback_reverse": DisputeState.WON,
    "chargeback_warning_reverse": DisputeState.WON,
}
HARD_FAILURES = frozenset(
    {
        "already_canceled",
        "blocked_card",
        "declined_not_retryable",
        "expired_card",
        "fraud",
        "invalid_payment_details",
        "preferred_network_not_supported",
        "prepaid_card_not_supported",
        "redacted_payment_method",
    }
)


def payments_of(transactions: Iterable[Json], adjustments: Iterable[Json]) -> tuple[Payment, ...]:
    """Without those that move no money and give no access: trials begun, cards changed, checkouts never tried.

    Origins and statuses we have not heard of are money all the same, only not for a period, and not paid.
    """
    adjusted = list(adjustments)
    return tuple(
        payment_of(transaction, [each for each in adjusted if each["transaction_id"] == transaction["id"]])
        for transaction in transactions
        if is_payment(transaction)
    )


def is_payment(transaction: Json) -> bool:
    if begins_trial(transaction) or changes_card(transaction):
        return False
    return transaction["status"] not in {"draft", "ready", "canceled"} or bool(transaction["payments"])


def state_of(transaction: Json) -> PaymentState:
    return STATES.get(transaction["status"], PaymentState.PENDING)


def begins_trial(transaction: Json) -> bool:
    """A trial has a first transaction too, of nothing. One that costs something is a payment."""
    is_first = KINDS.get(transaction["origin"]) is PaymentKind.INITIAL
    is_free = int(transaction["details"]["totals"]["grand_total"]) == 0
    return is_first and is_free and any(item["price"].get("trial_period") for item in transaction["items"])


def changes_card(transaction: Json) -> bool:
    is_change = transaction["origin"] == "subscription_payment_method_change"
    return bool(is_change and int(transaction["details"]["totals"]["grand_total"]) == 0)


def payment_of(transaction: Json, adjustments: list[Json]) -> Payment:
    totals, currency = transaction["details"]["totals"], transaction["currency_code"]
    kind, item = KINDS.get(transaction["origin"], PaymentKind.ONE_OFF), recurring_item(transaction["items"])
    period = transaction["billing_period"] or {}
    return Payment(
        ref=transaction["id"],
        state=state_of(transaction),
        # What was taken from the card: credits of a change of plan are off already.
        money=Money(int(totals["grand_total"]), currency),
        tax=sum_of(totals.get("grand_total_tax") or totals["tax"], currency),
        fee=sum_of(totals["fee"], currency),
        occurred_at=_happened(transaction),
        kind=kind,
        price=price_of(item["price"]),
        quantity=item["quantity"],
        period_start=maybe(period.get("starts_at")),
        period_end=maybe(period.get("ends_at")),
        # Later transactions inherit the words of the subscription, yet only the first was ordered.
        order=order_of(transaction) if kind is PaymentKind.INITIAL else None,
        failure=_failure_of(transaction),
        method=method_of(transaction),
        refunds=tuple(refund_of(each) for each in adjustments if each["action"] == "refund"),
        disputes=_disputes_of(adjustments),
        number=transaction["invoice_number"] or "",
    )


def recurring_item(items: list[Json]) -> Json:
    """The plan among the items; what is paid once comes beside it."""
    return next((item for item in items if item["price"]["billing_cycle"]), items[0])


def _happened(transaction: Json) -> Any:
    captured = [each["captured_at"] for each in transaction["payments"] if each["captured_at"]]
    return moment(captured[-1] if captured else transaction["billed_at"] or transaction["created_at"])


def _failure_of(transaction: Json) -> Failure | None:
    if state_of(transaction) is PaymentState.PAID:
        return None
    errors = [each for each in transaction["payments"] if each["error_code"]]
    if not errors:
        return None
    code = max(errors, key=_tried)["error_code"]
    return Failure(code=code, is_hard=code in HARD_FAILURES)


def method_of(transaction: Json) -> Method | None:
    """Of the latest try. Paddle charges it again by itself; we cannot."""
    if not transaction["payments"]:
        return None
    tried = max(transaction["payments"], key=_tried)
    details: Mapping[str, Any] = tried["method_details"] or {}
    card: Mapping[str, Any] = details.get("card") or {}
    return Method(
        ref=tried["payment_method_id"] or tried["stored_payment_method_id"] or "",
        kind=details.get("type", ""),
        title=f"{card['type'].title()} ···· {card['last4']}" if card else details.get("type", ""),
        expires=f"{card['expiry_year']}-{card['expiry_month']:02}" if card else "",
    )


def _tried(payment: Json) -> Any:
    return moment(payment["created_at"])


def refund_of(adjustment: Json) -> Refund:
    """Asked for is not given back: only an approved one is done."""
    state = REFUNDS.get(adjustment["status"], RefundState.FAILED)
    created = moment(adjustment["created_at"])
    return Refund(
        ref=adjustment["id"],
        state=state,
        money=_total(adjustment),
        occurred_at=created if state is RefundState.PENDING else maybe(adjustment["updated_at"]) or created,
        reason=adjustment["reason"],
    )


def _disputes_of(adjustments: list[Json]) -> tuple[Dispute, ...]:
    """Warning, chargeback and reversal are one story of one payment, told by the last of them.

    Credits are no part of it, nor are they refunds: they lower what later transactions take.
    """
    story = sorted(
        (each for each in adjustments if each["action"] in DISPUTES), key=lambda each: (each["created_at"], each["id"])
    )
    if not story:
        return ()
    first, last = story[0], story[-1]
    dispute = Dispute(
        ref=first["id"],
        state=DISPUTES[last["action"]],
        money=_total(first),
        occurred_at=moment(last["created_at"]),
        reason=first["reason"],
    )
    return (dispute,)


def _total(adjustment: Json) -> Money:
    return Money(int(adjustment["totals"]["total"]), adjustment["currency_code"])
