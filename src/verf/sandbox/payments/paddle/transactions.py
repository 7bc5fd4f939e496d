"""Transactions: what is sold, what it comes to, and every try to get it paid."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from urllib.parse import quote, urlsplit

from verf.kit import now
from verf.sandbox.payments.cards import Outcome
from verf.sandbox.payments.paddle.catalogue import off, price_for_item, sold, usable_discount
from verf.sandbox.payments.paddle.customers import address_of, attempt, country_of, move_balance
from verf.sandbox.payments.paddle.errors import Refused, invalid
from verf.sandbox.payments.paddle.sums import Bill, Line, bill, details_of
from verf.sandbox.payments.paddle.world import World, written
from verf.sandbox.payments.store import Document

CHAPTER = "transactions"
OPEN = frozenset({"draft", "ready"})
CARD_CHANGE = "subscription_payment_method_change"


def open_transaction(world: World, given: Document) -> Document:
    """As the seller's server makes one, to be paid at a checkout."""
    at = now()
    items = [(price_for_item(world, item), item["quantity"]) for item in given["items"]]
    currency = _currency(items, given.get("currency_code"))
    if given.get("customer_id"):
        world.find("customer", given["customer_id"])
    if given.get("discount_id"):
        usable_discount(world, given["discount_id"], currency, at)
    transaction = _blank(world, at) | {
        "customer_id": given.get("customer_id"),
        "custom_data": given.get("custom_data"),
        "currency_code": currency,
        "discount_id": given.get("discount_id"),
        "origin": "api",
        "_items": [(price["id"], quantity) for price, quantity in items],
    }
    transaction["checkout"] = {"url": _page(world, given.get("checkout"), transaction["id"])}
    _set_address(world, transaction, given.get("address_id"))
    reckon(world, transaction, at)
    world.keep("transaction", transaction, at)
    world.tell("transaction.created", transaction, at)
    if transaction["status"] == "ready":
        world.tell("transaction.ready", transaction, at)
    return transaction


def change_transaction(world: World, identity: str, given: Document) -> Document:
    transaction, at = world.find("transaction", identity), now()
    if "status" in given:
        return _change_status(world, transaction, given["status"], at)
    if transaction["status"] not in OPEN:
        raise Refused(400, "transaction_immutable", "transaction cannot be changed any more", where=CHAPTER)
    if given.get("customer_id"):
        world.find("customer", given["customer_id"])
        transaction["customer_id"] = given["customer_id"]
    if "custom_data" in given:
        transaction["custom_data"] = given["custom_data"]
    if "address_id" in given:
        locate(world, transaction, given["address_id"], at)
    world.keep("transaction", transaction, at)
    world.tell("transaction.updated", transaction, at)
    return transaction


def locate(world: World, transaction: Document, address: str | None, at: datetime) -> None:
    """An address makes a draft ready: taxes are known."""
    was = transaction["status"]
    _set_address(world, transaction, address)
    reckon(world, transaction, at)
    world.keep("transaction", transaction, at)
    if was == "draft" and transaction["status"] == "ready":
        world.tell("transaction.ready", transaction, at)


def cancel_transaction(world: World, transaction: Document, at: datetime) -> None:
    transaction["status"] = "canceled"
    world.keep("transaction", transaction, at)
    world.tell("transaction.canceled", transaction, at)


def raise_transaction(
    world: World,
    subscription: Document,
    sums: Bill,
    *,
    origin: str,
    period: Document,
    items: Sequence[tuple[Document, int]],
    at: datetime,
) -> Document:
    """As Paddle makes one by itself for a subscription."""
    transaction = _blank(world, at) | {
        "status": "billed",
        "origin": origin,
        "customer_id": subscription["customer_id"],
        "address_id": subscription["address_id"],
        "subscription_id": subscription["id"],
        "custom_data": subscription["custom_data"],
        "currency_code": subscription["currency_code"],
        "discount_id": subscription["discount"]["id"] if subscription["discount"] else None,
        "billing_period": period,
        "billed_at": written(at),
        "_items": [(price["id"], quantity) for price, quantity in items],
    }
    transaction["checkout"] = {"url": _page(world, None, transaction["id"])}
    _write(world, transaction, sums, is_paid=False)
    world.keep("transaction", transaction, at)
    world.tell("transaction.created", transaction, at)
    world.tell("transaction.billed", transaction, at)
    return transaction


def raise_card_change(
    world: World, subscription: Document, items: Sequence[tuple[Document, int]], at: datetime
) -> Document:
    """A transaction of nothing, whose checkout takes another card for this subscription."""
    transaction = _blank(world, at) | {
        "status": "ready",
        "origin": CARD_CHANGE,
        "customer_id": subscription["customer_id"],
        "address_id": subscription["address_id"],
        "subscription_id": subscription["id"],
        "custom_data": subscription["custom_data"],
        "currency_code": subscription["currency_code"],
        "_items": [(price["id"], quantity) for price, quantity in items],
    }
    transaction["checkout"] = {"url": _page(world, None, transaction["id"])}
    lines, country = _lines(world, transaction, items, at), country_of(world, transaction["address_id"])
    _write(world, transaction, bill(lines, transaction["currency_code"], country, is_trial=True), is_paid=False)
    world.keep("transaction", transaction, at)
    world.tell("transaction.created", transaction, at)
    world.tell("transaction.ready", transaction, at)
    return transaction


def collect(
    world: World, transaction: Document, sums: Bill, *, method: Document, outcome: Outcome, at: datetime
) -> bool:
    """Try to take the money; an amount of zero needs no card. Paid is not completed yet."""
    if sums.grand > 0:
        transaction["payments"] = [attempt(world, method, outcome, sums.grand, at), *transaction["payments"]]
        if outcome is not Outcome.PAYS:
            world.keep("transaction", transaction, at)
            world.tell("transaction.payment_failed", transaction, at)
            return False
    transaction["status"] = "paid"
    transaction["billed_at"] = transaction["billed_at"] or written(at)
    _write(world, transaction, sums, is_paid=True)
    move_balance(world, transaction["customer_id"], sums.currency, sums.to_balance - sums.from_balance)
    world.keep("transaction", transaction, at)
    world.tell("transaction.paid", transaction, at)
    return True


def complete(world: World, transaction: Document, at: datetime) -> None:
    transaction["status"] = "completed"
    transaction["invoice_id"] = world.new_id("inv", at)
    transaction["invoice_number"] = f"325-{10000 + world.store.count('invoice')}"
    if transaction["discount_id"]:
        discount = world.find("discount", transaction["discount_id"])
        discount["times_used"] += 1
        world.keep("discount", discount, at)
    world.keep("transaction", transaction, at)
    world.tell("transaction.completed", transaction, at)


def reckon(world: World, transaction: Document, at: datetime) -> Bill:
    """What it comes to now, where its customer lives."""
    items = [(world.find("price", price), quantity) for price, quantity in transaction["_items"]]
    sums = bill(
        _lines(world, transaction, items, at),
        transaction["currency_code"],
        country_of(world, transaction["address_id"]),
        is_trial=any(price["trial_period"] for price, _ in items),
    )
    _write(world, transaction, sums, is_paid=False)
    return sums


def bill_of(world: World, transaction: Document) -> Bill:
    """The sums it was raised with."""
    kept = transaction["_sums"]
    lines = [
        Line(
            item=line["item"],
            price=world.find("price", line["price"]),
            product=sold(world, world.find("price", line["price"]))[1],
            quantity=line["quantity"],
            share=(line["left"], line["whole"]),
            period=line["period"],
            discount=line["discount"],
        )
        for line in kept["lines"]
    ]
    fresh = bill(
        lines, transaction["currency_code"], country_of(world, transaction["address_id"]), is_trial=kept["is_trial"]
    )
    return replace(fresh, **kept["credits"])


def _keep_sums(transaction: Document, sums: Bill) -> None:
    transaction["_sums"] = {
        "is_trial": any(line.gross for line in sums.lines) and not sums.total.total and not sums.total.discount,
        "lines": [
            {
                "item": line.item,
                "price": line.price["id"],
                "quantity": line.quantity,
                "left": line.share[0],
                "whole": line.share[1],
                "period": line.period,
                "discount": line.discount,
            }
            for line in sums.lines
        ],
        "credits": {"credit": sums.credit, "to_balance": sums.to_balance, "from_balance": sums.from_balance},
    }


def _lines(world: World, transaction: Document, items: Sequence[tuple[Document, int]], at: datetime) -> list[Line]:
    chosen = transaction["discount_id"]
    discount = usable_discount(world, chosen, transaction["currency_code"], at) if chosen else None
    gross = [int(price["unit_price"]["amount"]) * quantity for price, quantity in items]
    known = [line["id"] for line in transaction["details"].get("line_items", [])]
    ids = known or [world.new_id("txnitm", at) for _ in items]
    return [
        Line(item=item, price=price, product=sold(world, price)[1], quantity=quantity, discount=taken)
        for item, (price, quantity), taken in zip(ids, items, off(discount, gross), strict=True)
    ]


def _write(world: World, transaction: Document, sums: Bill, *, is_paid: bool) -> None:
    prices = {price: world.find("price", price) for price, _ in transaction["_items"]}
    shares = {line.price["id"]: line for line in sums.lines if line.period}
    transaction["items"] = [
        {
            "price": sold(world, prices[price])[0],
            "quantity": quantity,
            "proration": {"rate": shares[price].rate, "billing_period": shares[price].period}
            if price in shares
            else None,
        }
        for price, quantity in transaction["_items"]
    ]
    transaction["details"] = details_of(sums, is_paid=is_paid)
    _keep_sums(transaction, sums)


def _blank(world: World, at: datetime) -> Document:
    empty = (
        "customer_id",
        "address_id",
        "business_id",
        "custom_data",
        "subscription_id",
        "invoice_id",
        "invoice_number",
        "billing_details",
        "billing_period",
        "discount_id",
        "billed_at",
        "revised_at",
    )
    return {
        "id": world.new_id("txn", at),
        "status": "draft",
        **dict.fromkeys(empty),
        "origin": "api",
        "collection_mode": "automatic",
        "currency_code": "USD",
        "created_at": written(at),
        "updated_at": written(at),
        "items": [],
        "details": {},
        "payments": [],
        "checkout": {"url": None},
    }


def _set_address(world: World, transaction: Document, address: str | None) -> None:
    if address:
        if not transaction["customer_id"]:
            raise invalid(("customer_id", "must be provided with address_id"))
        address_of(world, transaction["customer_id"], address)
    transaction["address_id"] = address
    transaction["status"] = "ready" if address else "draft"


def _change_status(world: World, transaction: Document, status: str, at: datetime) -> Document:
    if status != "canceled" or transaction["status"] not in {"ready", "billed"}:
        raise Refused(
            400,
            "transaction_invalid_status_change",
            f"Invalid attempt to change status from '{transaction['status']}' to '{status}'",
            where=CHAPTER,
        )
    cancel_transaction(world, transaction, at)
    return transaction


def _currency(items: Sequence[tuple[Document, int]], wanted: str | None) -> str:
    currencies = {str(price["unit_price"]["currency_code"]) for price, _ in items}
    cycles = {str(price["billing_cycle"]) for price, _ in items if price["billing_cycle"]}
    if len(currencies) > 1 or (wanted and currencies != {wanted}):
        raise Refused(400, "transaction_currency_mismatch", "prices are not in one currency", where=CHAPTER)
    if len(cycles) > 1:
        raise Refused(
            400, "transaction_recurring_items_billing_cycle_mismatch", "prices are billed at different times",
            where=CHAPTER,
        )  # fmt: skip
    return currencies.pop()


def _page(world: World, checkout: Document | None, transaction: str) -> str:
    url = (checkout or {}).get("url") or f"{world.address}/checkout"
    if urlsplit(url).scheme not in {"http", "https"}:
        raise Refused(400, "transaction_checkout_url_domain_is_not_approved", "domain is not approved", where=CHAPTER)
    return f"{url}{'&' if urlsplit(url).query else '?'}_ptxn={quote(transaction)}"
