"""What we hold already of the money in a picture, read at once: a subscription of a year has a dozen payments, and
nearly always only the last of them is news."""

from collections.abc import Mapping
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import and_, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from verf.billing.models import Grant, LedgerTransaction, Payment, PlanVersion, Price, ProviderPrice
from verf.billing.owners import Owner
from verf.billing.providers.pictures import Picture


@dataclass(frozen=True)
class Till:
    """Where the money of one picture is written down, under the lock of its owner.

    `payments` by the provider's id, `prices` ours by the provider's name for them. `posted` (kind and ref) and
    `granted` (ids of payments) say what need not be tried again. `catalogue` keeps rows in the session's memory.
    """

    session: AsyncSession
    picture: Picture
    owner: Owner
    payments: Mapping[str, Payment]
    prices: Mapping[str, UUID]
    posted: frozenset[tuple[str, str]]
    granted: frozenset[str]
    catalogue: tuple[Price | PlanVersion, ...] = ()

    @property
    def account(self) -> tuple[str, str, bool]:
        return (self.picture.provider, self.picture.account, self.picture.is_live)

    def price_of(self, ref: str) -> UUID | None:
        """Our price by the provider's name for it, of the names in this picture."""
        return self.prices.get(ref)


async def open_till(session: AsyncSession, picture: Picture, owner: Owner) -> Till:
    payments = await _payments(session, picture)
    prices, catalogue = await _prices(session, picture, payments)
    return Till(
        session,
        picture,
        owner,
        payments=payments,
        prices=prices,
        posted=await _posted(session, picture, payments),
        granted=await _granted(session, owner, payments),
        catalogue=catalogue,
    )


async def _payments(session: AsyncSession, picture: Picture) -> Mapping[str, Payment]:
    refs = [each.ref for each in picture.payments]
    if not refs:
        return {}
    query = select(Payment).where(
        Payment.provider == picture.provider,
        Payment.account == picture.account,
        Payment.is_live == picture.is_live,
        Payment.ref.in_(refs),
    )
    rows = await session.scalars(query.execution_options(populate_existing=True))
    return {row.ref: row for row in rows if row.ref}


async def _prices(
    session: AsyncSession, picture: Picture, payments: Mapping[str, Payment]
) -> tuple[Mapping[str, UUID], tuple[Price | PlanVersion, ...]]:
    named = {each.price for each in picture.payments}
    if picture.subscription:
        named |= {picture.subscription.price, picture.subscription.pending_price}
    named.discard("")
    paid = {row.price_id for row in payments.values() if row.price_id}
    if not named and not paid:
        return {}, ()
    of_provider = and_(
        ProviderPrice.price_id == Price.id,
        ProviderPrice.provider == picture.provider,
        ProviderPrice.account == picture.account,
        ProviderPrice.is_live == picture.is_live,
    )
    query = (
        select(ProviderPrice.ref, Price, PlanVersion)
        .select_from(Price)
        .join(PlanVersion, PlanVersion.id == Price.plan_version_id)
        .outerjoin(ProviderPrice, of_provider)
        .where(or_(ProviderPrice.ref.in_(named), Price.id.in_(paid)))
    )
    found = (await session.execute(query)).all()
    prices = {ref: price.id for ref, price, _plan in found if ref in named}
    return prices, tuple(each for _ref, price, plan in found for each in (price, plan))


async def _posted(
    session: AsyncSession, picture: Picture, payments: Mapping[str, Payment]
) -> frozenset[tuple[str, str]]:
    if not payments:
        return frozenset()
    query = select(LedgerTransaction.kind, LedgerTransaction.ref).where(
        LedgerTransaction.provider == picture.provider,
        LedgerTransaction.account == picture.account,
        LedgerTransaction.is_live == picture.is_live,
        LedgerTransaction.kind.in_(("charge", "fee")),
        LedgerTransaction.ref.in_(payments),
    )
    return frozenset((kind, ref) for kind, ref in await session.execute(query))


async def _granted(session: AsyncSession, owner: Owner, payments: Mapping[str, Payment]) -> frozenset[str]:
    if not payments:
        return frozenset()
    query = select(Grant.source_ref).where(
        Grant.organisation_id == owner.organisation,
        Grant.source == "payment",
        Grant.source_ref.in_([str(row.id) for row in payments.values()]),
    )
    return frozenset(await session.scalars(query))
