"""Payment intents, with or without the invoice they pay, as payments of ours."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import stripe

from verf.billing.providers.pictures import Dispute, Payment, Refund
from verf.billing.providers.stripe.amounts import from_stripe
from verf.billing.providers.stripe.events import ref_of
from verf.billing.providers.stripe.methods import failure_of, method_of_charge
from verf.billing.states import DisputeState, PaymentKind, PaymentState, RefundState
from verf.kit import Money

ORDER = "verf_order_id"
PRICE = "verf_price"
REASON = "verf_reason"

STATES = {
    "succeeded": PaymentState.PAID,
    "canceled": PaymentState.VOID,
    "requires_payment_method": PaymentState.FAILED,
}
KINDS = {
    "subscription_create": PaymentKind.INITIAL,
    "subscription_cycle": PaymentKind.RENEWAL,
    "subscription_update": PaymentKind.PRORATION,
    "subscription_threshold": PaymentKind.RENEWAL,
}
REFUND_STATES = {
    "succeeded": RefundState.DONE,
    "pending": RefundState.PENDING,
    "requires_action": RefundState.PENDING,
}
DISPUTE_STATES = {"won": DisputeState.WON, "lost": DisputeState.LOST}
# Nothing was taken from us in these: an inquiry asks for papers, a prevented dispute never came.
NO_MONEY_MOVED = frozenset({"warning_needs_response", "warning_under_review", "warning_closed", "prevented"})


@dataclass(frozen=True)
class Belongings:
    """What Stripe keeps apart from the payment intents: refunds and disputes by the intent they belong to."""

    refunds: Mapping[str, Sequence[stripe.Refund]] = field(default_factory=dict)
    disputes: Mapping[str, Sequence[stripe.Dispute]] = field(default_factory=dict)


def moment(seconds: int) -> datetime:
    return datetime.fromtimestamp(seconds, UTC)


def payment_of(intent: stripe.PaymentIntent, belongings: Belongings) -> Payment:
    """A payment as its intent knows it; what it was for is said by the invoice."""
    charge = _charge_of(intent)
    paid = intent.status == "succeeded"
    state = STATES.get(intent.status, PaymentState.PENDING)
    if state is PaymentState.FAILED and intent.last_payment_error is None:
        state = PaymentState.PENDING
    return Payment(
        ref=intent.id,
        state=state,
        money=from_stripe(intent.amount_received if paid else intent.amount, intent.currency),
        occurred_at=moment(charge.created if charge else intent.created),
        fee=_fee(charge, intent.currency),
        price=str(getattr(intent.metadata, PRICE, "")),
        order=order_of(intent.metadata),
        failure=None if paid else failure_of(intent),
        method=method_of_charge(charge) if charge else None,
        refunds=tuple(refund_of(each) for each in belongings.refunds.get(intent.id, ())),
        disputes=tuple(
            dispute_of(each) for each in belongings.disputes.get(intent.id, ()) if each.status not in NO_MONEY_MOVED
        ),
        receipt_url=(charge.receipt_url or "") if charge else "",
    )


def payment_of_invoice(
    invoice: stripe.Invoice,
    lines: Sequence[stripe.InvoiceLineItem],
    intent: stripe.PaymentIntent | None,
    belongings: Belongings,
) -> Payment | None:
    """None for what asks for no money: drafts, and the invoice of nothing with which a trial begins."""
    if invoice.status in (None, "draft") or not any(line.amount for line in lines):
        return None
    payment = payment_of(intent, belongings) if intent else _paid_from_credit(invoice)
    access = _line_of_access(lines)
    kind = KINDS.get(invoice.billing_reason or "", PaymentKind.ONE_OFF)
    if invoice.status in ("void", "uncollectible") and payment.state is not PaymentState.PAID:
        payment = replace(payment, state=PaymentState.VOID if invoice.status == "void" else PaymentState.FAILED)
    return replace(
        payment,
        kind=kind,
        tax=_tax(invoice),
        price=price_of_line(access),
        quantity=access.quantity or 1,
        period_start=moment(access.period.start),
        period_end=moment(access.period.end),
        order=_order_of_invoice(invoice) if kind is PaymentKind.INITIAL else None,
        number=invoice.number or "",
        invoice_url=invoice.hosted_invoice_url or "",
    )


def refund_of(refund: stripe.Refund) -> Refund:
    return Refund(
        ref=refund.id,
        state=REFUND_STATES.get(refund.status or "", RefundState.FAILED),
        money=from_stripe(refund.amount, refund.currency),
        occurred_at=moment(refund.created),
        reason=str(getattr(refund.metadata, REASON, "")) or refund.reason or "",
    )


def dispute_of(dispute: stripe.Dispute) -> Dispute:
    return Dispute(
        ref=dispute.id,
        state=DISPUTE_STATES.get(dispute.status, DisputeState.OPEN),
        money=from_stripe(dispute.amount, dispute.currency),
        occurred_at=moment(dispute.created),
        reason=dispute.reason,
    )


def intent_ref_of(invoice: stripe.Invoice) -> str:
    """The payment intent that paid, or is to pay, this invoice: its paid one before its default one."""
    listed = getattr(invoice, "payments", None)
    payments = sorted(listed.data if listed else [], key=lambda each: (each.status != "paid", not each.is_default))
    refs = [ref_of(getattr(each.payment, "payment_intent", None)) for each in payments if each.status != "canceled"]
    refs += [ref_of(getattr(each.payment, "payment_intent", None)) for each in payments]
    return next((ref for ref in refs if ref), "")


def price_of_line(line: stripe.InvoiceLineItem) -> str:
    details = getattr(line.pricing, "price_details", None) if line.pricing else None
    return ref_of(details.price) if details else ""


def order_of(metadata: Any) -> UUID | None:
    given = getattr(metadata, ORDER, "") if metadata else ""
    try:
        return UUID(str(given)) if given else None
    except ValueError:
        return None


def _line_of_access(lines: Sequence[stripe.InvoiceLineItem]) -> stripe.InvoiceLineItem:
    """The line that gives access: of a change of plan not the credit for the old price but the debit for the new."""
    return max(lines, key=lambda line: (line.amount > 0, not _is_proration(line), line.period.end, line.amount))


def _is_proration(line: stripe.InvoiceLineItem) -> bool:
    parent = line.parent
    details = parent and (
        getattr(parent, "subscription_item_details", None) or getattr(parent, "invoice_item_details", None)
    )
    return bool(details and details.proration)


def _paid_from_credit(invoice: stripe.Invoice) -> Payment:
    """Covered by the customer's balance, a discount of all of it, or outside Stripe: there is no payment intent."""
    state = PaymentState.PAID if invoice.status == "paid" else PaymentState.PENDING
    return Payment(
        ref=invoice.id,
        state=state,
        money=from_stripe(invoice.amount_paid if state is PaymentState.PAID else invoice.amount_due, invoice.currency),
        occurred_at=moment(invoice.status_transitions.paid_at or invoice.created),
    )


def _order_of_invoice(invoice: stripe.Invoice) -> UUID | None:
    details = getattr(invoice.parent, "subscription_details", None) if invoice.parent else None
    return order_of(details.metadata) if details else None


def _charge_of(intent: stripe.PaymentIntent) -> stripe.Charge | None:
    return intent.latest_charge if isinstance(intent.latest_charge, stripe.Charge) else None


def _fee(charge: stripe.Charge | None, currency: str) -> Money | None:
    """What Stripe kept; only when it settles in the currency of the payment, else the two never meet."""
    settled = charge.balance_transaction if charge else None
    if not isinstance(settled, stripe.BalanceTransaction) or settled.currency != currency:
        return None
    return from_stripe(settled.fee, settled.currency)


def _tax(invoice: stripe.Invoice) -> Money | None:
    taxes = getattr(invoice, "total_taxes", None)
    return from_stripe(sum(each.amount for each in taxes), invoice.currency) if taxes else None
