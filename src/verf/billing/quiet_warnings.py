"""A warning of a chargeback that nothing followed holds access for a month, and no longer.

Paddle gives the payment back at a warning, to spare everybody the chargeback; then as a rule nothing more is told, and
what the customer has paid since would open nothing. A bank may still ask for it: then access is held again, until the
subscription has ended.
"""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from verf.audit import record
from verf.billing.disputes import hold_or_release
from verf.billing.messages import EndHold, EndHolds
from verf.billing.mirroring import log_changes, photograph
from verf.billing.models import Dispute, Payment, Subscription
from verf.billing.owners import lock
from verf.billing.providers.registry import enabled
from verf.billing.settings import BillingSettings
from verf.billing.states import DisputeState
from verf.jobs import enqueue, handles
from verf.kit import now
from verf.manifest import Schedule
from verf.settings import load

SCHEDULES = (Schedule(every=timedelta(hours=1), message=EndHolds),)
AT_ONCE = 1_000


@handles(EndHolds, system="billing: warnings of chargebacks that nothing followed")
async def end_holds(message: EndHolds, session: AsyncSession) -> None:
    days = load(BillingSettings).warning_days
    warning = [each.name for each in enabled() if each.abilities.warns_of_disputes]
    if not days or not warning:
        return
    query = select(Dispute.organisation_id, Dispute.id).where(
        Dispute.state == DisputeState.OPEN,
        Dispute.hold_ended_at.is_(None),
        Dispute.provider.in_(warning),
        Dispute.occurred_at <= now() - timedelta(days=days),
    )
    for organisation, dispute in (await session.execute(query.limit(AT_ONCE))).all():
        await enqueue(session, EndHold(organisation, dispute), unless_queued=f"billing:end-hold:{dispute}")


@handles(EndHold)
async def end_hold(message: EndHold, session: AsyncSession) -> None:
    await give_up_waiting(session, message.dispute)


async def give_up_waiting(session: AsyncSession, dispute: UUID) -> None:
    """Nothing has come: the dispute stays open in the books, and holds nobody any more."""
    row = await session.get_one(Dispute, dispute)
    payment = await session.get_one(Payment, row.payment_id)
    await lock(session, payment.organisation_id, payment.product)
    await session.refresh(row)
    if row.state != DisputeState.OPEN or row.hold_ended_at is not None:
        return
    row.hold_ended_at = now()
    await session.flush()
    told = {"warned_at": row.occurred_at.isoformat(), "payment": str(payment.id)}
    await record(session, "system", "billing.dispute-hold-ended", f"dispute:{row.id}", after=told)
    held = await session.get(Subscription, payment.subscription_id, populate_existing=True)
    if held is not None:
        before = photograph(held)
        await hold_or_release(session, held)
        await session.flush()
        await log_changes(session, held, before, cause="no chargeback came", cause_ref=str(row.id))
