"""What a subscription consists of: items, period, discount, and its next date in the agenda."""

from collections.abc import Sequence
from datetime import datetime

from verf.sandbox.payments.cards import Outcome
from verf.sandbox.payments.paddle.catalogue import sold
from verf.sandbox.payments.paddle.world import World, read, written
from verf.sandbox.payments.store import Document


def anchor_at(subscription: Document, at: datetime, *, spent: int = 1) -> None:
    """Periods are counted from here; `spent` of them are over or under way."""
    subscription["_anchor"], subscription["_number"] = written(at), spent


def set_items(
    world: World,
    subscription: Document,
    pairs: Sequence[tuple[Document, int]],
    at: datetime,
    *,
    trial_end: datetime | None = None,
) -> None:
    before = {item["price"]["id"]: item for item in subscription["items"]}
    status = "trialing" if subscription["status"] == "trialing" else "active"
    items = []
    for price, quantity in pairs:
        known, copied = before.get(price["id"]), sold(world, price)
        items.append(
            {
                "status": status,
                "quantity": quantity,
                "recurring": True,
                "created_at": known["created_at"] if known else written(at),
                "updated_at": written(at),
                "previously_billed_at": known["previously_billed_at"] if known else None,
                "next_billed_at": subscription["next_billed_at"],
                "trial_dates": {"starts_at": written(at), "ends_at": written(trial_end)} if trial_end else None,
                "price": copied[0],
                "product": copied[1],
            }
        )
    if not trial_end:
        for item in items:
            same = before.get(item["price"]["id"]) or next(iter(before.values()), None)
            item["trial_dates"] = same["trial_dates"] if same and status == "trialing" else None
            item["previously_billed_at"] = item["previously_billed_at"] or (
                None if status == "trialing" else written(at)
            )
    subscription["items"] = items
    subscription["billing_cycle"] = pairs[0][0]["billing_cycle"]


def set_period(subscription: Document, start: datetime, until: datetime) -> None:
    subscription["current_billing_period"] = {"starts_at": written(start), "ends_at": written(until)}
    subscription["next_billed_at"] = written(until)
    for item in subscription["items"]:
        item["next_billed_at"] = written(until)


def clear_period(subscription: Document) -> None:
    subscription |= {"next_billed_at": None, "current_billing_period": None}
    for item in subscription["items"]:
        item["next_billed_at"] = None


def pairs_of(world: World, subscription: Document) -> list[tuple[Document, int]]:
    return [(world.find("price", item["price"]["id"]), item["quantity"]) for item in subscription["items"]]


def outcome_of(world: World, subscription: Document) -> Outcome:
    """What the card does now, unless somebody said that the next charge fails."""
    if subscription.pop("_fails_next", None):
        return Outcome.INSUFFICIENT_FUNDS
    return Outcome(world.find("method", subscription["_method"])["_outcome"])


def apply_discount(world: World, subscription: Document, discount: str | None, at: datetime, *, billed: int) -> None:
    """Goes on with the subscription only when it recurs; `billed` periods have had it."""
    if not discount:
        return
    terms = world.find("discount", discount)
    times = terms["maximum_recurring_intervals"] if terms["recur"] else 1
    left = None if times is None else times - billed
    if left is None or left > 0:
        subscription["_discount_left"] = left
        subscription["discount"] = {"id": discount, "starts_at": written(at), "ends_at": None}


def use_discount(world: World, subscription: Document) -> None:
    left = subscription.get("_discount_left")
    if subscription["discount"] and left is not None:
        subscription["_discount_left"] = left - 1
        if left <= 1:
            subscription["discount"] = None


def plan(world: World, subscription: Document) -> None:
    """When it does something by itself."""
    change = subscription["scheduled_change"]
    due = change["effective_at"] if change else subscription["next_billed_at"]
    if due:
        world.agenda.plan(subscription["id"], read(due), "subscription", subscription["id"])
    else:
        world.agenda.forget(subscription["id"])


def urls(world: World, identity: str) -> Document:
    home = f"{world.address}/portal/{identity}"
    return {"update_payment_method": f"{home}/update-payment-method", "cancel": f"{home}/cancel"}
