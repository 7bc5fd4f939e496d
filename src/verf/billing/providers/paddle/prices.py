"""What must exist at Paddle before it can be sold: products, prices and discounts, each found again by our own key."""

import json
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

from verf.billing.providers.orders import Order, PriceTag
from verf.billing.providers.paddle.answers import Api
from verf.billing.providers.paddle.fields import KEY, Json, ours
from verf.kit import Money


async def publish(api: Api, price: PriceTag) -> str:
    given = price.ref or api.connection.prices.get(price.key, "")
    if given:
        return given
    product = await _product(api, price)
    body = {"product_id": product, **terms_of(price), "custom_data": {KEY: price.key}}
    return await _found_or_made(api, "/prices", price.key, body, product_id=product, recurring=_is_recurring(price))


def terms_of(price: PriceTag) -> Json:
    """The amount is what the customer pays: taxes are inside."""
    cycle = {"interval": price.interval, "frequency": price.interval_count}
    return {
        "description": price.key,
        "name": price.title,
        "unit_price": _written(price.money),
        "billing_cycle": cycle if price.interval != "once" else None,
        "trial_period": None,
        "tax_mode": "internal",
        "quantity": {"minimum": 1, "maximum": 10_000},
    }


async def discount(api: Api, order: Order) -> str:
    """Without a code, so that nobody types it at a checkout of his own.

    Off the first payment alone it is a sum, so that no two ways of rounding a percentage can differ.
    """
    terms, currency = order.discount, order.price.money.currency
    assert terms is not None
    is_percentage = bool(terms.percent) and terms.months > 1
    off = order.price.money * order.quantity - order.money
    body: Json = {
        "description": terms.code,
        "type": "percentage" if is_percentage else "flat",
        "amount": str(terms.percent if is_percentage else off.minor_units),
        "currency_code": None if is_percentage else currency,
        "enabled_for_checkout": False,
        "recur": terms.months > 1,
        "maximum_recurring_intervals": _intervals(terms.months, order.price) if terms.months > 1 else None,
    }
    key = sha256(json.dumps(body, sort_keys=True).encode()).hexdigest()[:32]
    return await _found_or_made(api, "/discounts", key, {**body, "custom_data": {KEY: key}})


def _intervals(months: int, price: PriceTag) -> int:
    """Paddle counts payments: of so many months, those that begin one."""
    each = {"month": 1, "year": 12}.get(price.interval, 1) * price.interval_count
    return -(-months // each)


async def _product(api: Api, price: PriceTag) -> str:
    """One product for each plan, so that a customer's invoice names what was bought."""
    key = f"{price.product}.{price.plan}"
    body = {
        "name": f"{price.product.title()} {price.plan.title()}",
        "tax_category": api.connection.tax_category,
        "custom_data": {KEY: key},
    }
    return await _found_or_made(api, "/products", key, body)


async def _found_or_made(api: Api, path: str, key: str, body: Mapping[str, Any], **filters: str) -> str:
    """Paddle has no idempotency keys: what an earlier try has made is looked for first."""
    async for thing in api.every(path, status="active", per_page="200", **filters):
        if ours(thing, KEY) == key:
            return str(thing["id"])
    return str((await api.post(path, body))["id"])


def _is_recurring(price: PriceTag) -> str:
    return "false" if price.interval == "once" else "true"


def _written(money: Money) -> Json:
    return {"amount": str(money.minor_units), "currency_code": money.currency}
