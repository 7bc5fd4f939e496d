"""Whose is this? From what a provider tells to the organisation, product and rows it concerns."""

from dataclasses import dataclass
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import Select, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from verf.billing.models import CheckoutIntent, Customer, Payment, Subscription
from verf.billing.providers.pictures import Picture

Billed = TypeVar("Billed", CheckoutIntent, Payment, Subscription)


@dataclass(frozen=True, kw_only=True)
class Owner:
    """`intent` is what the order id names; `attempt` our own engine's payment row, when the order id names that."""

    organisation: UUID
    product: str
    intent: CheckoutIntent | None = None
    subscription: Subscription | None = None
    attempt: Payment | None = None


async def owner_of(session: AsyncSession, picture: Picture) -> Owner | None:
    """Found, locked against all other billing of the same organisation and product, and read after the lock.

    None: nobody of ours, whatever the provider's metadata may say.
    """
    whose = await _whose(session, picture)
    if whose is None:
        return None
    await lock(session, *whose)
    return await _look(session, picture)


async def _whose(session: AsyncSession, picture: Picture) -> tuple[UUID, str] | None:
    """Mostly one question: nearly all news are of a subscription that is known already."""
    if picture.subscription:
        query = select(Subscription.organisation_id, Subscription.product).where(
            *_account(Subscription, picture), Subscription.ref == picture.subscription.ref
        )
        if row := (await session.execute(query)).first():
            return row.organisation_id, row.product
    found = await _look(session, picture)
    return (found.organisation, found.product) if found else None


async def lock(session: AsyncSession, organisation: UUID, product: str) -> None:
    """Until the end of this transaction nobody else changes the billing of this organisation and product."""
    await session.execute(
        select(func.pg_advisory_xact_lock(func.hashtextextended(f"billing:{organisation}:{product}", 0)))
    )


async def _look(session: AsyncSession, picture: Picture) -> Owner | None:
    orders = _orders(picture)
    intent = await _one(session, _intents(picture, orders)) if orders or picture.checkout else None
    attempt = await _one(session, _of(Payment, picture).where(Payment.id.in_(orders))) if orders else None
    refs = [each.ref for each in picture.payments]
    paid = await _one(session, _of(Payment, picture).where(Payment.ref.in_(refs)).limit(1)) if refs else None
    subscription = await _subscription(session, picture, intent, attempt or paid)
    for known in (subscription, intent, attempt, paid):
        if known is not None:
            return Owner(
                organisation=known.organisation_id,
                product=known.product,
                intent=intent or await _intent_of(session, known),
                subscription=subscription,
                attempt=attempt,
            )
    return None


def _orders(picture: Picture) -> set[UUID]:
    named = [
        picture.checkout.order if picture.checkout else None,
        picture.subscription.order if picture.subscription else None,
        *(payment.order for payment in picture.payments),
    ]
    return {order for order in named if order is not None}


def _intents(picture: Picture, orders: set[UUID]) -> "Select[CheckoutIntent]":
    """By our id, which only we can have given, at the provider and in the mode it was given to."""
    checkout = picture.checkout.ref if picture.checkout else ""
    return (
        _of(CheckoutIntent, picture)
        .where(or_(CheckoutIntent.id.in_(orders), CheckoutIntent.ref == checkout))
        .order_by(CheckoutIntent.created_at.desc())
        .limit(1)
    )


async def _subscription(
    session: AsyncSession, picture: Picture, intent: CheckoutIntent | None, payment: Payment | None
) -> Subscription | None:
    if picture.subscription:
        return await _one(session, _of(Subscription, picture).where(Subscription.ref == picture.subscription.ref))
    if payment and payment.subscription_id:
        return await _one(session, select(Subscription).where(Subscription.id == payment.subscription_id))
    if intent:
        return await _one(session, _of(Subscription, picture).where(Subscription.intent_id == intent.id).limit(1))
    return None


async def _intent_of(session: AsyncSession, known: CheckoutIntent | Payment | Subscription) -> CheckoutIntent | None:
    intent = getattr(known, "intent_id", None)
    return await session.get(CheckoutIntent, intent, populate_existing=True) if intent else None


def _of(record: type[Billed], picture: Picture) -> "Select[Billed]":
    return select(record).where(*_account(record, picture))


def _account(record: type[CheckoutIntent] | type[Payment] | type[Subscription], picture: Picture) -> tuple[Any, ...]:
    return (
        record.provider == picture.provider,
        record.account == picture.account,
        record.is_live == picture.is_live,
    )


async def _one(session: AsyncSession, query: "Select[Billed]") -> Billed | None:
    return await session.scalar(query.execution_options(populate_existing=True))


async def customer_of(session: AsyncSession, organisation: UUID, picture_of: tuple[str, str, bool]) -> str:
    """The provider's name for this organisation; empty when it has none yet."""
    provider, account, is_live = picture_of
    query = select(Customer.ref).where(
        Customer.organisation_id == organisation,
        Customer.provider == provider,
        Customer.account == account,
        Customer.is_live == is_live,
    )
    return await session.scalar(query) or ""
