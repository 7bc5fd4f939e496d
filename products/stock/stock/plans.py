"""What the tracker costs, and what each plan gives."""

from stock.listing import count_products
from verf.kit import Money
from verf.manifest import Entitlement, Plan, Price

PRODUCTS = "products"
SYNC_MINUTES = "sync-minutes"
CALLS = "calls"

ENTITLEMENTS = (
    Entitlement(feature=PRODUCTS, title="Products followed", kind="number", count=count_products),
    Entitlement(
        feature=SYNC_MINUTES, title="Minutes between syncs", kind="number", smaller_is_better=True, unit="minutes"
    ),
    Entitlement(feature=CALLS, title="API calls a month", kind="quota"),
)


def _prices(currency: str, month: str, year: str) -> tuple[Price, Price]:
    """A year costs ten months."""
    return (
        Price(money=Money.of(month, currency), interval="month"),
        Price(money=Money.of(year, currency), interval="year"),
    )


PLANS = (
    Plan(
        name="starter",
        title="Starter",
        rank=1,
        summary="One small shop, looked at every two hours.",
        prices=(*_prices("USD", "9.90", "99"), *_prices("EUR", "9.90", "99"), *_prices("RUB", "890", "8900")),
        gives={PRODUCTS: 100, SYNC_MINUTES: 120, CALLS: 1_000},
        trial_days=14,
    ),
    Plan(
        name="pro",
        title="Pro",
        rank=2,
        summary="A growing shop that cannot wait two hours.",
        prices=(*_prices("USD", "29.90", "299"), *_prices("EUR", "29.90", "299"), *_prices("RUB", "2690", "26900")),
        gives={PRODUCTS: 1_000, SYNC_MINUTES: 30, CALLS: 10_000},
        trial_days=14,
    ),
    Plan(
        name="enterprise",
        title="Enterprise",
        rank=3,
        summary="Large assortments and systems that read along.",
        prices=(*_prices("USD", "99.90", "999"), *_prices("EUR", "99.90", "999"), *_prices("RUB", "8990", "89900")),
        gives={PRODUCTS: 10_000, SYNC_MINUTES: 10, CALLS: 100_000},
        trial_days=14,
    ),
)
