"""What happens by itself: renewals, retries, ends of trials, expiries. Times are those when it was due."""

from verf.sandbox.payments.store import Document
from verf.sandbox.payments.stripe import invoices, schedules, subscriptions
from verf.sandbox.payments.stripe.lines import metered, period_line
from verf.sandbox.payments.stripe.subscriptions import OVER, method_of, outcome_of, span_of
from verf.sandbox.payments.stripe.usage import usage_lines, used_of
from verf.sandbox.payments.stripe.world import World, picture

GONE = (*OVER, "paused")


def renew(world: World, identity: str) -> None:
    """The period moves first; the money is asked for an hour later."""
    subscription = world.get("subscription", identity)
    if subscription["status"] in GONE or subscription["status"] == "incomplete":
        return
    if _comes_to_its_end(subscription, world.time):
        _bill_the_rest(world, subscription)
        subscriptions.end(world, subscription, reason="cancellation_requested")
        return
    if (
        subscription["status"] == "trialing"
        and method_of(world, subscription) is None
        and _without_method(world, subscription)
    ):
        return
    before, used = picture(subscription), used_of(subscription, world.time)
    schedules.advance(world, subscription)
    _next_period(world, subscription)
    invoice = _period_invoice(world, subscription, "subscription_cycle") | {"_used": used}
    world.keep(invoice)
    subscription["latest_invoice"] = invoice["id"]
    subscriptions.remember_debits(subscription, invoice)
    if subscription["status"] == "trialing":
        subscription["status"] = "active"
    world.keep(subscription)
    world.tell("invoice.created", invoice)
    world.tell("customer.subscription.updated", subscription, before)
    _go_on(world, subscription, invoice)


def _bill_the_rest(world: World, subscription: Document) -> None:
    """What was used until the end is asked for at the end."""
    lines = [each for each in usage_lines(world, subscription, used_of(subscription, world.time)) if each["amount"]]
    if lines:
        invoice = invoices.draft(world, subscription, lines, "subscription_cycle", auto_advance=False)
        world.tell("invoice.created", invoice)
        finalize(world, invoice["id"])


def begin_anew(world: World, subscription: Document) -> None:
    """`billing_cycle_anchor=now`: the period ends here, the next is billed and charged at once. Nothing is prorated."""
    before, used = picture(subscription), used_of(subscription, world.time)
    subscription["billing_cycle_anchor"] = world.time
    _next_period(world, subscription)
    invoice = _period_invoice(world, subscription, "subscription_update", auto_advance=False) | {"_used": used}
    world.keep(invoice)
    subscription["latest_invoice"] = invoice["id"]
    subscriptions.remember_debits(subscription, invoice)
    world.keep(subscription)
    world.tell("invoice.created", invoice)
    world.tell("customer.subscription.updated", subscription, before)
    finalize(world, invoice["id"])


def _go_on(world: World, subscription: Document, invoice: Document) -> None:
    pause = subscription["pause_collection"]
    if pause is not None:
        if pause["behavior"] == "void":
            invoices.void(world, invoice)
    elif subscription["status"] != "unpaid":
        world.plan("finalize", invoice["id"], invoice["automatically_finalizes_at"])


def _comes_to_its_end(subscription: Document, at: int) -> bool:
    return bool(subscription["cancel_at_period_end"] or (subscription["cancel_at"] and subscription["cancel_at"] <= at))


def _without_method(world: World, subscription: Document) -> bool:
    behaviour = subscription["trial_settings"]["end_behavior"]["missing_payment_method"]
    if behaviour == "cancel":
        subscriptions.end(world, subscription, reason="cancellation_requested")
    elif behaviour == "pause":
        subscriptions.change_status(world, subscription, "paused")
    return bool(behaviour != "create_invoice")


def _next_period(world: World, subscription: Document) -> None:
    """Metered items go along; all items of one subscription have one rhythm here."""
    end = subscriptions.next_boundary(subscription, world.time)
    for item in subscription["items"]["data"]:
        item |= {"current_period_start": world.time, "current_period_end": end, "_debits": []}
    stop = subscription["cancel_at"]
    world.plan("renew", subscription["id"], min(end, stop) if stop and stop > world.time else end)


def _period_invoice(world: World, subscription: Document, reason: str, **fields: bool) -> Document:
    lines = [
        period_line(world, subscription, item, span_of(item))
        for item in subscription["items"]["data"]
        if not metered(item)
    ]
    lines += subscription.pop("_pending_lines", [])
    return invoices.draft(world, subscription, lines, reason, **fields)


def finalize(world: World, identity: str) -> None:
    invoice = world.get("invoice", identity)
    if invoice["status"] != "draft":
        return
    # What is reported within the hour still counts.
    invoices.add_usage(invoice, usage_lines(world, subscription_of(world, invoice), invoice.get("_used", [])))
    invoices.finalize(world, invoice)
    if invoice["status"] == "open":
        charge(world, invoice)


def retry(world: World, identity: str) -> None:
    invoice = world.get("invoice", identity)
    if invoice["status"] != "open":
        return
    subscription = subscription_of(world, invoice)
    method = method_of(world, subscription)
    # After a hard decline the same card is not asked again; the tries pass all the same.
    if invoice.get("_hard") and invoice.get("_failed_method") == (method and method["id"]):
        failed(world, invoice, subscription)
        return
    charge(world, invoice)


def charge(world: World, invoice: Document) -> bool:
    """Try an open invoice with the card on file, and let its subscription feel it."""
    subscription = subscription_of(world, invoice)
    method = method_of(world, subscription)
    if invoices.collect(world, invoice, method, outcome_of(world, subscription, method)):
        paid(world, invoice)
        return True
    failed(world, invoice, subscription)
    return False


def paid(world: World, invoice: Document) -> None:
    subscription = subscription_of(world, invoice)
    if subscription.get("_pending") and subscription["_pending"]["invoice"] == invoice["id"]:
        apply_pending(world, subscription)
    owed = [each for each in subscriptions.invoices_of(world, subscription) if each["status"] == "open"]
    waiting = subscription["status"] in ("past_due", "unpaid") and not owed
    if waiting or subscription["status"] == "incomplete":
        world.forget("incomplete", subscription["id"])
        subscriptions.change_status(world, subscription, "active")


def failed(world: World, invoice: Document, subscription: Document) -> None:
    if subscription["status"] == "incomplete" or invoice["billing_reason"] == "subscription_update":
        return
    goes_on = invoices.plan_retry(world, invoice)
    if subscription["status"] in ("active", "trialing"):
        subscriptions.change_status(world, subscription, "past_due")
    if goes_on or subscription["status"] in OVER:
        return
    if world.knobs.acts("unpaid"):
        subscriptions.change_status(world, subscription, "unpaid")
    else:
        subscriptions.end(world, subscription, reason="payment_failed")


def apply_pending(world: World, subscription: Document) -> None:
    """The difference is paid: the change that waited for it is made."""
    waiting = subscription.pop("_pending")
    world.forget("pending", subscription["id"])
    before = picture(subscription)
    subscription["pending_update"] = None
    subscription["items"]["data"] = [
        waiting["item"] if each["id"] == waiting["item"]["id"] else each for each in subscription["items"]["data"]
    ]
    if waiting["anchor"]:
        subscription["billing_cycle_anchor"] = waiting["anchor"]
        world.plan("renew", subscription["id"], subscriptions.period_end(subscription))
    world.keep(subscription)
    world.tell("customer.subscription.pending_update_applied", subscription, before)
    world.tell("customer.subscription.updated", subscription, before)


def pending(world: World, identity: str) -> None:
    """Nobody paid the difference: the change is dropped with its invoice."""
    subscription = world.get("subscription", identity)
    before = picture(subscription)
    if drop_pending(world, subscription):
        world.tell("customer.subscription.pending_update_expired", subscription, before)
        world.tell("customer.subscription.updated", subscription, before)


def drop_pending(world: World, subscription: Document) -> bool:
    """Also when another change takes its place."""
    waiting = subscription.pop("_pending", None)
    if waiting is None:
        return False
    subscription["pending_update"] = None
    world.forget("pending", subscription["id"])
    world.keep(subscription)
    invoices.void(world, world.get("invoice", waiting["invoice"]))
    return True


def incomplete(world: World, identity: str) -> None:
    subscription = world.get("subscription", identity)
    if subscription["status"] == "incomplete":
        subscriptions.end(world, subscription, reason="payment_failed", status="incomplete_expired")


def trial_will_end(world: World, identity: str) -> None:
    subscription = world.get("subscription", identity)
    if subscription["status"] == "trialing":
        world.tell("customer.subscription.trial_will_end", subscription)


def unpause(world: World, identity: str) -> None:
    subscription = world.get("subscription", identity)
    if subscription["pause_collection"] is not None:
        subscriptions.change_status(world, subscription, subscription["status"], pause_collection=None)


def subscription_of(world: World, invoice: Document) -> Document:
    return world.get("subscription", invoice["parent"]["subscription_details"]["subscription"])
