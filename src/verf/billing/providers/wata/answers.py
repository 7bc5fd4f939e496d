"""What Wata's links and transactions mean in our words. A refund is a transaction too, and "Paid" when it is done."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any

from verf.billing.providers.pictures import CheckoutSeen, Failure, Payment, Refund
from verf.billing.providers.readings import moment, order_id
from verf.billing.states import CheckoutState, PaymentKind, PaymentState, RefundState
from verf.kit import Money

Seen = Mapping[str, Any]

STATES = {
    "Created": PaymentState.PENDING,
    "Pending": PaymentState.PENDING,
    "Paid": PaymentState.PAID,
    "Declined": PaymentState.FAILED,
}
REFUND_STATES = {
    "Created": RefundState.PENDING,
    "Pending": RefundState.PENDING,
    "Paid": RefundState.DONE,
    "Declined": RefundState.FAILED,
}
# Fraud suspected, card expired.
HARD = frozenset({"Payment:TRA_2004", "Payment:TRA_2018"})


def payments_of(transactions: Iterable[Seen]) -> tuple[Payment, ...]:
    """Every attempt to pay, oldest first, each with the refunds that name it."""
    seen = list(transactions)
    refunds = [each for each in seen if is_refund(each)]
    payments = [payment_of(each, refunds) for each in seen if not is_refund(each)]
    return tuple(sorted(payments, key=lambda payment: (payment.occurred_at, payment.ref)))


def payment_of(seen: Seen, refunds: Iterable[Seen] = ()) -> Payment:
    order = order_id(seen.get("orderId"))
    mine = [refund_of(each) for each in refunds if each.get("originalTransactionId") == seen["id"]]
    return Payment(
        ref=seen["id"],
        state=STATES[seen["status"]],
        money=money_of(seen),
        occurred_at=time_of(seen),
        fee=_fee(seen),
        kind=PaymentKind.INITIAL if order else None,
        order=order,
        failure=_failure(seen),
        refunds=tuple(sorted(mine, key=lambda refund: (refund.occurred_at, refund.ref))),
    )


def refund_of(seen: Seen) -> Refund:
    return Refund(
        ref=seen["id"],
        state=REFUND_STATES[seen["status"]],
        money=money_of(seen),
        occurred_at=time_of(seen),
        reason=seen.get("errorCode") or "",
    )


def checkout_of(order: str, payments: Sequence[Payment], links: Sequence[Seen], at: datetime) -> CheckoutSeen:
    """A declined attempt leaves the link open for another; a link that is gone has expired."""
    paid = next((payment for payment in payments if payment.state is PaymentState.PAID), None)
    if paid:
        return CheckoutSeen(
            ref=order, state=CheckoutState.COMPLETED, order=order_id(order), money=paid.money, payment=paid.ref
        )
    is_open = any(link_is_open(link, at) for link in links)
    return CheckoutSeen(
        ref=order,
        state=CheckoutState.OPEN if is_open else CheckoutState.EXPIRED,
        order=order_id(order),
        money=money_of(links[0]) if links else None,
    )


def link_is_open(link: Seen, at: datetime) -> bool:
    expires = link.get("expirationDateTime")
    return link["status"] == "Opened" and (not expires or moment(expires) > at)


def is_refund(seen: Seen) -> bool:
    return seen.get("kind") == "Refund"


def money_of(seen: Seen) -> Money:
    return Money.of(seen["amount"], seen["currency"])


def time_of(seen: Seen) -> datetime:
    return moment(seen.get("paymentTime") or seen["creationTime"])


def _fee(seen: Seen) -> Money | None:
    """Called totalCommission here and commission in webhooks. Fractions of a kopeck are no money we could book."""
    try:
        return Money.of(seen["totalCommission"], seen["currency"]) if seen.get("totalCommission") else None
    except ValueError:
        return None


def _failure(seen: Seen) -> Failure | None:
    if seen["status"] != "Declined":
        return None
    code = seen.get("errorCode") or "declined"
    return Failure(code=code, is_hard=code in HARD, message=seen.get("errorDescription") or "")
