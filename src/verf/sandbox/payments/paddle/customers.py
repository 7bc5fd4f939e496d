"""Customers, their addresses, and the cards kept for them."""

from datetime import datetime

from verf.sandbox.payments.cards import HARD, Card, Outcome
from verf.sandbox.payments.paddle.catalogue import add
from verf.sandbox.payments.paddle.errors import Refused, not_found
from verf.sandbox.payments.paddle.world import World, written
from verf.sandbox.payments.store import Document

CUSTOMER = {"name": None, "marketing_consent": False, "custom_data": None, "locale": "en"}
ADDRESS = dict.fromkeys(("description", "first_line", "second_line", "city", "postal_code", "region", "custom_data"))
COUNTRIES = {"USD": "US", "GBP": "GB", "EUR": "DE", "JPY": "JP"}
ERRORS = {
    Outcome.INSUFFICIENT_FUNDS: "not_enough_balance",
    Outcome.EXPIRED: "expired_card",
    Outcome.STOLEN: "declined_not_retryable",
    Outcome.THREE_D_SECURE_FAILED: "authentication_failed",
}


def add_customer(world: World, given: Document) -> Document:
    for customer in world.all("customer"):
        if customer["email"].lower() == given["email"].lower():
            raise Refused(
                409,
                "customer_already_exists",
                f"customer email conflicts with customer of id {customer['id']}",
                where="customers",
            )
    return add(world, "customer", "ctm", CUSTOMER | given)


def add_address(world: World, customer: str, given: Document, at: datetime | None = None) -> Document:
    world.find("customer", customer)
    return add(world, "address", "add", {"customer_id": customer, **ADDRESS, **given}, at)


def address_of(world: World, customer: str, identity: str) -> Document:
    address = world.find("address", identity)
    if address["customer_id"] != customer:
        raise not_found(identity)
    return address


def address_at_checkout(world: World, customer: str, currency: str, at: datetime) -> Document:
    """What a person types at the hosted page: a country is enough."""
    mine = [each for each in world.all("address") if each["customer_id"] == customer and each["status"] == "active"]
    return mine[0] if mine else add_address(world, customer, {"country_code": COUNTRIES.get(currency, "US")}, at)


def country_of(world: World, address: str | None) -> str:
    return str(world.find("address", address)["country_code"]) if address else ""


def balance_of(world: World, customer: str, currency: str) -> int:
    return int(world.find("customer", customer).get("_balance", {}).get(currency, 0))


def move_balance(world: World, customer: str, currency: str, by: int) -> None:
    if by:
        document = world.find("customer", customer)
        document["_balance"] = {**document.get("_balance", {}), currency: balance_of(world, customer, currency) + by}
        world.store.put("customer", customer, document)


def keep_card(world: World, customer: str, card: Card, at: datetime) -> Document:
    method = {
        "id": world.new_id("paymtd", at),
        "stored": world.dice.uuid(),
        "customer_id": customer,
        "address_id": None,
        "type": "card",
        "card": {
            "type": card.brand,
            "last4": card.last4,
            "expiry_month": 12,
            "expiry_year": at.year + 4,
            "cardholder_name": "Test Person",
        },
        "origin": "saved_during_purchase",
        "saved_at": written(at),
        "_outcome": card.later,
    }
    return world.keep("method", method, at)


def attempt(world: World, method: Document, outcome: Outcome, amount: int, at: datetime) -> Document:
    """One try to take money from a card, as it stands in a transaction's payments."""
    paid = outcome is Outcome.PAYS
    return {
        "payment_attempt_id": world.dice.uuid(),
        "payment_method_id": method["id"],
        "stored_payment_method_id": method["stored"],
        "amount": str(amount),
        "status": "captured" if paid else "error",
        "error_code": None if paid else ERRORS[outcome],
        "method_details": {
            "type": "card",
            "card": dict(method["card"]),
            "south_korea_local_card": None,
            "underlying_details": None,
        },
        "created_at": written(at),
        "captured_at": written(at) if paid else None,
    }


def is_hard(outcome: Outcome) -> bool:
    return outcome in HARD
