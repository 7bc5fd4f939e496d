"""Disputes of providers that tell people of them and no program (YooKassa and Wata write a letter): staff says what
the letter says, and they are booked, held and told of as those that a provider shows."""

from collections.abc import Sequence
from typing import Literal
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from verf.audit import record
from verf.billing.disputes import hold_or_release
from verf.billing.mirroring import log_changes, photograph
from verf.billing.models import Dispute, Payment, Subscription
from verf.billing.owners import lock
from verf.billing.providers import pictures
from verf.billing.providers.registry import enabled, provider
from verf.billing.refunds import PaymentUnknown
from verf.billing.states import DisputeState, PaymentState
from verf.billing.takings import record_dispute
from verf.database import transaction
from verf.errors import Conflict, NotFound
from verf.kit import Money, new_id, now
from verf.web import _

# So that it is never taken for an id of the provider's.
REPORTED = "reported:"
DECIDED = {"won": DisputeState.WON, "lost": DisputeState.LOST}


class DisputeRefused(Conflict):
    """It cannot be reported, or not decided like this; the message says why."""


class DisputeUnknown(NotFound):
    pass


def may_report(payment: Payment, disputes: Sequence[Dispute]) -> bool:
    """Paid, at a provider that keeps silent, and not disputed already."""
    is_silent = any(each.name == payment.provider and not each.abilities.has_disputes for each in enabled())
    is_open = any(each.state != DisputeState.WON for each in disputes)
    return is_silent and payment.state == PaymentState.PAID and payment.refunded < payment.amount and not is_open


async def report_dispute(organisation: UUID, payment: UUID, money: Money | None, *, by: UUID, because: str) -> UUID:
    """The bank has taken this sum back, or all that is left of the payment. Access waits until it is decided."""
    async with transaction(organisation=organisation) as session:
        paid = await _locked(session, payment)
        seen = pictures.Dispute(
            ref=f"{REPORTED}{new_id()}",
            state=DisputeState.OPEN,
            money=await _disputable(session, paid, money),
            occurred_at=now(),
            reason=because,
        )
        return await _write(session, paid, seen, by=by)


async def decide_dispute(organisation: UUID, dispute: UUID, verdict: Literal["won", "lost"], *, by: UUID) -> None:
    """As the bank has decided; said again, nothing more happens. What was lost may yet come back."""
    async with transaction(organisation=organisation) as session:
        row = await session.get(Dispute, dispute)
        if row is None:
            raise DisputeUnknown
        paid = await _locked(session, row.payment_id)
        await session.refresh(row)
        state = DECIDED[verdict]
        if row.state == state:
            return
        if not row.ref.startswith(REPORTED):
            raise DisputeRefused(_("The provider decides this dispute, and tells us."))
        if row.state == DisputeState.WON:
            raise DisputeRefused(_("This dispute was won. If the bank has opened another, report that."))
        money = Money(row.amount, row.currency)
        told = pictures.Dispute(ref=row.ref, state=state, money=money, occurred_at=now(), reason=row.reason)
        await _write(session, paid, told, by=by)


async def _write(session: AsyncSession, paid: Payment, seen: pictures.Dispute, *, by: UUID) -> UUID:
    row = await session.get(Subscription, paid.subscription_id) if paid.subscription_id else None
    before = photograph(row)
    dispute = await record_dispute(session, paid, seen)
    told = {"state": str(seen.state), "amount": dispute.amount, "currency": dispute.currency, "because": seen.reason}
    await record(session, f"staff:{by}", "billing.dispute-reported", f"dispute:{dispute.id}", after=told)
    if row is not None:
        await hold_or_release(session, row)
        await session.flush()
        await log_changes(session, row, before, cause="dispute reported", cause_ref=str(dispute.id))
    return dispute.id


async def _locked(session: AsyncSession, payment: UUID) -> Payment:
    row = await session.get(Payment, payment)
    if row is None:
        raise PaymentUnknown(_("There is no such payment."))
    await lock(session, row.organisation_id, row.product)
    await session.refresh(row)
    return row


async def _disputable(session: AsyncSession, paid: Payment, money: Money | None) -> Money:
    if provider(paid.provider).abilities.has_disputes:
        raise DisputeRefused(_("This provider tells of its disputes itself."))
    if paid.state != PaymentState.PAID:
        raise DisputeRefused(_("Only what was paid can be disputed."))
    standing = select(Dispute.id).where(Dispute.payment_id == paid.id, Dispute.state != DisputeState.WON)
    if await session.scalar(standing.limit(1)):
        raise DisputeRefused(_("A dispute of this payment is known already."))
    left = Money(paid.amount - paid.refunded, paid.currency)
    wanted = money or left
    if wanted.currency != left.currency or not 0 < wanted.minor_units <= left.minor_units:
        raise DisputeRefused(_("No more can be disputed than was paid and not paid back."))
    return wanted
