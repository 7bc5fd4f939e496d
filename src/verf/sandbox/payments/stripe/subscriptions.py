"""Subscriptions: begun, moved from one status to another, ended."""

from dataclasses import dataclass, field
from typing import Any

from verf.sandbox.payments.cards import Outcome
from verf.sandbox.payments.store import Document
from verf.sandbox.payments.stripe import discounts, invoices
from verf.sandbox.payments.stripe.catalogue import plan_of
from verf.sandbox.payments.stripe.lines import Span, metered, period_line
from verf.sandbox.payments.stripe.periods import boundary, following
from verf.sandbox.payments.stripe.world import World, blank, picture

TRIAL_NOTICE = 3 * 86400
INCOMPLETE_FOR = 23 * 3600
OVER = ("canceled", "incomplete_expired")


@dataclass(frozen=True, kw_only=True)
class Wish:
    customer: Document
    items: list[tuple[Document, int]]  # price, quantity
    method: Document | None
    metadata: dict[str, str] = field(default_factory=dict)
    coupons: list[str] = field(default_factory=list)
    trial_end: int | None = None
    missing_method: str = "create_invoice"
    session: str | None = None
    description: str | None = None


def begin(world: World, wish: Wish, outcome: Outcome) -> tuple[Document, Document]:
    """The subscription and its first invoice, charged at once; of a trial an invoice of nothing."""
    subscription = _new(world, wish)
    for coupon in wish.coupons:
        discounts.attach(world, coupon, subscription, wish.session)
    lines = [
        period_line(world, subscription, item, span_of(item), amount=0 if wish.trial_end else None)
        for item in subscription["items"]["data"]
        if not metered(item)
    ]
    invoice = invoices.draft(world, subscription, lines, "subscription_create")
    subscription["latest_invoice"] = invoice["id"]
    remember_debits(subscription, invoice)
    world.keep(subscription)
    world.tell("customer.subscription.created", subscription)
    world.tell("invoice.created", invoice)
    invoices.finalize(world, invoice)
    if invoice["status"] == "open" and not invoices.collect(world, invoice, wish.method, outcome):
        world.plan("incomplete", subscription["id"], world.time + INCOMPLETE_FOR)
        return subscription, invoice
    change_status(world, subscription, "trialing" if wish.trial_end else "active")
    return subscription, invoice


def _new(world: World, wish: Wish) -> Document:
    identity, start = world.identity("subscription"), world.time
    first = wish.items[0][0]["recurring"]
    anchor = wish.trial_end or start
    end = wish.trial_end or boundary(start, first["interval"], first["interval_count"], 1)
    items = [new_item(world, identity, price, quantity, Span(start, end)) for price, quantity in wish.items]
    shape = blank("subscription")
    shape["trial_settings"]["end_behavior"]["missing_payment_method"] = wish.missing_method
    shape["billing_mode"]["updated_at"] = start
    subscription = world.make(
        "subscription",
        identity=identity,
        customer=wish.customer["id"],
        currency=wish.items[0][0]["currency"],
        billing_cycle_anchor=anchor,
        start_date=start,
        default_payment_method=wish.method and wish.method["id"],
        metadata=dict(wish.metadata),
        description=wish.description,
        trial_start=start if wish.trial_end else None,
        trial_end=wish.trial_end,
        trial_settings=shape["trial_settings"],
        billing_mode=shape["billing_mode"],
    )
    set_items(subscription, items)
    wish.customer["currency"] = subscription["currency"]
    world.keep(wish.customer)
    world.plan("renew", identity, end)
    if wish.trial_end:
        world.plan("trial_will_end", identity, max(start, wish.trial_end - TRIAL_NOTICE))
    return subscription


def new_item(world: World, subscription: str, price: Document, quantity: int, span: Span) -> Document:
    return {
        **blank("subscription_item"),
        "id": world.identity("subscription_item"),
        "created": world.time,
        "price": picture(price),
        "plan": plan_of(price),
        "quantity": None if price["recurring"]["usage_type"] == "metered" else quantity,
        "subscription": subscription,
        "current_period_start": span.start,
        "current_period_end": span.end,
        "_debits": [],
    }


def set_items(subscription: Document, items: list[Document]) -> None:
    subscription["items"] = {
        "object": "list",
        "data": items,
        "has_more": False,
        "total_count": len(items),
        "url": f"/v1/subscription_items?subscription={subscription['id']}",
    }


def span_of(item: Document) -> Span:
    return Span(item["current_period_start"], item["current_period_end"])


def remember_debits(subscription: Document, invoice: Document) -> None:
    """What the customer really pays for each running period, after discounts: credits start from that."""
    subtotal, total = invoice["subtotal"], invoice["total"]
    for line in invoice["lines"]["data"]:
        details = line["parent"]["subscription_item_details"]
        net = (2 * line["amount"] * total + subtotal) // (2 * subtotal) if subtotal > 0 else 0
        for item in subscription["items"]["data"]:
            if item["id"] == details["subscription_item"] and not details["proration"]:
                item["_debits"] = [{"amount": net, **line["period"]}]


def period_end(subscription: Document) -> int:
    return int(max(item["current_period_end"] for item in subscription["items"]["data"]))


def change_status(world: World, subscription: Document, status: str, **more: Any) -> None:
    before = picture(subscription)
    subscription |= {"status": status, **more}
    world.keep(subscription)
    world.tell("customer.subscription.updated", subscription, before)


def end(world: World, subscription: Document, *, reason: str, status: str = "canceled") -> None:
    """Nothing of it happens any more. Its open invoices stay open and are not tried again."""
    before = picture(subscription)
    subscription |= {"status": status, "ended_at": world.time, "canceled_at": subscription["canceled_at"] or world.time}
    subscription["cancellation_details"]["reason"] = reason
    world.keep(subscription)
    for what in ("renew", "trial_will_end", "incomplete", "pending", "unpause"):
        world.forget(what, subscription["id"])
    for invoice in invoices_of(world, subscription):
        world.forget("retry", invoice["id"])
        if invoice["status"] == "draft" or (invoice["status"] == "open" and status == "incomplete_expired"):
            invoices.void(world, invoice)
    if subscription["schedule"]:
        schedule = world.get("subscription_schedule", subscription["schedule"])
        schedule |= {"status": "canceled", "canceled_at": world.time, "current_phase": None}
        world.keep(schedule)
    if status == "incomplete_expired":
        world.tell("customer.subscription.updated", subscription, before)
    else:
        world.tell("customer.subscription.deleted", subscription)


def invoices_of(world: World, subscription: Document) -> list[Document]:
    return [
        each
        for each in world.all("invoice", customer=subscription["customer"])
        if each["parent"] and each["parent"]["subscription_details"]["subscription"] == subscription["id"]
    ]


def method_of(world: World, subscription: Document) -> Document | None:
    customer = world.get("customer", subscription["customer"])
    identity = subscription["default_payment_method"] or customer["invoice_settings"]["default_payment_method"]
    return world.get("payment_method", identity) if identity else None


def outcome_of(world: World, subscription: Document, method: Document | None) -> Outcome:
    """What happens when this is charged without its owner."""
    if subscription.get("_fail_next"):
        subscription["_fail_next"] -= 1
        world.keep(subscription)
        return Outcome.INSUFFICIENT_FUNDS
    return Outcome(method["_outcome"]) if method else Outcome.EXPIRED


def next_boundary(subscription: Document, after: int) -> int:
    recurring = subscription["items"]["data"][0]["price"]["recurring"]
    return following(subscription["billing_cycle_anchor"], recurring["interval"], recurring["interval_count"], after)
