"""A subscription's life: it begins with a paid transaction, renews by itself, is paused, resumed and ended."""

from datetime import datetime

from verf.kit import now
from verf.sandbox.payments.paddle.periods import boundary
from verf.sandbox.payments.paddle.renewals import (
    GIVES_UP_AFTER,
    bill_period,
    catch_up,
    charge,
    plan_retry,
    settle_debt,
)
from verf.sandbox.payments.paddle.state import (
    anchor_at,
    apply_discount,
    clear_period,
    plan,
    set_items,
    set_period,
    urls,
)
from verf.sandbox.payments.paddle.transactions import bill_of
from verf.sandbox.payments.paddle.world import World, read, written
from verf.sandbox.payments.store import Document


def begin(world: World, transaction: Document, method: Document, at: datetime) -> Document:
    """Out of the first transaction; without recurring items there is nothing to begin."""
    pairs = [(world.find("price", price), quantity) for price, quantity in transaction["_items"]]
    recurring = [(price, quantity) for price, quantity in pairs if price["billing_cycle"]]
    cycle = recurring[0][0]["billing_cycle"]
    trial = next((price["trial_period"] for price, _ in recurring if price["trial_period"]), None)
    identity = world.new_id("sub", at)
    subscription: Document = {
        "id": identity,
        "status": "trialing" if trial else "active",
        "customer_id": transaction["customer_id"],
        "address_id": transaction["address_id"],
        "business_id": None,
        "currency_code": transaction["currency_code"],
        "created_at": written(at),
        "updated_at": written(at),
        "started_at": written(at),
        "first_billed_at": None if trial else written(at),
        "next_billed_at": None,
        "paused_at": None,
        "canceled_at": None,
        "collection_mode": "automatic",
        "billing_details": None,
        "current_billing_period": None,
        "billing_cycle": cycle,
        "scheduled_change": None,
        "items": [],
        "custom_data": transaction["custom_data"],
        "management_urls": urls(world, identity),
        "discount": None,
        "import_meta": None,
        "_method": method["id"],
        "_carried": [],
    }
    anchor_at(subscription, at)
    end = boundary(at, 1, trial or cycle)
    if trial:
        anchor_at(subscription, end, spent=0)
    set_items(world, subscription, recurring, at, trial_end=end if trial else None)
    set_period(subscription, at, end)
    apply_discount(world, subscription, transaction["discount_id"], at, billed=0 if trial else 1)
    transaction["subscription_id"] = identity
    transaction["billing_period"] = dict(subscription["current_billing_period"])
    world.keep("subscription", subscription, at)
    plan(world, subscription)
    world.tell("subscription.created", subscription, at, transaction_id=transaction["id"])
    world.tell(f"subscription.{'trialing' if trial else 'activated'}", subscription, at)
    return subscription


def live(world: World, subscription: Document, at: datetime) -> None:
    """Its next date has come."""
    change = subscription["scheduled_change"]
    if change and change["action"] == "resume":
        start_again(world, subscription, at)
    elif change and change["action"] == "cancel":
        end(world, subscription, at)
    elif change:
        stop(world, subscription, at, resume_at=change["resume_at"])
    else:
        renew(world, subscription, at)


def renew(world: World, subscription: Document, at: datetime) -> None:
    """The period moves on whether or not it is paid; only the transaction tells."""
    was_trial = subscription["status"] == "trialing"
    number = subscription["_number"] + 1
    end_of_it = boundary(read(subscription["_anchor"]), number, subscription["billing_cycle"])
    subscription["_number"] = number
    bill_period(world, subscription, at, end_of_it, was_trial=was_trial)


def retry(world: World, subscription: Document, at: datetime, *, by_hand: bool = False) -> bool:
    """Once more for what is owed; after a month Paddle gives up."""
    owed = subscription.get("_owed")
    if not owed:
        return True
    transaction = world.find("transaction", owed["transaction"])
    if not by_hand and at >= read(owed["since"]) + GIVES_UP_AFTER:
        _give_up(world, subscription, at)
        return False
    owed["tries"] += 0 if by_hand else 1
    if charge(world, subscription, transaction, bill_of(world, transaction), at):
        catch_up(world, subscription, at)
        return True
    transaction["status"] = "past_due"
    world.keep("transaction", transaction, at)
    plan_retry(world, subscription)
    return False


def _give_up(world: World, subscription: Document, at: datetime) -> None:
    if world.knobs.acts("dunning_pauses"):
        stop(world, subscription, at)
    else:
        end(world, subscription, at)


def end(world: World, subscription: Document, at: datetime) -> None:
    subscription |= {"status": "canceled", "canceled_at": written(at), "scheduled_change": None, "paused_at": None}
    clear_period(subscription)
    settle_debt(world, subscription, at)
    world.keep("subscription", subscription, at)
    world.agenda.forget(subscription["id"])
    world.tell("subscription.updated", subscription, at)
    world.tell("subscription.canceled", subscription, at)


def stop(world: World, subscription: Document, at: datetime, *, resume_at: str | None = None) -> None:
    """Paused: nothing is billed. What is left of the period is remembered, so that it can be continued."""
    subscription |= {"status": "paused", "paused_at": written(at), "next_billed_at": None}
    subscription["scheduled_change"] = (
        {"action": "resume", "effective_at": resume_at, "resume_at": None} if resume_at else None
    )
    for item in subscription["items"]:
        item["next_billed_at"] = None
    if subscription["current_billing_period"]["ends_at"] <= written(at):
        subscription["current_billing_period"] = None
    settle_debt(world, subscription, at)
    world.keep("subscription", subscription, at)
    plan(world, subscription)
    world.tell("subscription.updated", subscription, at)
    world.tell("subscription.paused", subscription, at)


def start_again(world: World, subscription: Document, at: datetime, *, continues: bool = False) -> None:
    """Out of a pause, with a new period that is billed now, or with what was left of the old one."""
    subscription |= {"status": "active", "paused_at": None, "scheduled_change": None}
    period = subscription["current_billing_period"]
    if continues:
        set_period(subscription, read(period["starts_at"]), read(period["ends_at"]))
        world.keep("subscription", subscription, at)
        plan(world, subscription)
        world.tell("subscription.updated", subscription, at)
    else:
        anchor_at(subscription, at)
        bill_period(world, subscription, at, boundary(at, 1, subscription["billing_cycle"]), was_trial=False)
    world.tell("subscription.resumed", subscription, at)


def move_to(world: World, subscription: Document, at: datetime) -> None:
    """Another date of billing: the periods after it are counted from it."""
    anchor_at(subscription, at, spent=0)
    set_period(subscription, read(subscription["current_billing_period"]["starts_at"]), at)
    plan(world, subscription)


def begin_period(world: World, subscription: Document, at: datetime) -> None:
    anchor_at(subscription, at)
    set_period(subscription, at, boundary(at, 1, subscription["billing_cycle"]))
    plan(world, subscription)


def schedule(world: World, subscription: Document, change: Document | None) -> None:
    subscription["scheduled_change"] = change
    world.keep("subscription", subscription, now())
    plan(world, subscription)
    world.tell("subscription.updated", subscription, now())
