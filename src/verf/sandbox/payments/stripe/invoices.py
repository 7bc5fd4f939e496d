"""Invoices: drafted, finalised, charged, paid, void."""

from typing import Any

from verf.sandbox.payments.cards import HARD, Outcome
from verf.sandbox.payments.store import Document
from verf.sandbox.payments.stripe import discounts
from verf.sandbox.payments.stripe.charging import attempt, new_intent
from verf.sandbox.payments.stripe.refusals import Refusal
from verf.sandbox.payments.stripe.world import World, picture

HOUR = 3600
DAY = 86400
# Waits between the tries of a renewal: four tries over two weeks.
RETRIES = (3 * DAY, 5 * DAY, 6 * DAY)


def draft(world: World, subscription: Document, lines: list[Document], reason: str, **fields: Any) -> Document:
    customer = world.get("customer", subscription["customer"])
    identity = world.identity("invoice")
    invoice = world.make(
        "invoice",
        identity=identity,
        billing_reason=reason,
        currency=subscription["currency"],
        customer=customer["id"],
        customer_email=customer["email"],
        customer_name=customer["name"],
        period_start=world.time,
        period_end=world.time,
        automatically_finalizes_at=world.time + HOUR,
        **fields,
    )
    invoice["parent"] = parent_of(subscription)
    add_lines(invoice, lines)
    take_off(world, subscription, invoice)
    return invoice


def parent_of(subscription: Document) -> Document:
    details = {"metadata": dict(subscription["metadata"]), "subscription": subscription["id"]}
    return {"type": "subscription_details", "subscription_details": details, "quote_details": None}


def add_lines(invoice: Document, lines: list[Document]) -> None:
    for line in lines:
        line["invoice"] = invoice["id"]
    invoice["lines"] = {
        "object": "list",
        "data": lines,
        "has_more": False,
        "total_count": len(lines),
        "url": f"/v1/invoices/{invoice['id']}/lines",
    }
    set_total(invoice, sum(line["amount"] for line in lines))


def add_usage(invoice: Document, lines: list[Document]) -> None:
    """Nothing is taken off of it here; coupons lower what is paid beforehand."""
    for line in lines:
        line["invoice"] = invoice["id"]
    invoice["lines"]["data"] = [*invoice["lines"]["data"], *lines]
    invoice["lines"]["total_count"] = len(invoice["lines"]["data"])
    off = invoice["subtotal"] - invoice["total"]
    set_total(invoice, invoice["subtotal"] + sum(line["amount"] for line in lines), off)


def set_total(invoice: Document, subtotal: int, off: int = 0) -> None:
    total = subtotal - off
    invoice |= {"subtotal": subtotal, "subtotal_excluding_tax": subtotal, "total": total, "total_excluding_tax": total}
    due = max(0, total)
    invoice |= {"amount_due": due, "amount_remaining": due}


def take_off(world: World, subscription: Document, invoice: Document) -> None:
    subtotal, off, amounts = invoice["subtotal"], 0, []
    for each in discounts.running(world, subscription):
        part = discounts.reduction(world.get("coupon", each["source"]["coupon"]), subtotal - off)
        if part:
            off += part
            amounts.append({"amount": part, "discount": each["id"]})
            discounts.used(world, subscription, [each])
    invoice |= {"total_discount_amounts": amounts, "discounts": [each["discount"] for each in amounts]}
    set_total(invoice, subtotal, off)


def finalize(world: World, invoice: Document) -> None:
    """Open, with a number, and with a payment intent if anything is due after the customer's credit."""
    before = picture(invoice)
    customer = world.get("customer", invoice["customer"])
    sequence = customer["next_invoice_sequence"]
    customer["next_invoice_sequence"] = sequence + 1
    _use_credit(invoice, customer)
    world.keep(customer)
    address = f"{world.address}/i/{invoice['id']}"
    invoice |= {
        "status": "open",
        "number": f"{customer['invoice_prefix']}-{sequence:04}",
        "effective_at": world.time,
        "automatically_finalizes_at": None,
        "hosted_invoice_url": address,
        "invoice_pdf": f"{address}/pdf",
        "webhooks_delivered_at": world.time,
    }
    invoice["status_transitions"]["finalized_at"] = world.time
    world.keep(invoice)
    world.tell("invoice.finalized", invoice, before)
    if invoice["amount_due"]:
        _link(world, invoice)
    else:
        settle(world, invoice)


def _use_credit(invoice: Document, customer: Document) -> None:
    """A balance below zero is the customer's money; an invoice below zero adds to it."""
    start = customer["balance"]
    end = start + invoice["total"] if invoice["total"] < 0 else min(0, start + invoice["total"])
    due = max(0, invoice["total"] - (end - start))
    customer["balance"] = end
    invoice |= {"starting_balance": start, "ending_balance": end, "amount_due": due, "amount_remaining": due}


def _link(world: World, invoice: Document) -> None:
    reason = "Subscription creation" if invoice["billing_reason"] == "subscription_create" else "Subscription update"
    intent = new_intent(
        world,
        amount=invoice["amount_due"],
        currency=invoice["currency"],
        customer=invoice["customer"],
        description=reason,
        setup_future_usage="off_session",
    )
    world.make(
        "invoice_payment",
        amount_requested=invoice["amount_due"],
        currency=invoice["currency"],
        invoice=invoice["id"],
        payment={"type": "payment_intent", "payment_intent": intent["id"]},
    )
    world.tell("payment_intent.created", intent)


def link_of(world: World, invoice: Document) -> Document | None:
    return next(iter(world.all("invoice_payment", invoice=invoice["id"])), None)


def collect(world: World, invoice: Document, method: Document | None, outcome: Outcome) -> bool:
    """One try. The caller says what becomes of the subscription."""
    link = link_of(world, invoice)
    if invoice["status"] != "open" or link is None:
        raise Refusal("Invoice is not open for payment.", code="invoice_not_editable")
    before = picture(invoice)
    invoice |= {"attempted": True, "attempt_count": invoice["attempt_count"] + 1}
    intent = world.get("payment_intent", link["payment"]["payment_intent"])
    if method is not None and attempt(world, intent, method, outcome):
        _paid(world, link, invoice)
        settle(world, invoice, before)
        return True
    invoice["_hard"] = outcome in HARD or method is None
    invoice["_failed_method"] = method["id"] if method else None
    world.keep(invoice)
    world.tell("invoice.payment_failed", invoice)
    return False


def plan_retry(world: World, invoice: Document) -> bool:
    """False when all tries are used up."""
    made = invoice["_tries"] = invoice.get("_tries", 0) + 1
    if made > len(RETRIES):
        invoice |= {"next_payment_attempt": None, "auto_advance": False}
        world.keep(invoice)
        return False
    invoice["next_payment_attempt"] = world.time + RETRIES[made - 1]
    world.keep(invoice)
    world.plan("retry", invoice["id"], invoice["next_payment_attempt"])
    return True


def settle(world: World, invoice: Document, before: Document | None = None) -> None:
    invoice |= {"status": "paid", "auto_advance": False, "attempted": True, "next_payment_attempt": None}
    invoice |= {"amount_paid": invoice["amount_due"], "amount_remaining": 0}
    invoice["status_transitions"]["paid_at"] = world.time
    world.keep(invoice)
    world.forget("retry", invoice["id"])
    if before is not None:
        world.tell("invoice.updated", invoice, before)
    world.tell("invoice.paid", invoice)
    world.tell("invoice.payment_succeeded", invoice)


def void(world: World, invoice: Document) -> None:
    if invoice["status"] not in ("draft", "open", "uncollectible"):
        raise Refusal("Only an open invoice can be voided.", code="invoice_not_editable")
    before = picture(invoice)
    invoice |= {"status": "void", "auto_advance": False, "next_payment_attempt": None}
    invoice["status_transitions"]["voided_at"] = world.time
    world.keep(invoice)
    world.forget("retry", invoice["id"])
    world.forget("finalize", invoice["id"])
    if link := link_of(world, invoice):
        link["status"] = "canceled"
        link["status_transitions"]["canceled_at"] = world.time
        world.keep(link)
        intent = world.get("payment_intent", link["payment"]["payment_intent"])
        intent |= {"status": "canceled", "canceled_at": world.time, "cancellation_reason": "void_invoice"}
        world.keep(intent)
        world.tell("payment_intent.canceled", intent)
    world.tell("invoice.voided", invoice, before)


def _paid(world: World, link: Document, invoice: Document) -> None:
    link |= {"status": "paid", "amount_paid": invoice["amount_due"]}
    link["status_transitions"]["paid_at"] = world.time
    world.keep(link)
    world.tell("invoice_payment.paid", link)
