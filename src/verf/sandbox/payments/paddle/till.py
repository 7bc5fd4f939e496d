"""Paying at the hosted page: what follows when a person has chosen a card."""

from datetime import datetime

from verf.kit import now
from verf.sandbox.payments.cards import Card, Outcome
from verf.sandbox.payments.paddle.customers import add_customer, address_at_checkout, attempt, keep_card
from verf.sandbox.payments.paddle.errors import Refused
from verf.sandbox.payments.paddle.subscriptions import begin, retry
from verf.sandbox.payments.paddle.transactions import (
    CARD_CHANGE,
    OPEN,
    bill_of,
    collect,
    complete,
    locate,
    raise_card_change,
    reckon,
)
from verf.sandbox.payments.paddle.world import World
from verf.sandbox.payments.store import Document

STRANGER = "customer@example.com"


def pay(world: World, transaction: Document, card: Card, at: datetime) -> bool:
    """Whether the card was taken. A trial takes nothing from it, and still wants one that works."""
    if is_owed(transaction) or transaction["origin"] == CARD_CHANGE:
        return _pay_from_now_on(world, transaction, card, at)
    if transaction["status"] not in OPEN:
        raise Refused(
            422,
            "transaction_not_ready_cannot_process_payment",
            "Cannot process payment for non-ready transaction",
            where="transactions",
        )
    _introduce(world, transaction)
    customer, currency = transaction["customer_id"], transaction["currency_code"]
    if not transaction["address_id"]:
        locate(world, transaction, address_at_checkout(world, customer, currency, at)["id"], at)
    method, sums = keep_card(world, customer, card, at), reckon(world, transaction, at)
    if card.outcome is not Outcome.PAYS and not sums.grand:
        transaction["payments"] = [attempt(world, method, card.outcome, 0, at), *transaction["payments"]]
        world.keep("transaction", transaction, at)
        world.tell("transaction.payment_failed", transaction, at)
        return False
    if not collect(world, transaction, sums, method=method, outcome=card.outcome, at=at):
        return False
    world.tell("payment_method.saved", _saved(method), at)
    if any(item["price"]["billing_cycle"] for item in transaction["items"]):
        begin(world, transaction, method, at)
    complete(world, transaction, at)
    return True


def is_owed(transaction: Document) -> bool:
    """Of a subscription, whose customer pays it with another card."""
    return bool(transaction["status"] == "past_due" and transaction["subscription_id"])


def ask_for_card(world: World, identity: str) -> Document:
    """What the page for another card opens: the transaction that is owed, or one of nothing."""
    subscription, at = world.find("subscription", identity), now()
    if subscription["status"] == "canceled":
        raise Refused(400, "subscription_update_when_canceled", "the subscription is over", where="subscriptions")
    if owed := subscription.get("_owed"):
        return world.find("transaction", owed["transaction"])
    items = [(world.find("price", item["price"]["id"]), item["quantity"]) for item in subscription["items"]]
    return raise_card_change(world, subscription, items, at)


def _pay_from_now_on(world: World, transaction: Document, card: Card, at: datetime) -> bool:
    subscription = world.find("subscription", transaction["subscription_id"])
    if transaction["status"] in {"paid", "completed"} or not change_card(world, subscription, card, at):
        return False
    if transaction["origin"] == CARD_CHANGE:
        method = world.find("method", subscription["_method"])
        collect(world, transaction, bill_of(world, transaction), method=method, outcome=card.outcome, at=at)
        complete(world, transaction, at)
    return True


def change_card(world: World, subscription: Document, card: Card, at: datetime) -> bool:
    """Another card for a subscription, with which what is owed is paid at once."""
    if subscription["status"] == "canceled":
        raise Refused(400, "subscription_update_when_canceled", "the subscription is over", where="subscriptions")
    if card.outcome is not Outcome.PAYS:
        return False
    method = keep_card(world, subscription["customer_id"], card, at)
    owes = "_owed" in subscription
    # The first charge is made in its owner's presence.
    method["_outcome"] = card.outcome
    subscription["_method"] = method["id"]
    paid = retry(world, subscription, at, by_hand=True)
    method["_outcome"] = card.later
    world.keep("method", method, at)
    world.keep("subscription", subscription, at)
    world.tell("payment_method.saved", _saved(method), at)
    if not owes:
        world.tell("subscription.updated", subscription, at)
    return paid


def _introduce(world: World, transaction: Document) -> None:
    if not transaction["customer_id"]:
        known = [each for each in world.all("customer") if each["email"] == STRANGER]
        transaction["customer_id"] = (known or [add_customer(world, {"email": STRANGER})])[0]["id"]


def _saved(method: Document) -> Document:
    told = ("id", "customer_id", "address_id", "type", "origin", "saved_at", "updated_at")
    return {name: method.get(name) for name in told}
