"""What can be bought, and through whom: a price as providers see it, made at theirs once."""

from typing import cast
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from verf.billing.declarations import metered_prices, products
from verf.billing.models import PlanVersion, Price, ProviderPrice
from verf.billing.providers.orders import Interval, PriceTag
from verf.billing.providers.provider import Provider
from verf.billing.providers.registry import enabled
from verf.billing.settings import BillingSettings
from verf.database import transaction
from verf.errors import Invalid
from verf.kit import Money, new_id
from verf.settings import load
from verf.web import _


class NotForSale(Invalid):
    """This price is not offered, or nobody here takes its currency."""


def choose(currency: str, through: str) -> Provider:
    """The provider asked for, or the first that takes this currency."""
    for source in offered():
        if currency in source.abilities.currencies and through in ("", source.name):
            return source
    raise NotForSale(
        _("Nobody here takes %(currency)s this way.") % {"currency": currency}, fields={"provider": through}
    )


def offered() -> list[Provider]:
    wanted = [name.strip() for name in load(BillingSettings).providers.split(",") if name.strip()]
    found = {source.name: source for source in enabled()}
    return [found[name] for name in wanted if name in found] if wanted else list(found.values())


async def price_tag(session: AsyncSession, price: UUID) -> tuple[PriceTag, PlanVersion]:
    row = await session.get(Price, price)
    if row is None or not row.is_offered:
        raise NotForSale(_("This price is not offered any more. Please choose again."), fields={"price": "gone"})
    plan = await session.get_one(PlanVersion, row.plan_version_id)
    return tag_of(row, plan), plan


def tag_of(row: Price, plan: PlanVersion) -> PriceTag:
    titles = {product.name: product.title for product in products()}
    return PriceTag(
        key=row.key,
        title=f"{titles.get(plan.product, plan.product)}: {plan.title}",
        product=plan.product,
        plan=plan.plan,
        money=Money(row.amount, row.currency),
        interval=cast("Interval", row.interval),
        interval_count=row.interval_count,
        metered=metered_prices(row.key, plan.title, plan.product, plan.terms, row.currency),
    )


async def published(source: Provider, tag: PriceTag, price: UUID) -> str:
    """The provider's name for a price, made there once; empty for providers without prices. Calls outside."""
    if not source.abilities.has_prices:
        return ""
    query = select(ProviderPrice.ref).where(
        ProviderPrice.provider == source.name,
        ProviderPrice.account == source.account,
        ProviderPrice.is_live == source.is_live,
        ProviderPrice.price_id == price,
    )
    async with transaction() as session:
        known = await session.scalar(query)
    if known:
        return known
    ref = await source.publish_price(tag)
    values = {
        "id": new_id(),
        "provider": source.name,
        "account": source.account,
        "is_live": source.is_live,
        "price_id": price,
        "ref": ref,
    }
    async with transaction() as session:
        await session.execute(insert(ProviderPrice).values(values).on_conflict_do_nothing())
    return ref
