"""The customer's account with us: what a card could not be charged, and what a change of plan left over.

It is the ledger's account `credit`, and nothing else: what stands there in the customer's favour is taken off the next
charge of our own engine, or off the next order; what is owed, too little for a card by itself, is added to it. A
provider that keeps the calendar keeps such an account itself.
"""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from verf.billing import grants, ledger
from verf.billing.earning import go_on
from verf.billing.facts import PaymentRecorded
from verf.billing.models import Dispute, Grant, LedgerEntry, LedgerTransaction, Payment, Refund, Subscription
from verf.billing.on_account import credit_of
from verf.billing.paid_periods import cut_periods
from verf.billing.proration import Quote
from verf.billing.states import DisputeState, PaymentState
from verf.billing.takings import grant_for
from verf.jobs import announce
from verf.kit import now


async def pay_without_charge(session: AsyncSession, row: Subscription, payment: Payment) -> None:
    """The account pays: booked, given, and the calendar moved, as if the money had come."""
    payment.state = PaymentState.PAID
    await session.flush()
    await ledger.post(session, payment, ledger.charge(payment))
    await go_on(session, payment, row)
    await grant_for(session, payment, row)
    await announce(session, PaymentRecorded(payment.organisation_id, payment.id))


async def turn_over(session: AsyncSession, row: Subscription, change: Payment, told: Quote) -> None:
    """The payments so far end with this change: what is unused of them pays for its period, the rest is credit."""
    if change.period_start is None:
        return
    ended = await session.scalars(
        select(Payment).where(
            Payment.subscription_id == row.id,
            Payment.state == PaymentState.PAID,
            Payment.turned_into.is_(None),
            Payment.id != change.id,
            Payment.period_end > change.period_start,
        )
    )
    payments = [each for each in ended.all() if worth(each) > 0]
    weights = [worth(each) for each in payments]
    for payment, part in zip(payments, told.left_over.split(weights), strict=True):
        payment.turned_into, payment.credited = change.id, part.minor_units
    change.put_in = told.credit.minor_units
    await _end_access(session, row, payments, change)
    await cut_periods(session, row.id, change.period_start)


def worth(payment: Payment) -> int:
    """Of the time it covers: what came by it and what was put into it, less what went back."""
    return payment.amount + payment.credit + payment.put_in - payment.refunded


async def take_back(session: AsyncSession, payment: Payment, refund: Refund) -> None:
    """Money that went back is no credit any more, and what had been paid with credit is credit again."""
    at, ref = refund.occurred_at, str(refund.id)
    if payment.turned_into is not None:
        balance = await credit_of(session, payment.organisation_id, payment.product, payment.currency)
        withdrawn = min(refund.amount, payment.credited, max(0, balance.minor_units))
        if not await ledger.post(session, payment, ledger.credit(payment, ref, "credit_withdrawn", -withdrawn, at=at)):
            return
        payment.credited -= withdrawn
        change = await session.get_one(Payment, payment.turned_into)
        change.put_in -= min(refund.amount - withdrawn, max(0, worth(change)))
        await session.flush()
    elif payment.credit > 0 and payment.refunded >= payment.amount:
        await ledger.post(session, payment, ledger.credit(payment, ref, "credit_returned", payment.credit, at=at))


async def settle_dispute(session: AsyncSession, dispute: Dispute) -> None:
    """Lost, it takes back what is left of the credit its payment gave; won after all, that is there again.

    Asked again, nothing more happens. Wants the lock of the organisation and product, and the row as it is under it.
    """
    taken = await _withdrawn(session, dispute)
    if dispute.state == DisputeState.LOST and not taken:
        await _withdraw(session, dispute)
    elif dispute.state == DisputeState.WON:
        for ref, link, amount in taken:
            payment = await session.get_one(Payment, link)
            again = ledger.credit(payment, ref, "credit_restored", amount, at=dispute.occurred_at)
            if await ledger.post(session, payment, again):
                payment.credited += amount
        await session.flush()


async def _withdraw(session: AsyncSession, dispute: Dispute) -> None:
    """What it put into a change of plan may have been left over by the next one: that is its credit too."""
    link: UUID | None = dispute.payment_id
    left = dispute.amount
    while link is not None and left > 0:
        payment = await session.get_one(Payment, link, populate_existing=True)
        balance = await credit_of(session, payment.organisation_id, payment.product, payment.currency)
        amount = min(left, payment.credited, max(0, balance.minor_units))
        if amount > 0:
            ref = f"{_withdrawal_of(dispute)}{payment.id}"
            gone = ledger.credit(payment, ref, "credit_withdrawn", -amount, at=dispute.occurred_at)
            await ledger.post(session, payment, gone)
            payment.credited -= amount
            left -= amount
            await session.flush()
        link = payment.turned_into


async def _withdrawn(session: AsyncSession, dispute: Dispute) -> Sequence[tuple[str, UUID, int]]:
    """The name, the payment and the sum of each withdrawal that this dispute has made."""
    query = (
        select(LedgerTransaction.ref, LedgerTransaction.payment_id, LedgerEntry.amount)
        .join(LedgerEntry, LedgerEntry.transaction_id == LedgerTransaction.id)
        .where(
            LedgerTransaction.organisation_id == dispute.organisation_id,
            LedgerTransaction.kind == "credit_withdrawn",
            LedgerTransaction.ref.startswith(_withdrawal_of(dispute)),
            LedgerEntry.ledger == ledger.CREDIT,
        )
    )
    return [(ref, link, amount) for ref, link, amount in await session.execute(query) if link is not None]


def _withdrawal_of(dispute: Dispute) -> str:
    return f"dispute:{dispute.id}:"


async def _end_access(session: AsyncSession, row: Subscription, payments: Sequence[Payment], change: Payment) -> None:
    at = change.period_start or now()
    given = (
        Grant.organisation_id == row.organisation_id,
        Grant.source == "payment",
        Grant.source_ref.in_([str(each.id) for each in payments]),
        Grant.revoked_at.is_(None),
    )
    running = update(Grant).where(*given, Grant.starts_at < at, Grant.ends_at > at)
    await session.execute(running.values(ends_at=at, grace_until=None))
    to_come = update(Grant).where(*given, Grant.starts_at >= at)
    await session.execute(to_come.values(revoked_at=now(), revoked_because="another plan took its place"))
    await grants.access_changed(session, row.organisation_id, row.product)
