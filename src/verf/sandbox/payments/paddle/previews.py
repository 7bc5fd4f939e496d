"""What a change would come to, and what the next transaction will be."""

from datetime import datetime
from typing import Any

from verf.kit import now
from verf.sandbox.payments.paddle.changes import Plan, check, think
from verf.sandbox.payments.paddle.periods import boundary
from verf.sandbox.payments.paddle.renewals import coming_bill
from verf.sandbox.payments.paddle.state import set_items
from verf.sandbox.payments.paddle.sums import Bill, details_of, fee_of
from verf.sandbox.payments.paddle.world import World, read, shown, written
from verf.sandbox.payments.store import Document


def preview(world: World, identity: str, given: Document) -> Document:
    """Thought out on a copy, so nothing is touched."""
    kept, at = world.find("subscription", identity), now()
    check(kept, given, at)
    subscription = {**kept, **shown(kept)}
    plan = think(world, subscription, given, at) if given.get("items") else None
    if plan:
        set_items(world, subscription, plan.pairs, at)
        subscription["current_billing_period"] = plan.period
        subscription["next_billed_at"] = plan.period["ends_at"]
    told = shown(subscription) | _coming(world, subscription, at)
    told["immediate_transaction"] = _immediate(world, plan)
    told["update_summary"] = _summary(plan)
    del told["id"]
    return told


def included(world: World, subscription: Document, at: datetime) -> Document:
    """What may be asked for beside a subscription. Lines have a name here which they do not have in previews."""
    coming = _coming(world, subscription, at)
    upcoming = coming["next_transaction"]
    for details in (coming["recurring_transaction_details"], upcoming["details"] if upcoming else None):
        for line in details["line_items"] if details else ():
            line["item_id"] = None
    return coming


def _coming(world: World, subscription: Document, at: datetime) -> Document:
    billed_at = subscription["next_billed_at"]
    change = subscription["scheduled_change"]
    if not billed_at or (change and change["action"] in {"cancel", "pause"}):
        return {"next_transaction": None, "recurring_transaction_details": None}
    until = boundary(read(billed_at), 1, subscription["billing_cycle"])
    period = {"starts_at": billed_at, "ends_at": written(until)}
    sums = coming_bill(world, subscription, at, period)
    recurring = coming_bill(world, {**subscription, "_carried": [], "discount": None}, at, period)
    return {
        "next_transaction": {"billing_period": period, "details": _details(sums), "adjustments": []},
        "recurring_transaction_details": _details(recurring),
    }


def _details(sums: Bill) -> Document:
    return details_of(sums, is_paid=False, is_kept=False)


def _immediate(world: World, plan: Plan | None) -> Document | None:
    if plan is None or plan.sums is None or not plan.mode.endswith("immediately"):
        return None
    return {
        "billing_period": plan.share["billing_period"] if plan.share else plan.period,
        "details": _details(plan.sums),
        "adjustments": [_adjustment(world, plan, transaction) for transaction in plan.credits],
    }


def _adjustment(world: World, plan: Plan, identity: str) -> Document:
    transaction, amounts = world.find("transaction", identity), plan.credits[identity]
    items, tax = [], 0
    for line in transaction["details"]["line_items"]:
        if line["id"] in amounts:
            part = _part(line, amounts[line["id"]])
            tax += part
            items.append(
                {
                    "item_id": line["id"],
                    "type": "proration",
                    "amount": str(amounts[line["id"]]),
                    "proration": plan.share,
                    "totals": _totals(amounts[line["id"]], part),
                }
            )
    total = sum(amounts.values())
    fee = fee_of(total)
    return {
        "transaction_id": identity,
        "items": items,
        "totals": {
            **_totals(total, tax),
            "fee": str(fee),
            "earnings": str(total - tax - fee),
            "currency_code": transaction["currency_code"],
            "retained_fee": "0",
        },
    }


def _part(line: Any, amount: int) -> int:
    whole = int(line["totals"]["total"])
    return int(line["totals"]["tax"]) * amount // whole if whole else 0


def _totals(total: int, tax: int) -> Document:
    return {"subtotal": str(total - tax), "tax": str(tax), "total": str(total)}


def _summary(plan: Plan | None) -> Document | None:
    if plan is None or plan.sums is None:
        return None
    credit = sum(sum(amounts.values()) for amounts in plan.credits.values())
    charge, currency = plan.sums.total.total, plan.sums.currency
    return {
        "credit": {"amount": str(credit), "currency_code": currency},
        "charge": {"amount": str(charge), "currency_code": currency},
        "result": {
            "action": "charge" if charge >= credit else "credit",
            "amount": str(abs(charge - credit)),
            "currency_code": currency,
        },
    }
