"""The time a subscription was paid for, period after period: never two over the same moment (C6).

The database has the last word, by an exclusion constraint; whoever gives time asks here whether it is free.
"""

from datetime import datetime
from uuid import UUID

from sqlalchemy import delete, func, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from verf.billing.findings import report
from verf.billing.models import PaidPeriod, Payment, Subscription
from verf.billing.states import PaymentKind
from verf.kit import new_id, now


async def keep_period(session: AsyncSession, payment: Payment, row: Subscription) -> bool:
    """Write down the time this payment has bought; False when it is somebody else's already, which staff is told.

    The difference for another plan buys no time, unless it begins another length of period: the one before ends there.
    """
    start, end = payment.period_start, payment.period_end
    if start is None or end is None or start >= end:
        return True
    if payment.kind == PaymentKind.PRORATION:
        if not await _begins_anew(session, row.id, end):
            return True
        await cut_periods(session, row.id, start)
    if await _write(session, payment, row.id, start, end):
        return True
    # What was paid with nothing took nothing from anybody.
    if payment.amount:
        await _overlaps(session, payment, start, end)
    return False


async def periods_of(session: AsyncSession, subscription: UUID) -> list[tuple[datetime, datetime]]:
    """In their order."""
    query = select(PaidPeriod.starts_at, PaidPeriod.ends_at).where(PaidPeriod.subscription_id == subscription)
    return [(start, end) for start, end in await session.execute(query.order_by(PaidPeriod.starts_at))]


async def _begins_anew(session: AsyncSession, subscription: UUID, end: datetime) -> bool:
    """It reaches past all that was paid for."""
    query = select(func.max(PaidPeriod.ends_at)).where(PaidPeriod.subscription_id == subscription)
    last = await session.scalar(query)
    return last is not None and last < end


async def cut_periods(session: AsyncSession, subscription: UUID, at: datetime) -> None:
    """What had been bought from then on has become credit: the running period ends, what has not begun is dropped."""
    ours = PaidPeriod.subscription_id == subscription
    await session.execute(delete(PaidPeriod).where(ours, PaidPeriod.starts_at >= at))
    await session.execute(update(PaidPeriod).where(ours, PaidPeriod.ends_at > at).values(ends_at=at))


async def _write(session: AsyncSession, payment: Payment, subscription: UUID, start: datetime, end: datetime) -> bool:
    known = select(PaidPeriod.ends_at).where(PaidPeriod.subscription_id == subscription, PaidPeriod.ends_at == start)
    values = {
        "id": new_id(),
        "organisation_id": payment.organisation_id,
        "subscription_id": subscription,
        "payment_id": payment.id,
        "starts_at": start,
        "ends_at": end,
        "follows": await session.scalar(known),
        "created_at": now(),
    }
    written = insert(PaidPeriod).values(values).on_conflict_do_nothing().returning(PaidPeriod.id)
    return await session.scalar(written) is not None


async def _overlaps(session: AsyncSession, payment: Payment, start: datetime, end: datetime) -> None:
    await report(
        session,
        (payment.provider, payment.account, payment.is_live),
        "period_paid_twice",
        f"payment:{payment.ref}",
        organisation=payment.organisation_id,
        theirs={"from": start.isoformat(), "to": end.isoformat(), "amount": payment.amount},
        proposal="This time had been paid for by another payment of the same subscription. Refund one of them.",
    )
