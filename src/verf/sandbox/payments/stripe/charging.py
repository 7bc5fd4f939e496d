"""Cards and what they do, payment intents, charges and the account's balance."""

import hashlib
from dataclasses import dataclass
from typing import Any

from verf.sandbox.payments.cards import Card, Outcome
from verf.sandbox.payments.store import Document
from verf.sandbox.payments.stripe.world import World, blank


@dataclass(frozen=True)
class Decline:
    code: str
    decline_code: str
    message: str
    advice: str = "try_again_later"


DECLINES = {
    Outcome.INSUFFICIENT_FUNDS: Decline("card_declined", "insufficient_funds", "Your card has insufficient funds."),
    Outcome.STOLEN: Decline("card_declined", "stolen_card", "Your card was declined.", "do_not_try_again"),
    Outcome.EXPIRED: Decline("expired_card", "expired_card", "Your card has expired.", "do_not_try_again"),
    Outcome.THREE_D_SECURE_FAILED: Decline(
        "payment_intent_authentication_failure",
        "authentication_required",
        "The provided PaymentMethod has failed authentication.",
        "confirm_card_data",
    ),
}


def keep_card(world: World, card: Card, customer: str, email: str | None, later: Outcome) -> Document:
    """A payment method; `later` is what it does when it is charged without its owner."""
    method = blank("payment_method")
    method["card"] |= {
        "brand": card.brand,
        "display_brand": card.brand,
        "last4": card.last4,
        "fingerprint": hashlib.sha256(card.number.encode()).hexdigest()[:16],
        "networks": {"available": [card.brand], "preferred": None},
    }
    method["billing_details"]["email"] = email
    kept = world.make("payment_method", customer=customer, card=method["card"], _outcome=str(later))
    kept["billing_details"] = method["billing_details"]
    world.tell("payment_method.attached", kept)
    return kept


def new_intent(world: World, *, amount: int, currency: str, customer: str | None, **fields: Any) -> Document:
    identity = world.identity("payment_intent")
    return world.make(
        "payment_intent",
        identity=identity,
        amount=amount,
        currency=currency,
        customer=customer,
        client_secret=f"{identity}_secret_{world.dice.token(25)}",
        **fields,
    )


def attempt(world: World, intent: Document, method: Document, outcome: Outcome) -> bool:
    """Charge it: a new charge either way, and the events Stripe tells about it."""
    charge = _charge(world, intent, method)
    intent |= {"latest_charge": charge["id"], "payment_method": method["id"]}
    decline = DECLINES.get(outcome)
    if decline:
        _refuse(charge, decline)
        intent |= {"status": "requires_payment_method", "last_payment_error": _error(charge, decline, method)}
        world.keep(charge)
        world.keep(intent)
        world.tell("charge.failed", charge)
        world.tell("payment_intent.payment_failed", intent)
        return False
    _settle(world, charge)
    intent |= {"status": "succeeded", "last_payment_error": None, "amount_received": intent["amount"]}
    world.keep(intent)
    world.tell("charge.succeeded", charge)
    world.tell("payment_intent.succeeded", intent)
    return True


def _charge(world: World, intent: Document, method: Document) -> Document:
    charge = blank("charge")
    card = method["card"]
    charge["payment_method_details"]["card"] |= {
        "brand": card["brand"],
        "network": card["brand"],
        "last4": card["last4"],
        "fingerprint": card["fingerprint"],
        "exp_month": card["exp_month"],
        "exp_year": card["exp_year"],
    }
    charge["billing_details"]["email"] = method["billing_details"]["email"]
    return world.make(
        "charge",
        amount=intent["amount"],
        currency=intent["currency"],
        customer=intent["customer"],
        description=intent["description"],
        metadata=dict(intent["metadata"]),
        payment_intent=intent["id"],
        payment_method=method["id"],
        payment_method_details=charge["payment_method_details"],
        billing_details=charge["billing_details"],
    )


def _refuse(charge: Document, decline: Decline) -> None:
    charge["outcome"] = {
        **charge["outcome"],
        "network_status": "declined_by_network",
        "reason": decline.decline_code,
        "advice_code": decline.advice,
        "seller_message": "The bank did not accept the charge.",
        "type": "issuer_declined",
    }
    charge |= {
        "status": "failed",
        "paid": False,
        "captured": False,
        "failure_code": decline.code,
        "failure_message": decline.message,
    }


def _error(charge: Document, decline: Decline, method: Document) -> Document:
    return {
        "advice_code": decline.advice,
        "charge": charge["id"],
        "code": decline.code,
        "decline_code": decline.decline_code,
        "doc_url": f"https://stripe.com/docs/error-codes/{decline.code.replace('_', '-')}",
        "message": decline.message,
        "payment_method": {name: value for name, value in method.items() if not name.startswith("_")},
        "type": "card_error",
    }


def _settle(world: World, charge: Document) -> None:
    fee = fee_of(charge["amount"])
    line = {
        "amount": fee,
        "application": None,
        "currency": charge["currency"],
        "description": "Stripe processing fees",
        "type": "stripe_fee",
    }
    settled = world.make(
        "balance_transaction",
        amount=charge["amount"],
        net=charge["amount"] - fee,
        fee=fee,
        fee_details=[line],
        currency=charge["currency"],
        source=charge["id"],
        available_on=world.time + 7 * 86400,
    )
    charge |= {
        "amount_captured": charge["amount"],
        "balance_transaction": settled["id"],
        "receipt_url": f"{world.address}/receipts/{charge['id']}",
    }
    world.keep(charge)


def fee_of(amount: int) -> int:
    """2.9 % and 30 of the smallest unit, never more than the amount."""
    return min(amount, (amount * 29 + 500) // 1000 + 30)
