"""A customer has a payment taken back by their bank. Access waits while that is open; who loses us money is barred.

The rows and the ledger are written by applying the provider's picture, or by staff where a provider tells no program
(`reported_disputes`); here is what follows from them.
"""

from uuid import UUID

from sqlalchemy import and_, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from verf.audit import record
from verf.billing.messages import EndSubscription
from verf.billing.models import Dispute, Payment, Subscription
from verf.billing.states import DisputeState
from verf.billing.telling import tell_of_dispute
from verf.jobs import enqueue
from verf.telemetry import counter, log

DISPUTED = "dispute"
DISPUTES = counter("verf_billing_disputes_total", "Disputes, by what became of them.", ["provider", "state"])


async def follow(session: AsyncSession, dispute: Dispute, state: str) -> None:
    """Once for each state of a dispute."""
    told = {"amount": dispute.amount, "currency": dispute.currency, "payment": str(dispute.payment_id)}
    await record(session, "system", f"billing.dispute-{state}", f"dispute:{dispute.id}", after=told)
    DISPUTES.labels(dispute.provider, state).inc()
    if state == DisputeState.OPEN:
        log(__name__).warning("a payment is disputed", provider=dispute.provider, dispute=str(dispute.id))
        await tell_of_dispute(session, dispute)
    if state == DisputeState.LOST:
        payment = await session.get_one(Payment, dispute.payment_id)
        if payment.subscription_id:
            end = EndSubscription(dispute.organisation_id, payment.subscription_id, "dispute")
            await enqueue(session, end, unless_queued=f"billing:end:{payment.subscription_id}")


async def hold_or_release(session: AsyncSession, row: Subscription) -> None:
    """While a dispute is open access waits, whoever told us of it; other holds are not ours to lift.

    A warning is waited for only so long (`quiet_warnings`); the chargeback that comes later holds until the end.
    """
    waits = and_(Dispute.state == DisputeState.OPEN, Dispute.hold_ended_at.is_(None))
    came_late = and_(Dispute.state == DisputeState.LOST, Dispute.hold_ended_at.is_not(None))
    query = select(Dispute.id).join(Payment, Payment.id == Dispute.payment_id)
    query = query.where(Payment.subscription_id == row.id, or_(waits, came_late))
    is_open = await session.scalar(query.limit(1)) is not None
    if is_open and not row.access_hold:
        row.access_hold = DISPUTED
    elif not is_open and row.access_hold == DISPUTED:
        row.access_hold = ""


async def is_barred(session: AsyncSession, organisation: UUID) -> bool:
    """From trials and rewards: a dispute is open, or was lost."""
    query = select(Dispute.id).where(
        Dispute.organisation_id == organisation, Dispute.state.in_((DisputeState.OPEN, DisputeState.LOST))
    )
    return await session.scalar(query.limit(1)) is not None
