"""What a product sells, as people see it: plans from the cheapest, with the ways to pay for each."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from verf.billing.catalogue import Catalogue, Offer, Version, catalogue
from verf.billing.declarations import products
from verf.billing.providers.orders import Interval
from verf.billing.terms import Given
from verf.errors import NotFound
from verf.kit import Money
from verf.manifest import Entitlement, Product
from verf.web import _

# Shown first where nothing else speaks for a currency.
CURRENCIES_OF = {"ru": "RUB", "uk": "EUR"}
MONTHS = {"month": 1, "year": 12}
PERCENT = 100
INTERVALS = ("day", "week", "month", "year", "once")


class ProductUnknown(NotFound):
    """There is no such product here, or it sells nothing, or there are several and none was named."""


@dataclass(frozen=True, kw_only=True)
class PriceOffered:
    id: UUID
    key: str
    money: Money
    interval: Interval
    interval_count: int

    @property
    def a_month(self) -> Money | None:
        """For comparing years with months; None for other intervals."""
        months = MONTHS.get(self.interval, 0) * self.interval_count
        return self.money.share(1, months) if months else None


@dataclass(frozen=True, kw_only=True)
class PlanOffered:
    version: UUID
    plan: str
    title: str
    summary: str
    rank: int
    trial_days: int
    gives: Mapping[str, Given]
    prices: Sequence[PriceOffered]

    def price(self, currency: str, interval: str) -> PriceOffered | None:
        fitting = (price for price in self.prices if (price.money.currency, price.interval) == (currency, interval))
        return next(fitting, None)


@dataclass(frozen=True, kw_only=True)
class PriceList:
    product: str
    title: str
    trial_plan: str
    entitlements: Sequence[Entitlement]
    plans: Sequence[PlanOffered]

    @property
    def currencies(self) -> list[str]:
        return list(dict.fromkeys(price.money.currency for plan in self.plans for price in plan.prices))

    @property
    def intervals(self) -> list[str]:
        known = {price.interval for plan in self.plans for price in plan.prices}
        return [interval for interval in INTERVALS if interval in known]

    @property
    def trial_days(self) -> int:
        """Of the trial without a card; zero when there is none."""
        return next((plan.trial_days for plan in self.plans if plan.plan == self.trial_plan), 0)

    def currency_for(self, wanted: str, locale: str) -> str:
        """What was asked for, what the language suggests, or what comes first."""
        known = self.currencies
        choices = (wanted.upper(), CURRENCIES_OF.get(locale, "USD"))
        return next((choice for choice in choices if choice in known), known[0] if known else "USD")

    def interval_for(self, wanted: str) -> str:
        known = self.intervals
        return wanted if wanted in known else known[0] if known else "month"

    def find(self, price: UUID) -> tuple[PlanOffered, PriceOffered] | None:
        return next(((plan, each) for plan in self.plans for each in plan.prices if each.id == price), None)

    def saving(self, currency: str) -> int:
        """By how many percent a year is cheaper than twelve months, at most, rounded down."""
        shares = [0]
        for plan in self.plans:
            month, year = plan.price(currency, "month"), plan.price(currency, "year")
            if month and year and month.money:
                twelve = month.money.minor_units * 12
                shares.append((twelve - year.money.minor_units) * PERCENT // twelve)
        return max(shares)


def selling() -> list[Product]:
    """The products that have a price list."""
    return [product for product in products() if product.plans]


def product_named(name: str) -> Product:
    """The one named; without a name the only one there is."""
    found = [product for product in selling() if name in ("", product.name)]
    if not found:
        raise ProductUnknown(_("There is no product of this name."))
    if len(found) > 1:
        raise ProductUnknown(
            _("Say which product you mean: %(names)s.", names=", ".join(product.name for product in found))
        )
    return found[0]


async def price_list(product: Product) -> PriceList:
    known = await catalogue()
    summaries = {plan.name: plan.summary for plan in product.plans}
    plans = [
        _offered(version, summaries.get(version.terms.plan, ""), known, _currencies(product))
        for version in known.plans(product.name)
    ]
    return PriceList(
        product=product.name,
        title=product.title,
        trial_plan=product.trial_plan,
        entitlements=product.entitlements,
        plans=plans,
    )


def _currencies(product: Product) -> list[str]:
    """As declared: the first one leads."""
    return list(dict.fromkeys(price.money.currency for plan in product.plans for price in plan.prices))


def _offered(version: Version, summary: str, known: Catalogue, currencies: Sequence[str]) -> PlanOffered:
    offers = sorted(
        (offer for offer in known.offers_of(version.id) if offer.is_offered),
        key=lambda offer: (currencies.index(offer.money.currency), INTERVALS.index(offer.interval)),
    )
    return PlanOffered(
        version=version.id,
        plan=version.terms.plan,
        title=version.terms.title,
        summary=summary,
        rank=version.terms.rank,
        trial_days=version.terms.trial_days,
        gives=version.terms.gives,
        prices=[_price(offer) for offer in offers],
    )


def _price(offer: Offer) -> PriceOffered:
    return PriceOffered(
        id=offer.id,
        key=offer.key,
        money=offer.money,
        interval=offer.interval,
        interval_count=offer.interval_count,
    )
