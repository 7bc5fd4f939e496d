"""Billing a period, and what happens when it is not paid."""

from datetime import datetime, timedelta

from verf.sandbox.payments.cards import Outcome
from verf.sandbox.payments.paddle.catalogue import off, sold
from verf.sandbox.payments.paddle.customers import balance_of, country_of, is_hard
from verf.sandbox.payments.paddle.state import outcome_of, pairs_of, plan, set_period, use_discount
from verf.sandbox.payments.paddle.sums import Bill, Line, bill
from verf.sandbox.payments.paddle.transactions import cancel_transaction, collect, complete, raise_transaction
from verf.sandbox.payments.paddle.world import World, read, written
from verf.sandbox.payments.store import Document

RETRY_AFTER_DAYS = (2, 5, 9, 14, 20, 27)
GIVES_UP_AFTER = timedelta(days=30)


def bill_period(world: World, subscription: Document, at: datetime, until: datetime, *, was_trial: bool) -> None:
    period = {"starts_at": written(at), "ends_at": written(until)}
    sums = coming_bill(world, subscription, at, period)
    pairs = pairs_of(world, subscription)
    subscription["_carried"] = []
    set_period(subscription, at, until)
    for item in subscription["items"]:
        item |= {"status": "active", "previously_billed_at": written(at), "trial_dates": None}
    subscription["first_billed_at"] = subscription["first_billed_at"] or written(at)
    transaction = raise_transaction(
        world, subscription, sums, origin="subscription_recurring", period=period, items=pairs, at=at
    )
    use_discount(world, subscription)
    plan(world, subscription)
    if charge(world, subscription, transaction, sums, at):
        subscription["status"] = "active"
        world.keep("subscription", subscription, at)
        world.tell("subscription.updated", subscription, at)
        if was_trial:
            world.tell("subscription.activated", subscription, at)
        return
    fall_behind(world, subscription, transaction, at)


def coming_bill(world: World, subscription: Document, at: datetime, period: Document) -> Bill:
    """What the next period will cost, as things are."""
    pairs = pairs_of(world, subscription)
    carried = [
        Line(
            item=each["item"],
            price=world.find("price", each["price"]),
            product=sold(world, world.find("price", each["price"]))[1],
            quantity=each["quantity"],
            share=(each["left"], each["whole"]),
            period=each["period"],
        )
        for each in subscription["_carried"]
    ]
    gross = [int(price["unit_price"]["amount"]) * quantity for price, quantity in pairs]
    left = subscription.get("_discount_left")
    discount = (
        world.find("discount", subscription["discount"]["id"]) if subscription["discount"] and left != 0 else None
    )
    lines = [
        Line(
            item=world.new_id("txnitm", at),
            price=price,
            product=sold(world, price)[1],
            quantity=quantity,
            period=period,
            discount=taken,
        )
        for (price, quantity), taken in zip(pairs, off(discount, gross), strict=True)
    ]
    return bill(
        [*lines, *carried],
        subscription["currency_code"],
        country_of(world, subscription["address_id"]),
        balance=balance_of(world, subscription["customer_id"], subscription["currency_code"]),
    )


def charge(world: World, subscription: Document, transaction: Document, sums: Bill, at: datetime) -> bool:
    method, outcome = world.find("method", subscription["_method"]), outcome_of(world, subscription)
    if not collect(world, transaction, sums, method=method, outcome=outcome, at=at):
        return False
    complete(world, transaction, at)
    return True


def fall_behind(world: World, subscription: Document, transaction: Document, at: datetime) -> None:
    transaction["status"] = "past_due"
    world.keep("transaction", transaction, at)
    world.tell("transaction.past_due", transaction, at)
    subscription["status"] = "past_due"
    subscription["_owed"] = {"transaction": transaction["id"], "since": written(at), "tries": 0}
    world.keep("subscription", subscription, at)
    world.tell("subscription.updated", subscription, at)
    world.tell("subscription.past_due", subscription, at)
    plan_retry(world, subscription)


def plan_retry(world: World, subscription: Document) -> None:
    owed = subscription["_owed"]
    since, tries = read(owed["since"]), owed["tries"]
    gives_up = since + GIVES_UP_AFTER
    hopeless = is_hard(Outcome(world.find("method", subscription["_method"])["_outcome"]))
    next_try = gives_up
    if tries < len(RETRY_AFTER_DAYS) and not hopeless:
        next_try = since + timedelta(days=RETRY_AFTER_DAYS[tries])
    world.store.put("subscription", subscription["id"], subscription)
    world.agenda.plan(f"retry {subscription['id']}", next_try, "retry", subscription["id"])


def catch_up(world: World, subscription: Document, at: datetime) -> None:
    del subscription["_owed"]
    subscription["status"] = "active"
    world.agenda.forget(f"retry {subscription['id']}")
    world.keep("subscription", subscription, at)
    world.tell("subscription.updated", subscription, at)
    world.tell("subscription.activated", subscription, at)


def settle_debt(world: World, subscription: Document, at: datetime) -> None:
    owed = subscription.pop("_owed", None)
    world.agenda.forget(f"retry {subscription['id']}")
    if owed:
        cancel_transaction(world, world.find("transaction", owed["transaction"]), at)
