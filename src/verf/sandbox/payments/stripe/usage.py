"""What was used of metered prices, and what it costs when the period is over."""

from verf.sandbox.payments.store import Document
from verf.sandbox.payments.stripe.lines import Span, metered, period_line
from verf.sandbox.payments.stripe.world import World


def counted(price: Document) -> bool:
    return bool(price["recurring"] and price["recurring"]["usage_type"] == "metered")


def used_of(subscription: Document, until: int) -> list[Document]:
    """The metered items of the period that ends then, as they are now."""
    return [{**each, "_until": until} for each in subscription["items"]["data"] if metered(each)]


def usage_lines(world: World, subscription: Document, used: list[Document]) -> list[Document]:
    """One for each metered item, for the units its meter has seen of this customer in that time."""
    found = []
    for item in used:
        span = Span(item["current_period_start"], item["_until"])
        units = _units(world, subscription["customer"], item["price"]["recurring"]["meter"], span)
        line = period_line(world, subscription, item, span, amount=units * item["price"]["unit_amount"])
        found.append(line | {"quantity": units, "quantity_decimal": str(units)})
    return found


def _units(world: World, customer: str, meter: str, span: Span) -> int:
    name = world.get("billing.meter", meter)["event_name"]
    return sum(
        int(each["payload"]["value"])
        for each in world.all("billing.meter_event", event_name=name)
        if each["payload"]["stripe_customer_id"] == customer and span.start <= each["timestamp"] < span.end
    )
