"""Prices and coupons, made at Stripe once and found again by a name of ours."""

from hashlib import sha256
from typing import Any, cast

import stripe

from verf.billing.providers.events import ProviderRefused
from verf.billing.providers.orders import Discount, Metered, PriceTag
from verf.billing.providers.stripe.amounts import to_stripe
from verf.billing.providers.stripe.connection import found
from verf.web import _


async def publish(client: stripe.StripeClient, tag: PriceTag) -> str:
    """Found by its lookup key, else made: under one idempotency key, so that two who ask at once get one price."""
    listed = await client.v1.prices.list_async({"lookup_keys": [tag.key], "limit": 1})
    if listed.data:
        return _same(listed.data[0], tag).id
    product = await _product(client, tag)
    params: stripe.params.PriceCreateParams = {
        "product": product,
        "currency": tag.money.currency.lower(),
        "unit_amount": to_stripe(tag.money),
        "lookup_key": tag.key,
        "nickname": tag.title,
        "metadata": {"verf_price": tag.key},
    }
    if tag.interval != "once":
        params["recurring"] = {"interval": tag.interval, "interval_count": tag.interval_count}
    made = await client.v1.prices.create_async(params, {"idempotency_key": f"price:{tag.key}:{_print(str(params))}"})
    return made.id


async def publish_metered(client: stripe.StripeClient, tag: PriceTag, metered: Metered, meter: str) -> str:
    """In the rhythm of the plan's own price, as all prices of one subscription are."""
    listed = await client.v1.prices.list_async({"lookup_keys": [metered.key], "limit": 1})
    if listed.data:
        return listed.data[0].id
    params: dict[str, Any] = {
        "product": await _product(client, tag),
        "currency": metered.money.currency.lower(),
        "unit_amount": to_stripe(metered.money),
        "lookup_key": metered.key,
        "nickname": metered.title,
        "recurring": {
            "interval": tag.interval,
            "interval_count": tag.interval_count,
            "usage_type": "metered",
            "meter": meter,
        },
        "metadata": {"verf_price": metered.key},
    }
    key = f"price:{metered.key}:{_print(str(params))}"
    made = await client.v1.prices.create_async(cast(Any, params), {"idempotency_key": key})
    return made.id


async def coupon(client: stripe.StripeClient, discount: Discount) -> str:
    """Its id says what it takes off: a promo code that changes its worth gets another coupon."""
    params: stripe.params.CouponCreateParams = {"name": discount.code[:40], "duration": "once"}
    if discount.months > 1:
        params |= {"duration": "repeating", "duration_in_months": discount.months}
    if discount.money is not None:
        params |= {"amount_off": to_stripe(discount.money), "currency": discount.money.currency.lower()}
    else:
        params |= {"percent_off": discount.percent}
    ref = f"verf_{_print(str(sorted(params.items())))}"
    if await found(client.v1.coupons.retrieve_async(ref)):
        return ref
    made = await client.v1.coupons.create_async({**params, "id": ref}, {"idempotency_key": f"coupon:{ref}"})
    return made.id


async def _product(client: stripe.StripeClient, tag: PriceTag) -> str:
    ref = f"verf_{tag.product}_{tag.plan}"
    if await found(client.v1.products.retrieve_async(ref)):
        return ref
    made = await client.v1.products.create_async(
        {"id": ref, "name": tag.title, "metadata": {"verf_product": tag.product, "verf_plan": tag.plan}},
        {"idempotency_key": f"product:{ref}:{_print(tag.title)}"},
    )
    return made.id


def _same(price: stripe.Price, tag: PriceTag) -> stripe.Price:
    recurring = price.recurring
    period = (recurring.interval, recurring.interval_count) if recurring else ("once", 1)
    wanted = (tag.interval, tag.interval_count if tag.interval != "once" else 1)
    same_sum = (price.unit_amount, price.currency.upper()) == (to_stripe(tag.money), tag.money.currency)
    if not same_sum or period != wanted:
        raise ProviderRefused(
            _("Stripe already has another price under the key %(key)s.", key=tag.key), provider_code="price_differs"
        )
    return price


def _print(text: str) -> str:
    return sha256(text.encode()).hexdigest()[:16]
