"""What of a subscription is changed by simply saying so: its end, its pause, its card, its words."""

from verf.sandbox.payments.store import Document
from verf.sandbox.payments.stripe import discounts, invoices, life, subscriptions
from verf.sandbox.payments.stripe.lines import Span, metered, period_line, unused
from verf.sandbox.payments.stripe.parameters import Parameters
from verf.sandbox.payments.stripe.refusals import Refusal, invalid, lacks
from verf.sandbox.payments.stripe.usage import usage_lines, used_of
from verf.sandbox.payments.stripe.world import World

LONGEST_TRIAL = 5 * 365 * 86400


def change(world: World, given: Parameters, subscription: Document) -> None:
    if "metadata" in given:
        subscription["metadata"] = given.metadata(subscription["metadata"])
    if "default_payment_method" in given:
        method = world.get("payment_method", given.text("default_payment_method"), "default_payment_method")
        subscription["default_payment_method"] = method["id"]
    if "description" in given:
        subscription["description"] = given.text("description") or None
    _details(given, subscription)
    if "discounts" in given:
        _discounts(world, given, subscription)
    if "cancel_at_period_end" in given or "cancel_at" in given:
        _cancellation(world, given, subscription)
    if "pause_collection" in given:
        _pause(world, given, subscription)
    if "trial_end" in given:
        _trial_end(world, given, subscription)


def _cancellation(world: World, given: Parameters, subscription: Document) -> None:
    if subscription["schedule"]:
        schedule = subscription["schedule"]
        raise Refusal(
            f"The subscription is managed by the subscription schedule `{schedule}`, and updating any cancelation "
            "behavior directly is not allowed. Please update the schedule instead."
        )
    end = subscriptions.period_end(subscription)
    at_end, at = given.flag("cancel_at_period_end"), given.number("cancel_at")
    if at is not None and at <= world.time:
        raise invalid("cancel_at", "The cancellation date must be in the future.")
    subscription |= {"cancel_at_period_end": at_end, "cancel_at": end if at_end else at}
    wanted = at_end or at is not None
    subscription["canceled_at"] = world.time if wanted else None
    subscription["cancellation_details"]["reason"] = "cancellation_requested" if wanted else None
    world.plan("renew", subscription["id"], min(end, at) if at else end)


def _pause(world: World, given: Parameters, subscription: Document) -> None:
    world.forget("unpause", subscription["id"])
    if given.given["pause_collection"] == "":
        subscription["pause_collection"] = None
        return
    pause = given.inner("pause_collection")
    behaviour = pause.choice("behavior", ("keep_as_draft", "mark_uncollectible", "void"))
    if not behaviour:
        raise lacks("pause_collection[behavior]")
    resumes = pause.number("resumes_at")
    pause.done()
    subscription["pause_collection"] = {"behavior": behaviour, "resumes_at": resumes}
    if resumes:
        world.plan("unpause", subscription["id"], resumes)


def _trial_end(world: World, given: Parameters, subscription: Document) -> None:
    """Of a subscription that is paid for: a trial begins now, and what is unused is credited unless told not to."""
    end = world.time if given.text("trial_end") == "now" else given.number("trial_end") or world.time
    if subscription["status"] not in ("trialing", "active") or end < world.time:
        raise invalid("trial_end", "Invalid timestamp: must be an integer Unix timestamp in the future.")
    if end > world.time + LONGEST_TRIAL:
        raise invalid("trial_end", "Invalid timestamp: can be no more than five years in the future.")
    if subscription["schedule"]:
        raise invalid("trial_end", "The subscription is managed by a subscription schedule.")
    was_active = subscription["status"] == "active"
    if was_active and end > world.time:
        _begin_trial(world, given, subscription, end)
    subscription |= {"trial_end": end, "billing_cycle_anchor": end}
    for item in subscription["items"]["data"]:
        item["current_period_end"] = end
    world.plan("renew", subscription["id"], end)


def _begin_trial(world: World, given: Parameters, subscription: Document, end: int) -> None:
    """With an invoice of nothing for it, as at the beginning of a subscription."""
    prorate = given.choice("proration_behavior", ("create_prorations", "always_invoice", "none"), "create_prorations")
    used = usage_lines(world, subscription, used_of(subscription, world.time))
    for item in subscription["items"]["data"]:
        if prorate != "none":
            subscription["_pending_lines"] = [
                *subscription.get("_pending_lines", []),
                *unused(world, subscription, item, world.time),
            ]
        item |= {"current_period_start": world.time, "_debits": []}
    subscription |= {"status": "trialing", "trial_start": world.time}
    lines = [
        period_line(world, subscription, item, Span(world.time, end), amount=0)
        for item in subscription["items"]["data"]
        if not metered(item)
    ]
    invoice = invoices.draft(world, subscription, [*lines, *used], "subscription_update", auto_advance=False)
    subscription["latest_invoice"] = invoice["id"]
    world.keep(subscription)
    world.tell("invoice.created", invoice)
    life.finalize(world, invoice["id"])
    world.plan("trial_will_end", subscription["id"], max(world.time, end - subscriptions.TRIAL_NOTICE))


def _details(given: Parameters, subscription: Document) -> None:
    details = given.inner("cancellation_details")
    for name in ("comment", "feedback"):
        if name in details:
            subscription["cancellation_details"][name] = details.text(name) or None
    details.done()


def _discounts(world: World, given: Parameters, subscription: Document) -> None:
    rows = given.rows("discounts")
    subscription["discounts"] = []
    for coupon in discounts.chosen(world, rows, subscription["currency"]):
        discounts.attach(world, coupon, subscription)
