"""Products, prices and discounts."""

from datetime import datetime
from decimal import Decimal

from verf.kit import now
from verf.sandbox.payments.paddle.errors import Refused, invalid
from verf.sandbox.payments.paddle.sums import rounded
from verf.sandbox.payments.paddle.world import World, read, shown, written
from verf.sandbox.payments.store import Document

PER_CENT = Decimal(100)
PRODUCT: Document = {"description": None, "type": "standard", "image_url": None, "custom_data": None}
TRIAL: Document = {"requires_payment_method": True, "unit_price": None, "unit_price_overrides": []}
PRICE: Document = {
    "type": "standard",
    "name": None,
    "billing_cycle": None,
    "trial_period": None,
    "tax_mode": "account_setting",
    "unit_price_overrides": [],
    "quantity": {"minimum": 1, "maximum": 100},
    "custom_data": None,
}
DISCOUNT: Document = {
    "enabled_for_checkout": True,
    "mode": "standard",
    "code": None,
    "currency_code": None,
    "recur": False,
    "maximum_recurring_intervals": None,
    "usage_limit": None,
    "restrict_to": None,
    "expires_at": None,
    "custom_data": None,
    "times_used": 0,
    "discount_group_id": None,
}


def add(world: World, kind: str, prefix: str, fields: Document, at: datetime | None = None) -> Document:
    at = at or now()
    document = {
        "id": world.new_id(prefix, at),
        **fields,
        "status": "active",
        "import_meta": None,
        "created_at": written(at),
    }
    world.keep(kind, document, at)
    world.tell(f"{kind}.created", document, at)
    return document


def change(world: World, kind: str, identity: str, fields: Document) -> Document:
    document, at = world.find(kind, identity), now()
    document.update(fields)
    world.keep(kind, document, at)
    world.tell(f"{kind}.updated", document, at)
    return document


def add_product(world: World, given: Document) -> Document:
    return add(world, "product", "pro", PRODUCT | given)


def add_price(world: World, given: Document) -> Document:
    world.find("product", given["product_id"])
    if given.get("trial_period"):
        given = {**given, "trial_period": {**TRIAL, **given["trial_period"]}}
    return add(world, "price", "pri", PRICE | given)


def add_discount(world: World, given: Document) -> Document:
    code = given.get("code")
    if code and any(each["code"] == code and each["status"] == "active" for each in world.all("discount")):
        raise Refused(409, "discount_code_conflict", "discount code already exists", where="discounts")
    if given["type"] != "percentage" and not given.get("currency_code"):
        raise invalid(("currency_code", "must be provided for flat discounts"))
    if given.get("expires_at"):
        given = {**given, "expires_at": written(read(given["expires_at"]))}
    return add(world, "discount", "dsc", DISCOUNT | given)


def price_for_item(world: World, item: Document) -> Document:
    """The price a transaction's item names, or a price of its own that the catalogue will not list."""
    if item.get("price_id"):
        price = world.find("price", item["price_id"])
        if price["status"] != "active":
            raise Refused(400, "transaction_price_not_active", f"price {price['id']} is archived", where="transactions")
    else:
        price = add_price(world, {**item["price"], "type": "custom"})
    limits = price["quantity"]
    if not limits["minimum"] <= item["quantity"] <= limits["maximum"]:
        raise invalid(("items.quantity", f"must be from {limits['minimum']} to {limits['maximum']}"))
    return price


def sold(world: World, price: Document) -> tuple[Document, Document]:
    """A price and its product as they are copied into what was sold."""
    return shown(price), shown(world.find("product", price["product_id"]))


def usable_discount(world: World, identity: str, currency: str, at: datetime) -> Document:
    discount = world.find("discount", identity)
    expired = discount["expires_at"] is not None and discount["expires_at"] <= written(at)
    used_up = discount["usage_limit"] is not None and discount["times_used"] >= discount["usage_limit"]
    foreign = discount["type"] != "percentage" and discount["currency_code"] != currency
    if discount["status"] != "active" or expired or used_up or foreign:
        raise Refused(400, "transaction_discount_not_eligible", "discount cannot be used", where="transactions")
    return discount


def off(discount: Document | None, gross: list[int]) -> list[int]:
    """What a discount takes from each line, by the line's share of the whole."""
    whole = sum(gross)
    if discount is None or not whole:
        return [0] * len(gross)
    taken = _percent(discount, whole) if discount["type"] == "percentage" else int(discount["amount"])
    taken, left, parts = min(taken, whole), min(taken, whole), []
    for number, each in enumerate(gross):
        part = left if number == len(gross) - 1 else taken * each // whole
        parts.append(part)
        left -= part
    return parts


def _percent(discount: Document, whole: int) -> int:
    """The share may have decimals: "12.5"."""
    return rounded(Decimal(discount["amount"]) * whole / PER_CENT)
