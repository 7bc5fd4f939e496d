"""What products declare to sell, checked before anything is published, and found again by name."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any

from verf.billing.providers.orders import Metered
from verf.billing.terms import Given, Terms
from verf.errors import NotFound
from verf.kit import Money
from verf.manifest import Entitlement, Plan, Product, Room

_products: dict[str, Product] = {}


def configure(rooms: Sequence[Room]) -> None:
    """Once per process, when the house is put together. A declaration that contradicts itself stops the start."""
    products = {room.name: room for room in rooms if isinstance(room, Product)}
    for product in products.values():
        refuse_contradictions(product)
    _products.clear()
    _products.update(products)


def products() -> list[Product]:
    return list(_products.values())


def product_of(name: str) -> Product:
    if name not in _products:
        raise NotFound("There is no such product.")
    return _products[name]


def entitlements_of(product: str) -> Mapping[str, Entitlement]:
    return {each.feature: each for each in product_of(product).entitlements}


def refuse_contradictions(product: Product) -> None:
    known = {each.feature: each for each in product.entitlements}
    names = [plan.name for plan in product.plans]
    _refuse(product, len(known) != len(product.entitlements), "declares an entitlement twice")
    _refuse(product, len(set(names)) != len(names), "declares a plan twice")
    _refuse(product, len({plan.rank for plan in product.plans}) != len(names), "has two plans of one rank")
    _refuse(product, bool(product.trial_plan) and product.trial_plan not in names, "has a trial of no plan of its own")
    for each in product.entitlements:
        reports = bool(each.reports_to) and each.kind != "quota"
        _refuse(product, reports, f"reports {each.feature}, which is not counted")
    for plan in product.plans:
        for feature in plan.metered:
            unmetered = feature not in known or not known[feature].reports_to
            _refuse(product, unmetered, f"asks money for each {feature} in {plan.name}, which no meter counts")
        ways = [_way(price.interval, price.interval_count, price.money.currency) for price in plan.prices]
        _refuse(product, len(set(ways)) != len(ways), f"has two prices of {plan.name} for one interval and currency")
        for feature, amount in plan.gives.items():
            _refuse(product, feature not in known, f"gives {feature} in {plan.name}, which it does not declare")
            is_switch = known[feature].kind == "switch"
            _refuse(product, is_switch != isinstance(amount, bool), f"gives {feature} in {plan.name} in a wrong amount")


def _refuse(product: Product, is_wrong: bool, what: str) -> None:
    if is_wrong:
        raise ValueError(f"The product {product.name} {what}.")


def terms_of(product: Product, plan: Plan) -> Terms:
    known = {each.feature: each for each in product.entitlements}
    gives = {feature: _given(known[feature], amount) for feature, amount in plan.gives.items() if amount is not False}
    return Terms(
        plan=plan.name,
        title=plan.title,
        rank=plan.rank,
        gives=gives,
        trial_days=plan.trial_days,
        grace_days=plan.grace_days,
        metered={
            feature: {money.currency: money.minor_units for money in sums} for feature, sums in plan.metered.items()
        },
    )


def _given(entitlement: Entitlement, amount: int | bool | None) -> Given:
    return Given(
        kind=entitlement.kind,
        amount=None if isinstance(amount, bool) else amount,
        per=entitlement.per,
        is_hard=entitlement.is_hard,
        smaller_is_better=entitlement.smaller_is_better,
    )


def metered_prices(key: str, plan: str, product: str, terms: Mapping[str, Any], currency: str) -> tuple[Metered, ...]:
    """Of a published plan, in the currency of the price under this key; what has no meter any more is left out."""
    if product not in _products:
        return ()
    known = entitlements_of(product)
    return tuple(
        Metered(
            key=f"{key}.{feature}",
            title=f"{product_of(product).title}: {plan}, {known[feature].title}",
            meter=known[feature].reports_to,
            money=Money(sums[currency], currency),
        )
        for feature, sums in sorted(terms.get("metered", {}).items())
        if currency in sums and feature in known and known[feature].reports_to
    )


def price_key(product: str, plan: str, way: str, version: int) -> str:
    """stock.pro.month.usd.v1: stable, unique, and readable in a provider's cabinet."""
    return f"{product}.{plan}.{way}.v{version}"


def prices_of(plan: Plan) -> dict[str, Any]:
    """Each way to pay with its price."""
    return {_way(price.interval, price.interval_count, price.money.currency): price for price in plan.prices}


def digest_of(terms: Terms, plan: Plan) -> str:
    """Two declarations with one digest are one version."""
    prices = {way: price.money.minor_units for way, price in prices_of(plan).items()}
    whole = {"title": terms.title, "rank": terms.rank, "terms": terms.as_document(), "prices": prices}
    return hashlib.sha256(json.dumps(whole, sort_keys=True).encode()).hexdigest()


def _way(interval: str, count: int, currency: str) -> str:
    return f"{interval if count == 1 else f'{count}{interval}'}.{currency.lower()}"
