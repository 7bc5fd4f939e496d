"""Changes of a subscription's items, thought through first and then done, so that a preview tells the truth."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal

from verf.kit import now
from verf.sandbox.payments.paddle.adjustments import credit, left_of
from verf.sandbox.payments.paddle.catalogue import price_for_item, sold
from verf.sandbox.payments.paddle.customers import country_of, move_balance
from verf.sandbox.payments.paddle.errors import Refused, invalid
from verf.sandbox.payments.paddle.periods import boundary, minutes_left
from verf.sandbox.payments.paddle.renewals import fall_behind
from verf.sandbox.payments.paddle.state import outcome_of, pairs_of, set_items
from verf.sandbox.payments.paddle.subscriptions import begin_period, move_to, schedule
from verf.sandbox.payments.paddle.sums import Bill, Line, bill, rounded, trimmed
from verf.sandbox.payments.paddle.transactions import cancel_transaction, collect, complete, raise_transaction
from verf.sandbox.payments.paddle.world import World, read, written
from verf.sandbox.payments.store import Document

CHAPTER = "subscriptions"
AT_ONCE = frozenset({"prorated_immediately", "full_immediately"})
MODES = AT_ONCE | {"prorated_next_billing_period", "full_next_billing_period", "do_not_bill"}
LOCKED_BEFORE_RENEWAL = timedelta(minutes=30)

Pairs = Sequence[tuple[Document, int]]


@dataclass(frozen=True, kw_only=True)
class Plan:
    """`credits` are amounts by transaction and line; `sums` is what is billed at once, if anything is."""

    pairs: Pairs
    mode: str
    period: Document
    is_new_period: bool
    lines: list[Line] = field(default_factory=list)
    credits: dict[str, dict[str, int]] = field(default_factory=dict)
    share: Document | None = None
    sums: Bill | None = None


def change(world: World, identity: str, given: Document) -> Document:
    subscription, at = world.find("subscription", identity), now()
    check(subscription, given, at)
    if "scheduled_change" in given:
        if given["scheduled_change"] is not None:
            raise invalid(("scheduled_change", "only null is allowed"))
        schedule(world, subscription, None)
    if "custom_data" in given:
        subscription["custom_data"] = given["custom_data"]
    if given.get("next_billed_at"):
        _move(world, subscription, given, at)
    if given.get("items"):
        _carry_out(world, subscription, think(world, subscription, given, at), given, at)
    world.keep("subscription", subscription, at)
    world.tell("subscription.updated", subscription, at)
    return subscription


def think(world: World, subscription: Document, given: Document, at: datetime) -> Plan:
    """What a change comes to. Nothing is touched."""
    pairs = _pairs(world, subscription, given["items"])
    mode, same = given["proration_billing_mode"], pairs[0][0]["billing_cycle"] == subscription["billing_cycle"]
    if not same and mode not in AT_ONCE | {"do_not_bill"}:
        raise Refused(
            400,
            "subscription_items_update_invalid_billing_interval",
            "another interval is billed immediately or not at all",
            where=CHAPTER,
        )
    period = dict(subscription["current_billing_period"])
    if not same:
        period = {"starts_at": written(at), "ends_at": written(boundary(at, 1, pairs[0][0]["billing_cycle"]))}
    plan = Plan(pairs=pairs, mode=mode, period=period, is_new_period=not same)
    return plan if mode == "do_not_bill" else _billed(world, subscription, plan, at)


def _billed(world: World, subscription: Document, plan: Plan, at: datetime) -> Plan:
    start, until = (read(subscription["current_billing_period"][name]) for name in ("starts_at", "ends_at"))
    left = minutes_left(start, until, at)
    prorates = plan.mode.startswith("prorated")
    share = left if prorates and not plan.is_new_period else (1, 1)
    rest = {"starts_at": written(at), "ends_at": plan.period["ends_at"]}
    before = {price["id"]: quantity for price, quantity in pairs_of(world, subscription)}
    added = [(price, quantity) for price, quantity in plan.pairs if before.get(price["id"]) != quantity]
    wanted = {price["id"]: quantity for price, quantity in plan.pairs}
    removed = [price for price, quantity in before.items() if wanted.get(price) != quantity]
    if plan.is_new_period:
        added, removed = list(plan.pairs), list(before)
    lines = [
        Line(
            item=world.new_id("txnitm", at),
            price=price,
            product=sold(world, price)[1],
            quantity=quantity,
            share=share,
            period=rest,
        )
        for price, quantity in added
    ]
    unused = _unused(world, subscription, removed, at) if prorates else {}
    sums = bill(
        lines,
        subscription["currency_code"],
        country_of(world, subscription["address_id"]),
        credit=sum(sum(amounts.values()) for amounts in unused.values()),
    )
    return Plan(
        pairs=plan.pairs,
        mode=plan.mode,
        period=plan.period,
        is_new_period=plan.is_new_period,
        lines=lines,
        credits=unused,
        share={"rate": trimmed(Decimal(left[0]) / left[1]), "billing_period": rest},
        sums=sums,
    )


def _unused(world: World, subscription: Document, removed: list[str], at: datetime) -> dict[str, dict[str, int]]:
    """The unused part of what was really billed for the removed items, never more than is left of it."""
    unused: dict[str, dict[str, int]] = {}
    for transaction in world.all("transaction"):
        if transaction["subscription_id"] != subscription["id"] or transaction["status"] != "completed":
            continue
        if not transaction["billing_period"] or transaction["billing_period"]["ends_at"] <= written(at):
            continue
        left = left_of(world, transaction)
        for line in transaction["details"]["line_items"]:
            if line["price_id"] not in removed:
                continue
            period = (line["proration"] or {}).get("billing_period") or transaction["billing_period"]
            minutes, whole = minutes_left(read(period["starts_at"]), read(period["ends_at"]), at)
            amount = min(left[line["id"]], rounded(Decimal(int(line["totals"]["total"]) * minutes) / whole))
            if amount > 0:
                unused.setdefault(transaction["id"], {})[line["id"]] = amount
    return unused


def _carry_out(world: World, subscription: Document, plan: Plan, given: Document, at: datetime) -> None:
    applies = given.get("on_payment_failure") == "apply_change"
    if plan.sums is not None and plan.mode in AT_ONCE:
        _bill_now(world, subscription, plan, at, applies=applies)
    elif plan.sums is not None:
        subscription["_carried"] += [
            {
                "item": line.item,
                "price": line.price["id"],
                "quantity": line.quantity,
                "left": line.share[0],
                "whole": line.share[1],
                "period": line.period,
            }
            for line in plan.lines
        ]
        _credit(world, plan, at)
        unused = sum(sum(amounts.values()) for amounts in plan.credits.values())
        move_balance(world, subscription["customer_id"], subscription["currency_code"], unused)
    set_items(world, subscription, plan.pairs, at)
    if plan.is_new_period:
        begin_period(world, subscription, at)


def _bill_now(world: World, subscription: Document, plan: Plan, at: datetime, *, applies: bool) -> None:
    assert plan.sums is not None
    assert plan.share is not None
    transaction = raise_transaction(
        world,
        subscription,
        plan.sums,
        origin="subscription_update",
        period=plan.share["billing_period"],
        items=plan.pairs,
        at=at,
    )
    method, outcome = world.find("method", subscription["_method"]), outcome_of(world, subscription)
    if collect(world, transaction, plan.sums, method=method, outcome=outcome, at=at):
        complete(world, transaction, at)
        _credit(world, plan, at)
    elif applies:
        fall_behind(world, subscription, transaction, at)
    else:
        cancel_transaction(world, transaction, at)
        world.keep("subscription", subscription, at)
        raise Refused(400, "subscription_payment_declined", "payment was declined, nothing has changed", where=CHAPTER)


def _credit(world: World, plan: Plan, at: datetime) -> None:
    for transaction, amounts in plan.credits.items():
        assert plan.share is not None
        credit(world, world.find("transaction", transaction), amounts, plan.share, at)


def _pairs(world: World, subscription: Document, items: list[Document]) -> Pairs:
    before = {item["price"]["id"]: item["quantity"] for item in subscription["items"]}
    pairs = []
    for item in items:
        quantity = item.get("quantity") or before.get(item["price_id"])
        if not quantity:
            raise invalid(("items.quantity", "must be provided for new items"))
        pairs.append((price_for_item(world, {**item, "quantity": quantity}), quantity))
    cycles = {str(price["billing_cycle"]) for price, _ in pairs}
    currencies = {price["unit_price"]["currency_code"] for price, _ in pairs}
    if len(cycles) > 1 or not pairs[0][0]["billing_cycle"]:
        raise Refused(
            400, "subscription_items_mixed_billing_intervals", "items must recur at the same time", where=CHAPTER
        )
    if currencies != {subscription["currency_code"]}:
        raise Refused(
            400, "subscription_update_different_currency_code", "prices are in another currency", where=CHAPTER
        )
    return pairs


def check(subscription: Document, given: Document, at: datetime) -> None:
    mode, status = given.get("proration_billing_mode"), subscription["status"]
    if status == "canceled":
        raise Refused(
            400,
            "subscription_update_when_canceled",
            "cannot update subscription, as subscription is canceled",
            where=CHAPTER,
        )
    billed_at = subscription["next_billed_at"]
    if billed_at and read(billed_at) - at < LOCKED_BEFORE_RENEWAL:
        raise Refused(
            409, "subscription_locked_renewal", "unable to update subscription 30m0s before renewal", where=CHAPTER
        )
    if not (given.get("items") or given.get("next_billed_at")):
        return
    if mode not in MODES:
        raise Refused(
            400,
            "subscription_items_update_missing_proration_billing_mode",
            "proration_billing_mode is required when updating subscription items",
            where=CHAPTER,
        )
    if status == "past_due":
        raise Refused(
            409,
            "subscription_outstanding_transaction",
            "cannot update subscription due to an outstanding transaction",
            where=CHAPTER,
        )
    if status == "paused":
        raise Refused(400, "subscription_update_when_paused", "cannot update a paused subscription", where=CHAPTER)
    if status == "trialing" and mode != "do_not_bill":
        raise Refused(400, "subscription_trialing_items_update_invalid_options", "a trial is not billed", where=CHAPTER)
    if subscription["scheduled_change"] and mode.endswith("next_billing_period"):
        raise Refused(
            400,
            "subscription_invalid_billing_mode_for_scheduled_change",
            "changes of a subscription that ends cannot be billed at its next period",
            where=CHAPTER,
        )


def _move(world: World, subscription: Document, given: Document, at: datetime) -> None:
    until = read(given["next_billed_at"])
    if given["proration_billing_mode"] != "do_not_bill":
        raise Refused(501, "not_simulated", "the simulator moves dates with do_not_bill only", where=CHAPTER)
    if until - at < LOCKED_BEFORE_RENEWAL:
        raise Refused(
            400, "subscription_next_billed_at_too_soon", "next_billed_at must be 30 minutes ahead", where=CHAPTER
        )
    move_to(world, subscription, until)
