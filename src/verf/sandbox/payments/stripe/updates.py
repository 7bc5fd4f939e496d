"""What a shop may change of a running subscription, and what that would cost."""

from dataclasses import dataclass
from typing import Any

from verf.sandbox.payments.store import Document
from verf.sandbox.payments.stripe import attributes, discounts, invoices, life, subscriptions
from verf.sandbox.payments.stripe.charging import DECLINES
from verf.sandbox.payments.stripe.lines import Change, change, metered, period_line
from verf.sandbox.payments.stripe.parameters import Parameters
from verf.sandbox.payments.stripe.refusals import Refusal, invalid, lacks
from verf.sandbox.payments.stripe.subscriptions import OVER, method_of, outcome_of, span_of
from verf.sandbox.payments.stripe.world import World, blank, picture

BEHAVIOURS = ("create_prorations", "always_invoice", "none")
PAYMENT_BEHAVIOURS = ("allow_incomplete", "default_incomplete", "error_if_incomplete", "pending_if_incomplete")
PENDING_FOR = 23 * 3600
NOT_WITH_PENDING = ("cancel_at_period_end", "cancel_at", "pause_collection", "default_payment_method")


@dataclass(frozen=True)
class Wanted:
    change: Change
    prorate: str
    payment: str


def running(world: World, identity: str) -> Document:
    found = world.get("subscription", identity, "subscription")
    if found["status"] in OVER:
        message = f"A canceled subscription can only update its cancellation_details and metadata: {identity}"
        raise Refusal(message, status=404, code="resource_missing", param="id")
    # Marked as changed before anything is, so that a refusal halfway takes all of it back.
    return world.keep(found)


def update(world: World, given: Parameters, subscription: str) -> Document:
    found = running(world, subscription)
    before = picture(found)
    payment = given.choice("payment_behavior", PAYMENT_BEHAVIOURS, "allow_incomplete")
    if payment == "pending_if_incomplete":
        for name in NOT_WITH_PENDING:
            if name in given:
                raise invalid(name, f"`{name}` is not supported with `payment_behavior` pending_if_incomplete.")
    wanted = _wanted(world, given, found, payment)
    anchor = given.inner("billing_cycle_anchor")
    begins_anew = anchor.choice("type", ("now", "unchanged"), "unchanged") == "now"
    attributes.change(world, given, found)
    given.done(anchor)
    world.keep(found)
    if begins_anew:
        life.begin_anew(world, found)
    elif wanted is not None:
        _apply(world, found, wanted, before)
    else:
        world.tell("customer.subscription.updated", found, before)
    return found


def _wanted(world: World, given: Parameters, subscription: Document, payment: str) -> Wanted | None:
    prorate = given.choice("proration_behavior", BEHAVIOURS, "create_prorations")
    at = given.number("proration_date", world.time) or world.time
    rows = given.rows("items")
    if not rows:
        return None
    return Wanted(_change(world, subscription, rows, at), prorate, payment)


def _change(world: World, subscription: Document, rows: list[Parameters], at: int) -> Change:
    row, *beside = rows
    subscription.pop("_beside", None)
    if beside:
        subscription["_beside"] = _metered_beside(world, subscription, beside)
    items = subscription["items"]["data"]
    identity = row.text("id")
    item = next((each for each in items if each["id"] == identity), None)
    if item is None:
        if identity:
            raise Refusal(f"No such subscription item: '{identity}'", code="resource_missing", param="items[0][id]")
        raise lacks("items[0][id]")
    price = picture(world.get("price", row.text("price") or item["price"]["id"], "items[0][price]"))
    quantity = row.number("quantity", item["quantity"] or 1) or 1
    row.done()
    if price["recurring"] is None:
        raise invalid("items[0][price]", "The price specified is set to `type=one_time` but this needs `recurring`.")
    if price["currency"] != subscription["currency"]:
        raise invalid("items[0][price]", "The price must be in the currency of the subscription.")
    if not item["current_period_start"] <= at <= item["current_period_end"]:
        raise invalid("proration_date", "The proration date must be within the current billing period.")
    return change(world, subscription, item, price, quantity, at=at)


def _metered_beside(world: World, subscription: Document, rows: list[Parameters]) -> list[Document]:
    """The metered items there will be besides; only such come and go here."""
    kept = {each["id"]: each for each in subscription["items"]["data"] if metered(each)}
    span = span_of(subscription["items"]["data"][0])
    for row in rows:
        identity, price, gone = row.text("id"), row.text("price"), row.flag("deleted")
        row.done()
        if gone and identity in kept:
            del kept[identity]
            continue
        added = subscriptions.new_item(world, subscription["id"], world.get("price", price, "items[price]"), 1, span)
        if identity or not metered(added):
            raise invalid("items", "Besides one item, this simulation adds and takes away metered ones alone.")
        kept[added["id"]] = added
    return list(kept.values())


def _apply(world: World, subscription: Document, wanted: Wanted, before: Document) -> None:
    if wanted.prorate != "always_invoice" and wanted.change.anchor is None:
        if wanted.prorate == "create_prorations":
            subscription["_pending_lines"] = [*subscription.get("_pending_lines", []), *wanted.change.lines]
        _take_over(world, subscription, wanted.change, before)
        return
    if not wanted.change.lines:
        _take_over(world, subscription, wanted.change, before)
        return
    life.drop_pending(world, subscription)
    invoice = invoices.draft(world, subscription, wanted.change.lines, "subscription_update", auto_advance=False)
    world.tell("invoice.created", invoice)
    invoices.finalize(world, invoice)
    subscription["latest_invoice"] = invoice["id"]
    world.keep(subscription)
    if invoice["status"] == "paid" or _collected(world, subscription, invoice, wanted.payment):
        _take_over(world, subscription, wanted.change, before)
    elif wanted.payment == "pending_if_incomplete":
        _wait(world, subscription, wanted.change, invoice, before)
    else:
        _take_over(world, subscription, wanted.change, before)
        subscriptions.change_status(world, subscription, "past_due")


def _collected(world: World, subscription: Document, invoice: Document, payment: str) -> bool:
    method = method_of(world, subscription)
    outcome = outcome_of(world, subscription, method)
    if payment == "error_if_incomplete" and (outcome in DECLINES or method is None):
        decline = DECLINES[outcome]
        # The whole request is undone: nothing of the change is seen anywhere.
        world.store.revert()
        raise Refusal(
            decline.message, status=402, type="card_error", code=decline.code, decline_code=decline.decline_code
        )
    return invoices.collect(world, invoice, method, outcome)


def _take_over(world: World, subscription: Document, made: Change, before: Document) -> None:
    items = subscription["items"]["data"]
    others = subscription.pop("_beside", [each for each in items if metered(each) and each["id"] != made.item["id"]])
    span = {name: made.item[name] for name in ("current_period_start", "current_period_end")}
    subscriptions.set_items(subscription, [made.item, *({**each, **span} for each in others)])
    if made.anchor is not None:
        subscription["billing_cycle_anchor"] = made.anchor
        world.plan("renew", subscription["id"], subscriptions.period_end(subscription))
    world.keep(subscription)
    world.tell("customer.subscription.updated", subscription, before)


def _wait(world: World, subscription: Document, made: Change, invoice: Document, before: Document) -> None:
    expires = world.time + PENDING_FOR
    shape = blank("subscription_item") | {"id": made.item["id"], "price": made.item["price"], "plan": made.item["plan"]}
    subscription["_pending"] = {"invoice": invoice["id"], "item": made.item, "anchor": made.anchor}
    subscription["pending_update"] = {
        "billing_cycle_anchor": made.anchor,
        "discounts": [],
        "expires_at": expires,
        "metadata": None,
        "subscription_items": [shape | {"quantity": made.item["quantity"], "subscription": subscription["id"]}],
        "trial_end": None,
        "trial_from_plan": None,
    }
    world.plan("pending", subscription["id"], expires)
    world.keep(subscription)
    world.tell("customer.subscription.updated", subscription, before)


def cancel(world: World, given: Parameters, subscription: str) -> Document:
    given.flag("invoice_now")
    given.flag("prorate")
    details = given.inner("cancellation_details")
    comment, feedback = details.text("comment") or None, details.text("feedback") or None
    given.done(details)
    found = running(world, subscription)
    found["cancellation_details"] |= {"comment": comment, "feedback": feedback}
    subscriptions.end(world, found, reason="cancellation_requested")
    return found


def resume(world: World, given: Parameters, subscription: str) -> Document:
    """Of a subscription that is `paused`: a period begins now, and is charged now."""
    given.inner("billing_cycle_anchor").choice("type", ("now", "unchanged"), "now")
    given.done()
    found = running(world, subscription)
    if found["status"] != "paused":
        raise Refusal("You cannot resume a subscription that is not paused.", param="subscription")
    found |= {"billing_cycle_anchor": world.time, "status": "active"}
    world.keep(found)
    life.renew(world, subscription)
    return found


def preview(world: World, given: Parameters) -> Document:
    """The invoice a change would make now, or the next one; nothing of it is kept."""
    subscription = running(world, given.need("subscription"))
    details = given.inner("subscription_details")
    rows, prorate = details.rows("items"), details.choice("proration_behavior", BEHAVIOURS, "create_prorations")
    at = details.number("proration_date", world.time) or world.time
    given.done(details)
    lines: list[Document] = []
    if rows:
        lines = _change(world, subscription, rows, at).lines
    if prorate != "always_invoice" or not rows:
        lines += _next_cycle(world, subscription)
    customer = world.get("customer", subscription["customer"])
    invoice: dict[str, Any] = blank("invoice") | {
        "id": f"upcoming_{world.identity('invoice')}",
        "created": at,
        "billing_reason": "upcoming",
        "currency": subscription["currency"],
        "customer": customer["id"],
        "customer_email": customer["email"],
        "period_start": at,
        "period_end": at,
        "parent": invoices.parent_of(subscription),
    }
    invoices.add_lines(invoice, lines)
    off = 0
    for each in discounts.running(world, subscription):
        off += discounts.reduction(world.get("coupon", each["source"]["coupon"]), invoice["subtotal"] - off)
    invoices.set_total(invoice, invoice["subtotal"], off)
    due = max(0, invoice["total"] + min(0, customer["balance"]))
    return invoice | {"amount_due": due, "amount_remaining": due, "starting_balance": customer["balance"]}


def _next_cycle(world: World, subscription: Document) -> list[Document]:
    return [
        period_line(world, subscription, each, span_of(each))
        for each in subscription["items"]["data"]
        if not metered(each)
    ]
