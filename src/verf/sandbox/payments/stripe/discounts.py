"""Coupons at work on one subscription or one page."""

from verf.sandbox.payments.store import Document
from verf.sandbox.payments.stripe.parameters import Parameters
from verf.sandbox.payments.stripe.periods import boundary
from verf.sandbox.payments.stripe.refusals import Refusal, invalid
from verf.sandbox.payments.stripe.world import World

WHOLE = 100


def chosen(world: World, rows: list[Parameters], currency: str) -> list[str]:
    """Coupons of `discounts[]`, by their ids; refused when one is used up or of another currency."""
    coupons = []
    for row in rows:
        coupon, code, kept = row.text("coupon"), row.text("promotion_code"), row.text("discount")
        row.done()
        if code:
            coupon = world.get("promotion_code", code, "discounts[promotion_code]")["promotion"]["coupon"]
        if kept:
            coupon = world.get("discount", kept, "discounts[discount]")["source"]["coupon"]
        coupons.append(_usable(world, coupon, currency)["id"])
    return coupons


def reduction(coupon: Document, subtotal: int) -> int:
    if subtotal <= 0:
        return 0
    if coupon["amount_off"] is not None:
        return min(subtotal, int(coupon["amount_off"]))
    return int(2 * subtotal * coupon["percent_off"] + WHOLE) // (2 * WHOLE)


def attach(world: World, coupon: str, subscription: Document, session: str | None = None) -> Document:
    """Redeemed: from now on, for as long as the coupon says."""
    found = world.get("coupon", coupon)
    found["times_redeemed"] += 1
    world.keep(found)
    months = found["duration_in_months"]
    end = boundary(world.time, "month", 1, months) if found["duration"] == "repeating" else None
    discount = world.make(
        "discount",
        start=world.time,
        end=end,
        customer=subscription["customer"],
        subscription=subscription["id"],
        checkout_session=session,
        source={"type": "coupon", "coupon": coupon},
    )
    del discount["created"]
    subscription["discounts"] = [*subscription["discounts"], discount["id"]]
    return discount


def running(world: World, subscription: Document) -> list[Document]:
    """Those that still take something off, each with its coupon."""
    found = [world.get("discount", each) for each in subscription["discounts"]]
    return [each for each in found if each["end"] is None or each["end"] > world.time]


def used(world: World, subscription: Document, discounts: list[Document]) -> None:
    """A coupon for one payment ends with the first that it made smaller."""
    for each in discounts:
        if world.get("coupon", each["source"]["coupon"])["duration"] == "once":
            subscription["discounts"] = [ref for ref in subscription["discounts"] if ref != each["id"]]


def _usable(world: World, identity: str, currency: str) -> Document:
    coupon = world.get("coupon", identity, "discounts[coupon]")
    spent = coupon["max_redemptions"] and coupon["times_redeemed"] >= coupon["max_redemptions"]
    late = coupon["redeem_by"] and coupon["redeem_by"] <= world.time
    if spent or late or not coupon["valid"]:
        raise Refusal(f"Coupon {identity} is used up and cannot be applied.", code="coupon_expired", param="discounts")
    if coupon["currency"] and coupon["currency"] != currency:
        raise invalid("discounts", f"The coupon is in {coupon['currency']}, the price in {currency}.")
    return coupon
