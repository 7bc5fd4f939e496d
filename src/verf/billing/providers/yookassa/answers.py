"""What YooKassa's objects mean in our words."""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from verf.billing.providers.pictures import CheckoutSeen, Failure, Method, Payment, Refund
from verf.billing.providers.readings import moment, order_id, without_numbers
from verf.billing.states import CheckoutState, PaymentKind, PaymentState, RefundState
from verf.kit import Money

STATES = {
    "pending": PaymentState.PENDING,
    "waiting_for_capture": PaymentState.PENDING,
    "succeeded": PaymentState.PAID,
    "canceled": PaymentState.FAILED,
}
REFUND_STATES = {"pending": RefundState.PENDING, "succeeded": RefundState.DONE, "canceled": RefundState.FAILED}
# https://yookassa.ru/developers/payments/declined-payments: another try with the same method cannot help.
HARD = frozenset(
    {
        "card_expired",
        "country_forbidden",
        "fraud_suspected",
        "identification_required",
        "invalid_card_number",
        "payment_method_restricted",
        "permission_revoked",
    }
)
# Nobody tried to pay: the page ran out, or was taken back.
NOT_TRIED = frozenset({"canceled_by_merchant", "deal_expired", "expired_on_capture", "expired_on_confirmation"})
KINDS = {"bank_card": "card", "yoo_money": "wallet", "mir_pay": "card", "sbp": "sbp"}
# Fields of a method that may hold a whole number.
NUMBERED = frozenset({"account_number", "phone", "title"})
# The name of a charge without its payer, in the metadata; payments made on a page have none.
CHARGED = "charge"


def payment_of(seen: Mapping[str, Any], refunds: Iterable[Mapping[str, Any]] = ()) -> Payment:
    money = money_of(seen["amount"])
    return Payment(
        ref=seen["id"],
        state=state_of(seen),
        money=money,
        occurred_at=moment(seen.get("captured_at") or seen["created_at"]),
        fee=money - money_of(seen["income_amount"]) if "income_amount" in seen else None,
        kind=kind_of(metadata_of(seen)),
        order=order_of(seen),
        failure=failure_of(seen),
        method=method_of(seen.get("payment_method") or {}),
        refunds=tuple(sorted(map(refund_of, refunds), key=lambda refund: (refund.occurred_at, refund.ref))),
    )


def state_of(seen: Mapping[str, Any]) -> PaymentState:
    """Paid is what says so twice: the status, and the flag of its own."""
    state = STATES[seen["status"]]
    if state is PaymentState.PAID and seen.get("paid") is not True:
        return PaymentState.PENDING
    if state is PaymentState.FAILED and _reason(seen) in NOT_TRIED:
        return PaymentState.VOID
    return state


def checkout_of(seen: Mapping[str, Any]) -> CheckoutSeen | None:
    """A payment of one stage is its own checkout page. None for a charge, and for payments that are not ours."""
    if order_of(seen) is None or CHARGED in metadata_of(seen):
        return None
    states = {
        PaymentState.PENDING: CheckoutState.OPEN,
        PaymentState.PAID: CheckoutState.COMPLETED,
        PaymentState.FAILED: CheckoutState.FAILED,
        PaymentState.VOID: CheckoutState.EXPIRED,
    }
    state = states[state_of(seen)]
    paid = seen["id"] if state is CheckoutState.COMPLETED else ""
    return CheckoutSeen(ref=seen["id"], state=state, order=order_of(seen), money=money_of(seen["amount"]), payment=paid)


def refund_of(seen: Mapping[str, Any]) -> Refund:
    return Refund(
        ref=seen["id"],
        state=REFUND_STATES[seen["status"]],
        money=money_of(seen["amount"]),
        occurred_at=moment(seen["created_at"]),
        reason=_reason(seen) or seen.get("description") or "",
    )


def method_of(seen: Mapping[str, Any]) -> Method | None:
    """Only what may be charged again is a method; YooKassa's own title may hold the whole number of a wallet."""
    if not seen.get("saved"):
        return None
    card = seen.get("card") or {}
    title = f"{card.get('card_type') or 'Card'} ···· {card['last4']}" if card.get("last4") else seen.get("title") or ""
    expires = f"{card['expiry_year']}-{card['expiry_month']}" if card.get("expiry_year") else ""
    return Method(
        ref=seen["id"],
        kind=KINDS.get(seen["type"], seen["type"]),
        title=without_numbers(title),
        expires=expires,
        can_charge_again=seen.get("status", "active") == "active",
    )


def failure_of(seen: Mapping[str, Any]) -> Failure | None:
    if seen["status"] != "canceled":
        return None
    code = _reason(seen) or "general_decline"
    return Failure(code=code, is_hard=code in HARD)


def kind_of(metadata: Mapping[str, Any]) -> PaymentKind | None:
    """Whoever charges may say what for; the first payment of a page needs no word."""
    said = metadata.get("kind")
    if said in set(PaymentKind):
        return PaymentKind(said)
    return None if CHARGED in metadata or "order_id" not in metadata else PaymentKind.INITIAL


def order_of(seen: Mapping[str, Any]) -> UUID | None:
    return order_id(metadata_of(seen).get("order_id"))


def metadata_of(seen: Mapping[str, Any]) -> Mapping[str, Any]:
    return seen.get("metadata") or {}


def money_of(amount: Mapping[str, Any]) -> Money:
    return Money.of(amount["value"], amount["currency"])


def without_secrets(seen: Mapping[str, Any]) -> dict[str, Any]:
    """An answer to keep: the number of a wallet goes, all else stays as it came."""
    kept = dict(seen)
    if kept.get("payment_method"):
        kept["payment_method"] = {
            key: without_numbers(value) if key in NUMBERED else value for key, value in kept["payment_method"].items()
        }
    return kept


def _reason(seen: Mapping[str, Any]) -> str:
    return (seen.get("cancellation_details") or {}).get("reason") or ""
