"""Refunds, credits and chargebacks: what happens to a transaction after it was paid."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Literal

from verf.kit import now
from verf.sandbox.payments.paddle.errors import Refused, invalid
from verf.sandbox.payments.paddle.sums import FEE_FIXED, fee_of, rounded
from verf.sandbox.payments.paddle.world import World, written
from verf.sandbox.payments.store import Document

CHAPTER = "adjustments"
# Paddle's sandbox approves every ten minutes; people do it in the real one.
REVIEW = timedelta(minutes=10)
LOWERING = frozenset({"refund", "chargeback", "chargeback_warning"})
RAISING = frozenset({"chargeback_reverse", "chargeback_warning_reverse", "credit_reverse"})


def ask_refund(world: World, given: Document, *, approved: bool = False) -> Document:
    """As the seller asks; approved at once when it was Paddle's own people who made it."""
    transaction, at = world.find("transaction", given["transaction_id"]), now()
    if given["action"] != "refund":
        raise Refused(
            400, "adjustment_transaction_invalid_status_for_credit", "only invoices are credited", where=CHAPTER
        )
    if transaction["status"] != "completed":
        raise Refused(
            400, "adjustment_transaction_invalid_status_for_refund", "transaction is not completed", where=CHAPTER
        )
    if any(each["status"] == "pending_approval" for each in of(world, transaction)):
        raise Refused(400, "adjustment_pending_refund_request", "a refund waits for approval", where=CHAPTER)
    items = _items(world, transaction, given)
    adjustment = _make(
        world,
        transaction,
        items,
        action="refund",
        reason=given["reason"],
        at=at,
        kind=given.get("type") or "partial",
    )
    adjustment["status"] = "approved" if approved else "pending_approval"
    _announce(world, adjustment, at)
    if not approved:
        world.agenda.plan(adjustment["id"], at + REVIEW, "review", adjustment["id"])
    return adjustment


def review(world: World, adjustment: Document, verdict: Literal["approved", "rejected"], at: datetime) -> Document:
    if adjustment["status"] != "pending_approval":
        raise Refused(400, "adjustment_invalid_status", "nothing waits for approval", where=CHAPTER)
    adjustment["status"] = verdict
    world.agenda.forget(adjustment["id"])
    world.keep("adjustment", adjustment, at)
    world.tell("adjustment.updated", adjustment, at)
    return adjustment


def credit(world: World, transaction: Document, amounts: dict[str, int], rate: Document, at: datetime) -> Document:
    """What was paid and will not be used, by line; it lowers what another transaction takes."""
    items = [_item(world, line, amounts[line["id"]], at) for line in _lines(transaction) if line["id"] in amounts]
    for item in items:
        item |= {"type": "proration", "proration": rate}
    adjustment = _make(world, transaction, items, action="credit", reason="proration", at=at)
    adjustment["credit_applied_to_balance"] = True
    _announce(world, adjustment, at)
    return adjustment


def charge_back(world: World, transaction: Document, action: str, amount: int | None, reason: str) -> Document:
    """What banks and Paddle make by themselves."""
    at = now()
    if transaction["status"] != "completed":
        raise Refused(400, "adjustment_transaction_invalid_status", "transaction is not completed", where=CHAPTER)
    lines, left = _lines(transaction), amount
    items = []
    for line in lines:
        whole = int(line["totals"]["total"])
        part = whole if left is None else min(whole, left)
        left = None if left is None else left - part
        if part:
            items.append(_item(world, line, part, at))
    kind = "full" if amount is None else "partial"
    adjustment = _make(world, transaction, items, action=action, reason=reason, at=at, kind=kind)
    _announce(world, adjustment, at)
    return adjustment


def turn_back(world: World, adjustment: Document, reason: str) -> Document:
    """A chargeback or its warning that did not stand."""
    at, transaction = now(), world.find("transaction", adjustment["transaction_id"])
    items = [dict(item, id=world.new_id("adjitm", at)) for item in adjustment["items"]]
    reverse = _make(
        world,
        transaction,
        items,
        action=f"{adjustment['action']}_reverse",
        reason=reason,
        at=at,
        kind=adjustment["type"],
    )
    adjustment["status"] = "reversed"
    world.keep("adjustment", adjustment, at)
    _announce(world, reverse, at)
    world.tell("adjustment.updated", adjustment, at)
    return reverse


def of(world: World, transaction: Document) -> list[Document]:
    return [each for each in world.all("adjustment") if each["transaction_id"] == transaction["id"]]


def left_of(world: World, transaction: Document) -> dict[str, int]:
    """What has not been given back yet, by line."""
    left = {line["id"]: int(line["totals"]["total"]) for line in _lines(transaction)}
    for adjustment in of(world, transaction):
        if adjustment["status"] in {"rejected", "reversed"} or adjustment["action"] in RAISING:
            continue
        for item in adjustment["items"]:
            left[item["item_id"]] -= int(item["totals"]["total"])
    return left


def _items(world: World, transaction: Document, given: Document) -> list[Document]:
    at, lines = now(), {line["id"]: line for line in _lines(transaction)}
    left, charged = left_of(world, transaction), _charged(world, transaction)
    if given.get("type") == "full":
        if given.get("items"):
            raise invalid(("items", "not allowed when the type is full"))
        wanted = _spread(left, charged)
    else:
        wanted = {}
        for item in given.get("items") or []:
            if item["item_id"] not in lines:
                raise Refused(400, "adjustment_transaction_item_invalid", "no such item", where=CHAPTER)
            wanted[item["item_id"]] = left[item["item_id"]] if item["type"] == "full" else int(item["amount"])
    if not wanted:
        raise invalid(("items", "must be provided unless the type is full"))
    too_much = any(amount > left[identity] or amount <= 0 for identity, amount in wanted.items())
    if too_much or sum(wanted.values()) > charged:
        raise Refused(
            400, "adjustment_amount_above_remaining_allowed", "more than is left of the transaction", where=CHAPTER
        )
    return [_item(world, lines[identity], amount, at) for identity, amount in wanted.items()]


def _charged(world: World, transaction: Document) -> int:
    """What was really taken and not given back: credits were never on the card."""
    back = sum(
        int(each["totals"]["total"])
        for each in of(world, transaction)
        if each["action"] in LOWERING and each["status"] not in {"rejected", "reversed"}
    )
    return int(transaction["details"]["totals"]["grand_total"]) - back


def _spread(left: dict[str, int], amount: int) -> dict[str, int]:
    wanted = {}
    for identity, most in left.items():
        part = min(most, amount)
        amount -= part
        if part > 0:
            wanted[identity] = part
    return wanted


def _item(world: World, line: Document, amount: int, at: datetime) -> Document:
    whole, tax = int(line["totals"]["total"]), int(line["totals"]["tax"])
    part = rounded(Decimal(tax * amount) / whole) if whole else 0
    return {
        "id": world.new_id("adjitm", at),
        "item_id": line["id"],
        "type": "full" if amount == whole else "partial",
        "amount": str(amount),
        "proration": None,
        "totals": {"subtotal": str(amount - part), "tax": str(part), "total": str(amount)},
    }


def _make(
    world: World,
    transaction: Document,
    items: list[Document],
    *,
    action: str,
    reason: str,
    at: datetime,
    kind: str = "partial",
) -> Document:  # fmt: skip
    totals = {name: sum(int(item["totals"][name]) for item in items) for name in ("subtotal", "tax", "total")}
    fee = max(0, fee_of(totals["total"]) - FEE_FIXED)
    rate = transaction["details"]["tax_rates_used"][0]["tax_rate"]
    written_totals = {
        **{name: str(value) for name, value in totals.items()},
        "fee": str(fee),
        "earnings": str(totals["subtotal"] - fee),
        "currency_code": transaction["currency_code"],
        "retained_fee": "0",
    }
    return {
        "id": world.new_id("adj", at),
        "action": action,
        "type": kind,
        "transaction_id": transaction["id"],
        "subscription_id": transaction["subscription_id"],
        "customer_id": transaction["customer_id"],
        "reason": reason,
        "credit_applied_to_balance": None,
        "currency_code": transaction["currency_code"],
        "status": "approved",
        "items": items,
        "totals": written_totals,
        "payout_totals": dict(written_totals),
        "tax_rates_used": [{"tax_rate": rate, "totals": {name: str(value) for name, value in totals.items()}}],
        "created_at": written(at),
    }


def _announce(world: World, adjustment: Document, at: datetime) -> None:
    world.keep("adjustment", adjustment, at)
    world.tell("adjustment.created", adjustment, at)


def _lines(transaction: Document) -> list[Document]:
    lines: list[Document] = transaction["details"]["line_items"]
    return lines
