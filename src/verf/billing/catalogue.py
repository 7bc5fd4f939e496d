"""The price list: declared plans become versions that never change, and everybody reads them from memory."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select, text, update
from sqlalchemy.ext.asyncio import AsyncSession

from verf.billing.declarations import (
    digest_of,
    price_key,
    prices_of,
    products,
    terms_of,
)
from verf.billing.models import PlanVersion, Price
from verf.billing.providers.orders import Interval
from verf.billing.terms import Terms
from verf.database import transaction
from verf.errors import NotFound
from verf.kit import Money, now
from verf.manifest import Plan, Product
from verf.telemetry import log

# Another process may have published meanwhile; what is on offer may be this old.
FRESH = timedelta(seconds=30)
ONE_AT_A_TIME = text("SELECT pg_advisory_xact_lock(hashtextextended('billing.catalogue', 0))")


class UnknownPlan(NotFound):
    """There is no such plan or price."""


@dataclass(frozen=True, kw_only=True)
class Offer:
    """A price of a plan version, on offer or not any more."""

    id: UUID
    version: UUID
    key: str
    money: Money
    interval: Interval
    interval_count: int
    is_offered: bool


@dataclass(frozen=True, kw_only=True)
class Version:
    id: UUID
    product: str
    number: int
    terms: Terms


@dataclass(frozen=True)
class Catalogue:
    versions: Mapping[UUID, Version]
    offers: Mapping[UUID, Offer]
    read_at: datetime

    def version(self, version: UUID) -> Version:
        if version not in self.versions:
            raise UnknownPlan("There is no such plan.")
        return self.versions[version]

    def offer(self, price: UUID) -> Offer:
        if price not in self.offers:
            raise UnknownPlan("There is no such price.")
        return self.offers[price]

    def plans(self, product: str) -> list[Version]:
        """What can be bought now, the cheapest first."""
        on_offer = {offer.version for offer in self.offers.values() if offer.is_offered}
        found = (self.versions[version] for version in on_offer)
        return sorted((each for each in found if each.product == product), key=lambda each: each.terms.rank)

    def terms(self, product: str) -> list[Terms]:
        return [version.terms for version in self.plans(product)]

    def current(self, product: str, plan: str) -> Version:
        """The version that somebody gets who comes today."""
        for version in self.plans(product):
            if version.terms.plan == plan:
                return version
        known = [each for each in self.versions.values() if (each.product, each.terms.plan) == (product, plan)]
        if not known:
            raise UnknownPlan("There is no such plan.")
        return max(known, key=lambda each: each.number)

    def offers_of(self, version: UUID) -> list[Offer]:
        """In the order of currency and length."""
        found = (offer for offer in self.offers.values() if offer.version == version)
        return sorted(found, key=lambda offer: (offer.money.currency, offer.money))

    def find(self, product: str, plan: str, *, interval: Interval, currency: str) -> Offer:
        """The price on offer; UnknownPlan when this plan is not sold so."""
        for offer in self.offers_of(self.current(product, plan).id):
            if (offer.interval, offer.interval_count, offer.money.currency) == (interval, 1, currency):
                return offer
        raise UnknownPlan("This plan cannot be bought in that currency or for that time.")


_catalogue: Catalogue | None = None


async def catalogue(session: AsyncSession | None = None) -> Catalogue:
    """From memory; asks the database only when that is old, and publishes when nobody has.

    Inside a transaction give its session, so that nobody waits for a second connection while holding one.
    """
    if _catalogue and timedelta() <= now() - _catalogue.read_at < FRESH:
        return _catalogue
    found = await _read(session)
    if _is_published(found):
        return found
    return await publish()


async def catalogue_with(version: UUID, session: AsyncSession | None = None) -> Catalogue:
    """One that knows this version, which another process may have published a moment ago."""
    known = await catalogue(session)
    return known if version in known.versions else await _read(session)


def forget_catalogue() -> None:
    """For tests, whose database is emptied under our feet."""
    global _catalogue
    _catalogue = None


async def publish() -> Catalogue:
    """Write down what is declared and not yet known. Repeating changes nothing, and two processes may do it at once."""
    async with transaction() as session:
        await session.execute(ONE_AT_A_TIME)
        offered: set[UUID] = set()
        for product in products():
            for plan in product.plans:
                offered.add(await _version_of(session, product, plan))
        names = [product.name for product in products()]
        ours = select(PlanVersion.id).where(PlanVersion.product.in_(names))
        for is_offered in (True, False):
            which = Price.plan_version_id.in_(offered) if is_offered else Price.plan_version_id.not_in(offered)
            change = update(Price).where(Price.plan_version_id.in_(ours), which, Price.is_offered != is_offered)
            await session.execute(change.values(is_offered=is_offered))
    return await _read()


async def _version_of(session: AsyncSession, product: Product, plan: Plan) -> UUID:
    terms = terms_of(product, plan)
    digest = digest_of(terms, plan)
    of_plan = select(PlanVersion).where(PlanVersion.product == product.name, PlanVersion.plan == plan.name)
    versions = {version.digest: version for version in await session.scalars(of_plan)}
    if digest in versions:
        return versions[digest].id
    number = max((version.version for version in versions.values()), default=0) + 1
    version = PlanVersion(
        product=product.name,
        plan=plan.name,
        version=number,
        title=terms.title,
        rank=terms.rank,
        terms=terms.as_document(),
        digest=digest,
    )
    session.add(version)
    await session.flush()
    for way, price in prices_of(plan).items():
        session.add(
            Price(
                plan_version_id=version.id,
                key=price_key(product.name, plan.name, way, number),
                currency=price.money.currency,
                amount=price.money.minor_units,
                interval=price.interval,
                interval_count=price.interval_count,
            )
        )
    log(__name__).info("plan published", product=product.name, plan=plan.name, version=number)
    return version.id


def _is_published(found: Catalogue) -> bool:
    known = {(version.product, version.terms.plan) for version in found.versions.values()}
    return all((product.name, plan.name) in known for product in products() for plan in product.plans)


async def _read(session: AsyncSession | None = None) -> Catalogue:
    if session is not None:
        return await _read_with(session)
    async with transaction() as own:
        return await _read_with(own)


async def _read_with(session: AsyncSession) -> Catalogue:
    global _catalogue
    read_at = now()
    # Prices first: each of them has its version by the time versions are read.
    offers = [_offer(row) for row in await session.execute(select(*Price.__table__.columns))]
    versions = [_version(row) for row in await session.execute(select(*PlanVersion.__table__.columns))]
    _catalogue = Catalogue({each.id: each for each in versions}, {each.id: each for each in offers}, read_at)
    return _catalogue


def _version(row: Row[Any]) -> Version:
    terms = Terms.of_document(row.terms, plan=row.plan, title=row.title, rank=row.rank)
    return Version(id=row.id, product=row.product, number=row.version, terms=terms)


def _offer(row: Row[Any]) -> Offer:
    return Offer(
        id=row.id,
        version=row.plan_version_id,
        key=row.key,
        money=Money(row.amount, row.currency),
        interval=row.interval,
        interval_count=row.interval_count,
        is_offered=row.is_offered,
    )
