"""Lines of invoices: a period of an item, and what a change in the middle of one gives back and takes."""

from dataclasses import dataclass
from typing import Any

from verf.sandbox.payments.store import Document
from verf.sandbox.payments.stripe.catalogue import plan_of
from verf.sandbox.payments.stripe.periods import boundary
from verf.sandbox.payments.stripe.world import World, blank


@dataclass(frozen=True)
class Span:
    start: int
    end: int


def period_line(
    world: World, subscription: Document, item: Document, span: Span, *, amount: int | None = None
) -> Document:
    price, quantity = item["price"], item["quantity"] or 1
    whole = price["unit_amount"] * quantity if amount is None else amount
    recurring = price["recurring"]
    title = world.get("product", price["product"])["name"]
    many = f"{recurring['interval_count']} {recurring['interval']}s" if recurring["interval_count"] > 1 else ""
    description = (
        f"{quantity} × {title} (at {price['unit_amount']} {price['currency']} / {many or recurring['interval']})"
    )
    return _line(world, subscription, item, span, amount=whole, description=description, proration=False)


def metered(item: Document) -> bool:
    return bool(item["price"]["recurring"]["usage_type"] == "metered")


@dataclass(frozen=True)
class Change:
    """What a change of an item comes to: its lines, and the item as it would be."""

    lines: list[Document]
    item: Document
    anchor: int | None = None

    @property
    def total(self) -> int:
        return sum(line["amount"] for line in self.lines)


def change(world: World, subscription: Document, item: Document, price: Document, quantity: int, *, at: int) -> Change:
    """By the second, from what was really debited; another interval starts a period of its own at once."""
    old, new = item["price"]["recurring"], price["recurring"]
    trialing = subscription["status"] == "trialing"
    same_interval = (old["interval"], old["interval_count"]) == (new["interval"], new["interval_count"])
    end = item["current_period_end"]
    changed = {**item, "price": price, "plan": plan_of(price), "quantity": quantity, "_debits": []}
    if trialing:
        return Change([], changed)
    lines = unused(world, subscription, item, at)
    if same_interval:
        amount = _part(price["unit_amount"] * quantity, end - at, end - item["current_period_start"])
        lines.append(_debit(world, subscription, changed, Span(at, end), amount))
        changed["_debits"] = [{"amount": amount, "start": at, "end": end}]
        return Change([line for line in lines if line["amount"]], changed)
    span = Span(at, boundary(at, new["interval"], new["interval_count"], 1))
    lines.append(period_line(world, subscription, changed, span))
    changed |= {"current_period_start": span.start, "current_period_end": span.end}
    changed["_debits"] = [{"amount": lines[-1]["amount"], "start": span.start, "end": span.end}]
    return Change([line for line in lines if line["amount"]], changed, anchor=at)


def unused(world: World, subscription: Document, item: Document, at: int) -> list[Document]:
    return [_credit(world, subscription, item, debit, at) for debit in item["_debits"]]


def _credit(world: World, subscription: Document, item: Document, debit: dict[str, int], at: int) -> Document:
    amount = -_part(debit["amount"], debit["end"] - at, debit["end"] - debit["start"])
    title = world.get("product", item["price"]["product"])["name"]
    span = Span(at, debit["end"])
    return _line(world, subscription, item, span, amount=amount, description=f"Unused time on {title}", proration=True)


def _debit(world: World, subscription: Document, item: Document, span: Span, amount: int) -> Document:
    title = world.get("product", item["price"]["product"])["name"]
    text = f"Remaining time on {title}"
    return _line(world, subscription, item, span, amount=amount, description=text, proration=True)


def _part(amount: int, seconds: int, whole: int) -> int:
    """Rounded to the nearest; never more than all of it."""
    if whole <= 0:
        return 0
    return (2 * amount * min(max(0, seconds), whole) + whole) // (2 * whole)


def _line(world: World, subscription: Document, item: Document, span: Span, **fields: Any) -> Document:
    price = item["price"]
    details = {
        "invoice_item": None,
        "proration": fields.pop("proration"),
        "proration_details": {"credited_items": None},
        "subscription": subscription["id"],
        "subscription_item": item["id"],
    }
    return {
        **blank("line_item"),
        "id": world.identity("line_item"),
        "currency": price["currency"],
        "metadata": dict(subscription["metadata"]),
        "parent": {
            "type": "subscription_item_details",
            "subscription_item_details": details,
            "invoice_item_details": None,
        },
        "period": {"start": span.start, "end": span.end},
        "pricing": {
            "type": "price_details",
            "price_details": {"price": price["id"], "product": price["product"]},
            "unit_amount_decimal": price["unit_amount_decimal"],
        },
        "quantity": item["quantity"] or 1,
        "quantity_decimal": str(item["quantity"] or 1),
        "subtotal": fields["amount"],
        **fields,
    }
