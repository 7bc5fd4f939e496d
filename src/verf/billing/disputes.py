"""A customer has a payment taken back by their bank. Access waits while that is open; who loses us money is barred.

The rows, the ledger and the hold itself are written by applying the provider's picture; here is what follows from them.
"""

from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from verf.audit import record
from verf.billing.messages import EndSubscription
from verf.billing.models import Dispute, Payment
from verf.billing.states import DisputeState
from verf.billing.telling import tell_of_dispute
from verf.jobs import enqueue
from verf.telemetry import counter, log

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


async def is_barred(session: AsyncSession, organisation: UUID) -> bool:
    """From trials and rewards: a dispute is open, or was lost."""
    query = select(Dispute.id).where(
        Dispute.organisation_id == organisation, Dispute.state.in_((DisputeState.OPEN, DisputeState.LOST))
    )
    return await session.scalar(query.limit(1)) is not None
