"""What a shop sells and to whom: products, prices, coupons, promotion codes, customers, meters."""

import re
from typing import Any

from verf.sandbox.payments.store import Document
from verf.sandbox.payments.stripe.parameters import Parameters
from verf.sandbox.payments.stripe.refusals import Refusal, invalid, lacks
from verf.sandbox.payments.stripe.world import World, blank

INTERVALS = ("day", "week", "month", "year")
# Amounts of these come in steps: the last digit of dinars is zero, krónur and shillings have no decimals in fact.
STEPS = {"bhd": 10, "jod": 10, "kwd": 10, "omr": 10, "tnd": 10, "isk": 100, "ugx": 100}
LARGEST = 99_999_999


def create_product(world: World, given: Parameters) -> Document:
    identity, name = given.text("id"), given.need("name")
    fields: dict[str, Any] = {"name": name, "description": given.text("description") or None}
    fields |= {"metadata": given.metadata(), "updated": world.time}
    given.done()
    if identity and world.store.get("product", identity):
        raise Refusal(f"Product already exists with id '{identity}'.", code="resource_already_exists", param="id")
    product = world.make("product", identity=identity, **fields)
    world.tell("product.created", product)
    return product


def create_price(world: World, given: Parameters) -> Document:
    product, currency = world.get("product", given.need("product"), "product"), given.need("currency").lower()
    amount = given.number("unit_amount")
    if amount is None:
        raise lacks("unit_amount")
    check_amount(amount, currency, "unit_amount")
    lookup, nickname, metadata = given.text("lookup_key") or None, given.text("nickname") or None, given.metadata()
    recurring = _recurring(world, given.inner("recurring")) if "recurring" in given else None
    transfer = given.flag("transfer_lookup_key")
    given.done()
    if lookup and (taken := next(iter(world.all("price", lookup_key=lookup)), None)):
        if not transfer:
            message = f"A price (`{taken['id']}`) already uses that lookup key."
            raise Refusal(message, code="resource_already_exists", param="lookup_key")
        taken["lookup_key"] = None
        world.keep(taken)
    price = world.make(
        "price",
        product=product["id"],
        currency=currency,
        unit_amount=amount,
        unit_amount_decimal=str(amount),
        lookup_key=lookup,
        nickname=nickname,
        metadata=metadata,
        recurring=recurring,
        type="recurring" if recurring else "one_time",
    )
    world.tell("price.created", price)
    return price


def check_amount(amount: int, currency: str, param: str) -> None:
    if not re.fullmatch(r"[a-z]{3}", currency):
        raise invalid("currency", f"Invalid currency: {currency}.")
    if not 0 <= amount <= LARGEST:
        raise invalid(param, "Amount must be between 0 and 999,999.99.", "amount_too_large")
    if amount % STEPS.get(currency, 1):
        raise invalid(param, f"Amounts in {currency} must be divisible by {STEPS[currency]}.", "invalid_amount")


def plan_of(price: Document) -> Document:
    """The old face of a recurring price, which items still carry."""
    recurring = price["recurring"] or {}
    plan = blank("plan")
    plan |= {name: price[name] for name in ("active", "created", "currency", "id", "metadata", "nickname", "product")}
    plan |= {"amount": price["unit_amount"], "amount_decimal": price["unit_amount_decimal"]}
    return plan | {name: recurring.get(name) for name in ("interval", "interval_count", "meter", "usage_type")}


def create_coupon(world: World, given: Parameters) -> Document:
    identity, duration = given.text("id"), given.choice("duration", ("once", "repeating", "forever"), "once")
    percent, off, months = given.number("percent_off"), given.number("amount_off"), given.number("duration_in_months")
    fields: dict[str, Any] = {"name": given.text("name") or None, "metadata": given.metadata()}
    fields |= {"max_redemptions": given.number("max_redemptions"), "redeem_by": given.number("redeem_by")}
    currency = given.text("currency").lower() or None
    given.done()
    if (percent is None) == (off is None):
        raise lacks("percent_off")
    if percent is not None and not 0 < percent <= 100:
        raise invalid("percent_off", "Invalid percent_off: must be between 0 and 100.")
    if off is not None and not currency:
        raise lacks("currency")
    if (duration == "repeating") != (months is not None):
        raise lacks("duration_in_months")
    if identity and world.store.get("coupon", identity):
        raise Refusal("Coupon already exists.", code="resource_already_exists", param="id")
    fields |= {"duration": duration, "duration_in_months": months, "amount_off": off, "currency": currency}
    fields["percent_off"] = percent
    coupon = world.make("coupon", identity=identity, **fields)
    world.tell("coupon.created", coupon)
    return coupon


def create_promotion_code(world: World, given: Parameters) -> Document:
    promotion = given.inner("promotion")
    coupon = world.get("coupon", promotion.need("coupon"), "promotion[coupon]")
    promotion.choice("type", ("coupon",))
    code = given.text("code") or world.dice.token(8).upper()
    fields: dict[str, Any] = {"expires_at": given.number("expires_at"), "metadata": given.metadata()}
    fields["max_redemptions"] = given.number("max_redemptions")
    given.done(promotion)
    if any(each["code"].lower() == code.lower() and each["active"] for each in world.all("promotion_code")):
        raise Refusal("An active promotion code with that code already exists.", code="resource_already_exists")
    return world.make("promotion_code", code=code, promotion={"type": "coupon", "coupon": coupon["id"]}, **fields)


def create_customer(world: World, given: Parameters) -> Document:
    email, name, metadata = given.text("email") or None, given.text("name") or None, given.metadata()
    given.done()
    return new_customer(world, email=email, name=name, metadata=metadata)


def new_customer(world: World, **fields: Any) -> Document:
    customer = world.make("customer", invoice_prefix=world.dice.token(8).upper(), **fields)
    world.tell("customer.created", customer)
    return customer


def update_customer(world: World, given: Parameters, customer: str) -> Document:
    found = world.keep(world.get("customer", customer, "customer"))
    if "email" in given:
        found["email"] = given.text("email") or None
    if "name" in given:
        found["name"] = given.text("name") or None
    found["metadata"] = given.metadata(found["metadata"])
    settings = given.inner("invoice_settings")
    if method := settings.text("default_payment_method"):
        found["invoice_settings"]["default_payment_method"] = world.get("payment_method", method)["id"]
    given.done(settings)
    return world.keep(found)


def create_meter(world: World, given: Parameters) -> Document:
    name, event, aggregation = given.need("display_name"), given.need("event_name"), given.inner("default_aggregation")
    formula = aggregation.choice("formula", ("sum", "count", "last"), "sum")
    given.done(aggregation)
    if world.all("billing.meter", event_name=event, status="active"):
        raise Refusal("An active meter with that event_name already exists.", code="resource_already_exists")
    fields: dict[str, Any] = {"display_name": name, "event_name": event, "default_aggregation": {"formula": formula}}
    return world.make("billing.meter", updated=world.time, **fields)


def create_meter_event(world: World, given: Parameters) -> Document:
    """Counted once by its identifier, for at least a day; five minutes ahead and 35 days behind at most."""
    name, payload = given.need("event_name"), given.inner("payload")
    identifier = given.text("identifier") or world.dice.uuid()
    timestamp = given.number("timestamp") or world.time
    customer, value = payload.need("stripe_customer_id"), payload.number("value")
    given.done(payload)
    if not world.all("billing.meter", event_name=name, status="active"):
        raise Refusal(f"No active meter found for event name {name}.", code="resource_missing", param="event_name")
    world.get("customer", customer, "payload[stripe_customer_id]")
    if value is None or value < 0:
        raise invalid("payload[value]", "The value must be a whole number, not negative.")
    if not world.time - 35 * 86400 <= timestamp <= world.time + 300:
        raise invalid("timestamp", "The timestamp must be within the past 35 days or up to 5 minutes in the future.")
    if world.store.get("billing.meter_event", identifier):
        raise Refusal(f"An event already exists with identifier {identifier}.", param="identifier")
    event = {
        **blank("billing.meter_event"),
        "created": world.time,
        "event_name": name,
        "identifier": identifier,
        "payload": {"stripe_customer_id": customer, "value": str(value)},
        "timestamp": timestamp,
    }
    return world.store.put("billing.meter_event", identifier, event)


def _recurring(world: World, given: Parameters) -> Document:
    interval = given.choice("interval", INTERVALS)
    if not interval:
        raise lacks("recurring[interval]")
    count = given.number("interval_count", 1) or 1
    usage = given.choice("usage_type", ("licensed", "metered"), "licensed")
    meter = given.text("meter") or None
    given.done()
    if (usage == "metered") != (meter is not None):
        raise invalid("recurring[meter]", "A metered price has a meter, and a licensed one has none.")
    if meter:
        world.get("billing.meter", meter, "recurring[meter]")
    if count < 1 or count * {"day": 1, "week": 7, "month": 30, "year": 365}[interval] > 3 * 366:
        raise invalid("recurring[interval_count]", "A period lasts three years at most.")
    return {
        "interval": interval,
        "interval_count": count,
        "meter": meter,
        "usage_type": usage,
        "trial_period_days": None,
    }
