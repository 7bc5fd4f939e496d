"""Subscription schedules: what a subscription will be after this period."""

from typing import Any

from verf.sandbox.payments.store import Document
from verf.sandbox.payments.stripe import discounts
from verf.sandbox.payments.stripe.catalogue import plan_of
from verf.sandbox.payments.stripe.parameters import Parameters
from verf.sandbox.payments.stripe.periods import boundary
from verf.sandbox.payments.stripe.refusals import Refusal, invalid, lacks
from verf.sandbox.payments.stripe.subscriptions import OVER, new_item, set_items, span_of
from verf.sandbox.payments.stripe.usage import counted
from verf.sandbox.payments.stripe.world import World, blank, picture

PRORATIONS = ("create_prorations", "always_invoice", "none")


def create(world: World, given: Parameters) -> Document:
    """From a subscription only: one phase, what it is now until its period ends."""
    identity = given.text("from_subscription")
    given.done()
    if not identity:
        raise lacks("from_subscription")
    subscription = world.get("subscription", identity, "from_subscription")
    if subscription["schedule"]:
        raise Refusal(
            "You cannot migrate a subscription that is already attached to a schedule.", param="from_subscription"
        )
    if subscription["status"] in OVER:
        raise Refusal("You cannot migrate a subscription that is canceled.", param="from_subscription")
    first = subscription["items"]["data"][0]
    items = [
        {
            **blank("schedule_item"),
            "price": each["price"]["id"],
            "plan": each["price"]["id"],
            "quantity": each["quantity"],
        }
        for each in subscription["items"]["data"]
    ]
    phase = {
        **blank("schedule_phase"),
        "currency": subscription["currency"],
        "start_date": first["current_period_start"],
        "end_date": first["current_period_end"],
        "items": items,
        "discounts": [{"coupon": None, "discount": each, "promotion_code": None} for each in subscription["discounts"]],
        "trial_end": subscription["trial_end"],
    }
    schedule = world.make(
        "subscription_schedule",
        customer=subscription["customer"],
        subscription=identity,
        phases=[phase],
        current_phase={"start_date": phase["start_date"], "end_date": phase["end_date"]},
    )
    before = picture(subscription)
    subscription["schedule"] = schedule["id"]
    world.keep(subscription)
    world.tell("subscription_schedule.created", schedule)
    world.tell("customer.subscription.updated", subscription, before)
    return schedule


def update(world: World, given: Parameters, schedule: str) -> Document:
    found = world.get("subscription_schedule", schedule, "schedule")
    if found["status"] != "active":
        raise Refusal(f"You cannot update a subscription schedule that is currently in the `{found['status']}` status.")
    world.keep(found)
    rows = given.rows("phases")
    found["end_behavior"] = given.choice("end_behavior", ("release", "cancel"), found["end_behavior"])
    given.choice("proration_behavior", PRORATIONS)
    found["metadata"] = given.metadata(found["metadata"])
    before = picture(found)
    if rows:
        phases = _phases(world, rows, found)
        if phases[0]["start_date"] != found["current_phase"]["start_date"]:
            raise invalid("phases[0][start_date]", "The start date of the current phase cannot be changed.")
        found["phases"] = phases
        found["current_phase"] = {name: phases[0][name] for name in ("start_date", "end_date")}
    given.done()
    world.keep(found)
    world.tell("subscription_schedule.updated", found, before)
    return found


def _phases(world: World, rows: list[Parameters], schedule: Document) -> list[Document]:
    phases: list[Document] = []
    for row in rows:
        start = row.number("start_date") or (phases[-1]["end_date"] if phases else None)
        if start is None:
            raise lacks(f"{row.path}[start_date]")
        if phases and start != phases[-1]["end_date"]:
            raise invalid(f"{row.path}[start_date]", "Phases follow one another without gaps.")
        phases.append(_phase(world, row, schedule, start))
    return phases


def _phase(world: World, row: Parameters, schedule: Document, start: int) -> Document:
    items, currency = [], ""
    for each in row.rows("items"):
        price = world.get("price", each.need("price"), f"{each.path}[price]")
        currency = price["currency"]
        items.append(
            {
                **blank("schedule_item"),
                "price": price["id"],
                "plan": price["id"],
                "quantity": None if counted(world.get("price", price["id"])) else each.number("quantity", 1),
            }
        )
        each.done()
    if not items:
        raise lacks(f"{row.path}[items]")
    end, duration = row.number("end_date"), row.inner("duration")
    if end is None:
        interval = duration.choice("interval", ("day", "week", "month", "year"))
        if not interval:
            raise lacks(f"{row.path}[end_date]")
        end = boundary(start, interval, duration.number("interval_count", 1) or 1, 1)
    coupons = discounts.chosen(world, row.rows("discounts"), currency)
    fields: dict[str, Any] = {
        "currency": currency,
        "start_date": start,
        "end_date": end,
        "items": items,
        "discounts": [{"coupon": each, "discount": None, "promotion_code": None} for each in coupons],
        "proration_behavior": row.choice("proration_behavior", PRORATIONS, "create_prorations"),
        "trial_end": row.number("trial_end"),
    }
    row.done(duration)
    return {**blank("schedule_phase"), **fields}


def release(world: World, given: Parameters, schedule: str) -> Document:
    given.done()
    found = world.get("subscription_schedule", schedule, "schedule")
    if found["status"] != "active":
        raise Refusal(f"You cannot release a subscription schedule that is in the `{found['status']}` status.")
    subscription = world.get("subscription", found["subscription"])
    before = picture(subscription)
    _let_go(world, found, subscription)
    world.keep(subscription)
    world.tell("customer.subscription.updated", subscription, before)
    return found


def advance(world: World, subscription: Document) -> None:
    """At the end of a phase: the next one begins, or the schedule lets the subscription go."""
    schedule = world.store.get("subscription_schedule", subscription["schedule"] or "")
    if schedule is None or schedule["status"] != "active" or schedule["current_phase"]["end_date"] > world.time:
        return
    following = next((each for each in schedule["phases"] if each["start_date"] >= world.time), None)
    if following is None:
        _let_go(world, schedule, subscription)
        return
    first, span = subscription["items"]["data"][0], span_of(subscription["items"]["data"][0])
    coming = [world.get("price", each["price"]) for each in following["items"][1:]]
    metered = [new_item(world, subscription["id"], price, 1, span) for price in coming]
    set_items(subscription, [first, *metered])
    for item, wanted in zip([first], following["items"], strict=False):
        price = picture(world.get("price", wanted["price"]))
        old, new = item["price"]["recurring"], price["recurring"]
        if (old["interval"], old["interval_count"]) != (new["interval"], new["interval_count"]):
            subscription["billing_cycle_anchor"] = world.time
        item |= {"price": price, "plan": plan_of(price), "quantity": wanted["quantity"]}
    before = picture(schedule)
    schedule["current_phase"] = {name: following[name] for name in ("start_date", "end_date")}
    world.keep(schedule)
    world.tell("subscription_schedule.updated", schedule, before)


def _let_go(world: World, schedule: Document, subscription: Document) -> None:
    schedule |= {
        "status": "released",
        "released_at": world.time,
        "released_subscription": subscription["id"],
        "subscription": None,
        "current_phase": None,
    }
    subscription["schedule"] = None
    world.keep(schedule)
    world.tell("subscription_schedule.released", schedule)
