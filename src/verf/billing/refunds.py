"""Money on its way back, asked for by staff: reserved first, so that all refunds together never exceed the payment.

[ reserve ] commit → the provider, with a key of its own → [ what it says ]. A refund that the provider still looks at
stays pending and reserved; one that it will not make gives its reservation back. What a refund does to the ledger and
to access is `takings`' part, the same for refunds made in the provider's own cabinet.
"""

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from verf.audit import record
from verf.billing.handling import refresh
from verf.billing.messages import EndSubscription, SendRefund
from verf.billing.models import CheckoutIntent, Dispute, Payment, Refund, Subscription
from verf.billing.owners import lock
from verf.billing.providers import pictures
from verf.billing.providers.events import ProviderRefused
from verf.billing.providers.pictures import Subject
from verf.billing.providers.registry import provider
from verf.billing.renewals import payer_of
from verf.billing.states import DisputeState, PaymentState, RefundState
from verf.database import transaction
from verf.errors import Conflict, Invalid, NotFound
from verf.jobs import TryLater, enqueue
from verf.kit import Money, new_id, now
from verf.telemetry import log
from verf.web import _, format_money

LOOKS_AGAIN = timedelta(minutes=10)
# Those that a provider has not decided on are asked about every hour, for so long.
ASKED_FOR = timedelta(days=60)


class PaymentUnknown(NotFound):
    """This organisation has no such payment."""


class NothingToRefund(Conflict):
    """It has not been paid, or is disputed, or all of it went back."""


class RefundTooLarge(Conflict):
    """Less is left of the payment than was asked for."""


class RefundKeyReused(Conflict):
    """The same key stands for another refund."""


@dataclass(frozen=True)
class Reserved:
    id: UUID
    state: RefundState
    money: Money


async def refund(
    organisation: UUID, payment: UUID, money: Money | None, *, by: UUID, because: str, key: str
) -> Reserved:
    """Give this sum back, or all that is left; the same key again is the same refund. The worker does the rest."""
    return await _reserve(organisation, payment, money, by=by, because=because, key=key, ends=False)


async def refund_and_end(
    organisation: UUID, payment: UUID, money: Money | None, *, by: UUID, because: str, key: str
) -> Reserved:
    """The same, and the subscription that the payment was for ends now."""
    return await _reserve(organisation, payment, money, by=by, because=because, key=key, ends=True)


async def _reserve(
    organisation: UUID, payment: UUID, money: Money | None, *, by: UUID, because: str, key: str, ends: bool
) -> Reserved:
    async with transaction(organisation=organisation) as session:
        paid = await _locked(session, payment)
        known = await session.scalar(select(Refund).where(Refund.key == key))
        if known is not None:
            if known.payment_id != payment or (money and money.minor_units != known.amount):
                raise RefundKeyReused(_("This refund was asked for already, with another sum."))
            return _reserved(known)
        amount = await _allowed(session, paid, money)
        row = Refund(
            id=new_id(),
            organisation_id=organisation,
            payment_id=paid.id,
            provider=paid.provider,
            account=paid.account,
            is_live=paid.is_live,
            key=key,
            state=RefundState.PENDING,
            currency=paid.currency,
            amount=amount.minor_units,
            reason=because,
            requested_by=by,
            occurred_at=now(),
        )
        session.add(row)
        paid.refunded += row.amount
        await session.flush()
        asked = {"amount": row.amount, "currency": row.currency, "because": because, "payment": str(paid.id)}
        await record(session, f"staff:{by}", "billing.refund-requested", f"refund:{row.id}", after=asked)
        send, turn = SendRefund(organisation, row.id), f"billing:refund:{paid.id}"
        await enqueue(session, send, unless_queued=f"billing:refund:{row.id}", one_at_a_time=turn)
        if ends and paid.subscription_id:
            await enqueue(session, EndSubscription(organisation, paid.subscription_id, "refunded"))
        return _reserved(row)


async def _locked(session: AsyncSession, payment: UUID) -> Payment:
    found = await session.get(Payment, payment)
    if found is None:
        raise PaymentUnknown(_("There is no such payment."))
    await lock(session, found.organisation_id, found.product)
    return await session.get_one(Payment, payment, populate_existing=True, with_for_update=True)


async def _allowed(session: AsyncSession, paid: Payment, money: Money | None) -> Money:
    if paid.state != PaymentState.PAID or paid.ref is None:
        raise NothingToRefund(_("This payment was never paid."))
    disputed = select(Dispute.id).where(
        Dispute.payment_id == paid.id, Dispute.state.in_((DisputeState.OPEN, DisputeState.LOST))
    )
    if await session.scalar(disputed.limit(1)):
        raise NothingToRefund(_("The customer's bank is taking this payment back itself: a refund would be a second."))
    left = Money(paid.amount - paid.refunded, paid.currency)
    if not left:
        raise NothingToRefund(_("All of this payment has been refunded."))
    wanted = money or left
    if wanted.currency != left.currency or wanted.minor_units <= 0:
        raise Invalid(_("A refund is a sum above zero in the currency of its payment."), fields={"amount": "currency"})
    if wanted > left:
        message = _("Only %(left)s of this payment is left to refund.", left=format_money(left))
        raise RefundTooLarge(message)
    return wanted


async def send_refund(organisation: UUID, refund: UUID) -> None:
    """Raises ProviderUnreachable when the outcome is unknown: run again. The refund's own id is the key."""
    errand = await _errand(organisation, refund)
    if errand is None:
        return
    if errand.waits:
        raise TryLater(after=LOOKS_AGAIN)
    source = provider(errand.provider)
    if not errand.is_made:
        try:
            seen = await source.refund(
                errand.payment, errand.money, key=str(refund), reason=errand.because, email=errand.email
            )
        except ProviderRefused as error:
            await _release(organisation, refund, str(error))
            return
        await _note(organisation, refund, seen)
    await refresh(errand.provider, Subject("payment", errand.payment), cause="refund")


async def queue_undecided(session: AsyncSession) -> int:
    """Ask again about each refund under way, whose webhook or job may be lost. Wants the system's scope."""
    moment = now()
    query = select(Refund).where(
        Refund.state == RefundState.PENDING,
        Refund.key.is_not(None),
        Refund.created_at < moment - LOOKS_AGAIN,
        Refund.created_at > moment - ASKED_FOR,
    )
    found = (await session.scalars(query.order_by(Refund.id))).all()
    for row in found:
        send = SendRefund(row.organisation_id, row.id)
        turn = f"billing:refund:{row.payment_id}"
        await enqueue(session, send, unless_queued=f"billing:refund:{row.id}", one_at_a_time=turn)
    return len(found)


@dataclass(frozen=True)
class _Errand:
    provider: str
    payment: str
    money: Money
    because: str
    email: str
    is_made: bool
    # Another refund of the same payment is still looked at: a provider takes one at a time.
    waits: bool


async def _errand(organisation: UUID, refund: UUID) -> _Errand | None:
    async with transaction(organisation=organisation) as session:
        row = await session.get(Refund, refund)
        if row is None or row.state != RefundState.PENDING:
            return None
        paid = await session.get_one(Payment, row.payment_id)
        others = select(Refund.id).where(
            Refund.payment_id == paid.id,
            Refund.id != row.id,
            Refund.state == RefundState.PENDING,
            Refund.ref.is_not(None),
        )
        return _Errand(
            provider=row.provider,
            payment=paid.ref or "",
            money=Money(row.amount, row.currency),
            because=row.reason,
            email=await _address(session, paid),
            is_made=row.ref is not None,
            waits=row.ref is None and await session.scalar(others.limit(1)) is not None,
        )


async def _address(session: AsyncSession, paid: Payment) -> str:
    subscription = await session.get(Subscription, paid.subscription_id) if paid.subscription_id else None
    if subscription:
        return await payer_of(session, subscription)
    intent = await session.get(CheckoutIntent, paid.intent_id) if paid.intent_id else None
    return intent.email if intent else ""


async def _note(organisation: UUID, refund: UUID, seen: pictures.Refund) -> None:
    """A webhook may have been faster, and have taken the answer for that of another refund of the same sum."""
    async with transaction(organisation=organisation) as session:
        row = await session.get_one(Refund, refund)
        await _locked(session, row.payment_id)
        row = await session.get_one(Refund, refund, populate_existing=True)
        query = select(Refund).where(Refund.payment_id == row.payment_id, Refund.ref == seen.ref, Refund.id != refund)
        taken = await session.scalar(query)
        if taken is not None:
            taken.ref, theirs = None, taken.state
            taken.state, row.state = row.state, theirs
            await session.flush()
            # Its own job may have found it done and gone.
            send, turn = SendRefund(organisation, taken.id), f"billing:refund:{taken.payment_id}"
            await enqueue(session, send, unless_queued=f"billing:refund:{taken.id}", one_at_a_time=turn)
        row.ref = seen.ref


async def _release(organisation: UUID, refund: UUID, why: str) -> None:
    """It will not be made: what was kept back for it can be refunded otherwise."""
    async with transaction(organisation=organisation) as session:
        row = await session.get_one(Refund, refund)
        paid = await _locked(session, row.payment_id)
        row = await session.get_one(Refund, refund, populate_existing=True)
        if row.state != RefundState.PENDING:
            return
        row.state = RefundState.FAILED
        paid.refunded -= row.amount
        await record(session, "system", "billing.refund-refused", f"refund:{row.id}", after={"why": why})
    log(__name__).warning("a refund was refused", refund=str(refund), why=why)


def _reserved(row: Refund) -> Reserved:
    return Reserved(row.id, RefundState(row.state), Money(row.amount, row.currency))
