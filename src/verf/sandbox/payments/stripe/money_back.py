"""Refunds and disputes."""

from verf.sandbox.payments.store import Document
from verf.sandbox.payments.stripe.parameters import Parameters
from verf.sandbox.payments.stripe.refusals import Refusal, invalid, lacks
from verf.sandbox.payments.stripe.world import World, picture

REASONS = ("duplicate", "fraudulent", "requested_by_customer")
FEE = 1500


def create_refund(world: World, given: Parameters) -> Document:
    intent, charge = given.text("payment_intent"), given.text("charge")
    amount, reason, metadata = given.number("amount"), given.choice("reason", REASONS), given.metadata()
    given.done()
    if not intent and not charge:
        raise lacks("payment_intent")
    found = world.get("charge", charge, "charge") if charge else _charge_of(world, intent)
    return refund(world, found, amount, reason=reason or None, metadata=metadata)


def refund(
    world: World,
    charge: Document,
    amount: int | None,
    *,
    reason: str | None = None,
    metadata: dict[str, str] | None = None,
) -> Document:
    left = charge["amount_captured"] - charge["amount_refunded"] if charge["status"] == "succeeded" else 0
    if left <= 0:
        raise Refusal(f"Charge {charge['id']} has already been refunded.", code="charge_already_refunded")
    if charge["disputed"] and charge.get("_disputed_away"):
        raise Refusal(f"Charge {charge['id']} has been charged back.", code="charge_disputed", param="charge")
    wanted = left if amount is None else amount
    if wanted <= 0:
        raise invalid("amount", "This value must be greater than or equal to 1.", "parameter_invalid_integer")
    if wanted > left:
        message = f"Refund amount ({wanted}) is greater than unrefunded amount on charge ({left})."
        raise invalid("amount", message, "amount_too_large")
    moved = _move(world, charge, -wanted, "refund")
    made = world.make(
        "refund",
        amount=wanted,
        currency=charge["currency"],
        charge=charge["id"],
        payment_intent=charge["payment_intent"],
        balance_transaction=moved["id"],
        reason=reason,
        metadata=metadata or {},
    )
    before = picture(charge)
    charge["amount_refunded"] += wanted
    charge["refunded"] = charge["amount_refunded"] == charge["amount"]
    world.keep(charge)
    world.tell("refund.created", made)
    world.tell("charge.refunded", charge, before)
    return made


def dispute(world: World, charge: Document, amount: int | None, reason: str) -> Document:
    if charge["status"] != "succeeded" or charge["disputed"]:
        raise Refusal("Only a payment that went through can be disputed, and only once.")
    wanted = amount or charge["amount"] - charge["amount_refunded"]
    if not 0 < wanted <= charge["amount"]:
        raise invalid("amount", "More than was paid cannot be disputed.")
    made = world.make(
        "dispute",
        amount=wanted,
        currency=charge["currency"],
        charge=charge["id"],
        payment_intent=charge["payment_intent"],
        reason=reason,
    )
    made["evidence_details"]["due_by"] = world.time + 20 * 86400
    made["balance_transactions"] = [_move(world, charge, -wanted, "adjustment", fee=FEE)]
    charge |= {"disputed": True, "_disputed_away": True}
    world.keep(charge)
    world.keep(made)
    world.tell("charge.dispute.created", made)
    world.tell("charge.dispute.funds_withdrawn", made)
    return made


def settle(world: World, identity: str, verdict: str) -> Document:
    found = world.get("dispute", identity)
    if found["status"] in ("won", "lost"):
        raise Refusal("This dispute is already closed.", code="dispute_already_closed")
    before = picture(found)
    charge = world.get("charge", found["charge"])
    found["status"] = verdict
    if verdict == "won":
        found["balance_transactions"].append(_move(world, charge, found["amount"], "adjustment"))
        charge["_disputed_away"] = False
        world.keep(charge)
    world.keep(found)
    world.tell("charge.dispute.closed", found, before)
    if verdict == "won":
        world.tell("charge.dispute.funds_reinstated", found)
    return found


def close_dispute(world: World, given: Parameters, dispute: str) -> Document:
    """The seller gives in."""
    given.done()
    return settle(world, dispute, "lost")


def charge_of(world: World, identity: str) -> Document:
    """By the id of a payment intent, of its charge, or of the invoice it paid."""
    if found := world.store.get("charge", identity):
        return found
    for link in world.all("invoice_payment", invoice=identity, status="paid"):
        return _charge_of(world, link["payment"]["payment_intent"])
    return _charge_of(world, identity)


def _charge_of(world: World, intent: str) -> Document:
    found = world.get("payment_intent", intent, "payment_intent")
    if not found["latest_charge"]:
        raise Refusal("This PaymentIntent does not have a successful charge to refund.", param="payment_intent")
    return world.get("charge", found["latest_charge"])


def _move(world: World, charge: Document, amount: int, kind: str, fee: int = 0) -> Document:
    moved = world.make(
        "balance_transaction",
        amount=amount,
        net=amount - fee,
        fee=fee,
        currency=charge["currency"],
        source=charge["id"],
        available_on=world.time,
        type=kind,
        reporting_category="refund" if kind == "refund" else "dispute",
    )
    return picture(moved)
