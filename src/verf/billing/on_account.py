"""What stands on the customer's account with us, and what an order that is paid on a page takes of it.

An open order holds its part: nobody else finds it there. Paid, the part is booked with the payment; given up, it is
free again by that alone.
"""

from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from verf.billing import ledger
from verf.billing.models import CheckoutIntent, LedgerEntry, LedgerTransaction, Payment
from verf.billing.states import CheckoutState, PaymentState
from verf.kit import Money


async def credit_of(session: AsyncSession, organisation: UUID, product: str, currency: str) -> Money:
    """In the customer's favour; below zero is what they owe. What a charge or an order under way takes is gone."""
    booked = (
        select(func.coalesce(func.sum(LedgerEntry.amount), 0))
        .join(LedgerTransaction, LedgerTransaction.id == LedgerEntry.transaction_id)
        .where(
            LedgerTransaction.organisation_id == organisation,
            LedgerTransaction.product == product,
            LedgerEntry.ledger == ledger.CREDIT,
            LedgerEntry.currency == currency,
        )
    )
    under_way = select(func.coalesce(func.sum(Payment.credit), 0)).where(
        Payment.organisation_id == organisation,
        Payment.product == product,
        Payment.currency == currency,
        Payment.state == PaymentState.PENDING,
    )
    taken = int(await session.scalar(booked) or 0) + int(await session.scalar(under_way) or 0)
    return Money(-taken, currency) - await _held(session, organisation, product, currency)


async def offer_of(session: AsyncSession, organisation: UUID, product: str, due: Money, *, least: Money) -> Money:
    """The part that a new order of this sum would take: what the order before it holds is let go then."""
    held = await _held(session, organisation, product, due.currency)
    return part_of(due, await credit_of(session, organisation, product, due.currency) + held, least)


async def hold(session: AsyncSession, intent: CheckoutIntent, *, least: Money) -> None:
    """Lower the sum of an order by what is on account, or add what is owed. Wants the lock of its owner.

    `least`: the provider has no pages for less.
    """
    due = Money(intent.amount, intent.currency)
    part = part_of(due, await credit_of(session, intent.organisation_id, intent.product, intent.currency), least)
    intent.credit, intent.amount = part.minor_units, (due - part).minor_units
    await session.flush()


async def draw(session: AsyncSession, intent: CheckoutIntent, payment: Payment) -> None:
    """Once, by the payment that pays the order. Another, or one that comes late, takes only what is there still."""
    if (payment.amount, payment.currency) != (intent.amount, intent.currency):
        return
    if intent.credit > 0 and not await _holds(session, intent, payment):
        balance = await credit_of(session, intent.organisation_id, intent.product, intent.currency)
        if balance.minor_units < intent.credit:
            return
    payment.credit = intent.credit
    await session.flush()


def part_of(due: Money, credit: Money, least: Money) -> Money:
    """A page asks for something in any case; what is more than that stays on account. Below zero: paid along."""
    return due - max(due - credit, min(due, least))


async def _held(session: AsyncSession, organisation: UUID, product: str, currency: str) -> Money:
    query = select(func.coalesce(func.sum(CheckoutIntent.credit), 0)).where(
        CheckoutIntent.organisation_id == organisation,
        CheckoutIntent.product == product,
        CheckoutIntent.currency == currency,
        CheckoutIntent.state == CheckoutState.OPEN,
    )
    return Money(int(await session.scalar(query) or 0), currency)


async def _holds(session: AsyncSession, intent: CheckoutIntent, payment: Payment) -> bool:
    query = select(Payment.id).where(
        Payment.intent_id == intent.id, Payment.id != payment.id, Payment.state == PaymentState.PAID
    )
    return intent.state == CheckoutState.OPEN and await session.scalar(query.limit(1)) is None
