"""From a picture to the truth in our tables: the only road by which a provider changes anything here."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from verf.billing.disputes import hold_or_release
from verf.billing.earning import earn
from verf.billing.facts import CheckoutClosed
from verf.billing.findings import report
from verf.billing.mirroring import keep_customer, keep_method, log_changes, mirror, photograph, settle_access
from verf.billing.models import CheckoutIntent, Subscription
from verf.billing.owners import owner_of
from verf.billing.providers.pictures import Picture
from verf.billing.states import CheckoutState, Engine, PaymentState, SubscriptionState
from verf.billing.takings import grant_for, record_payment, record_what_went_back
from verf.billing.tills import Till, open_till
from verf.jobs import announce
from verf.kit import now

STARTED = (SubscriptionState.TRIALING, SubscriptionState.ACTIVE)


@dataclass(frozen=True)
class Applied:
    """Whom it concerned; `is_stale` when a newer picture had been applied before."""

    organisation: UUID | None
    is_stale: bool = False


async def apply(session: AsyncSession, picture: Picture, *, cause: str, cause_ref: str = "") -> Applied:
    """Write down what the picture says; applied again, it changes nothing. Wants the system's scope."""
    owner = await owner_of(session, picture)
    if owner is None:
        await _nobodys(session, picture)
        return Applied(None)
    before = photograph(owner.subscription)
    taken = owner.subscription.snapshot_at if owner.subscription else None
    if taken is not None and taken > picture.taken_at:
        # A picture is whole: the newer one has told all that this one knows, and what has changed since.
        return Applied(owner.organisation, is_stale=True)
    till = await open_till(session, picture, owner)
    await keep_customer(till)
    row = await mirror(till)
    row = await _record_payments(till, row)
    await _close_intent(till, row)
    if row is not None:
        if row.access_hold or any(payment.disputes for payment in picture.payments):
            await hold_or_release(session, row)
        await settle_access(session, row)
        await log_changes(session, row, before, cause=cause, cause_ref=cause_ref)
    return Applied(owner.organisation)


async def _record_payments(till: Till, row: Subscription | None) -> Subscription | None:
    """Oldest first, so that each finds what the one before it has opened."""
    for seen in sorted(till.picture.payments, key=lambda each: (each.occurred_at, each.ref)):
        payment = await record_payment(till, seen, row)
        if till.picture.subscription is None:
            row = await earn(till, payment, seen, row)
        if seen.method and seen.method.can_charge_again and row is not None and row.engine == Engine.OWN:
            row.method_id = await keep_method(till, seen.method)
        if str(payment.id) not in till.granted:
            await grant_for(till.session, payment, row)
        await record_what_went_back(till, payment, seen)
    return row


async def _close_intent(till: Till, row: Subscription | None) -> None:
    intent = till.owner.intent
    if intent is None or intent.state == CheckoutState.COMPLETED:
        return
    seen = till.picture.checkout
    if _is_done(till, intent, row):
        await close_intent(till.session, intent, CheckoutState.COMPLETED)
    elif seen and seen.state in (CheckoutState.EXPIRED, CheckoutState.FAILED) and intent.state == CheckoutState.OPEN:
        failures = [payment.failure.code for payment in till.picture.payments if payment.failure]
        intent.failure = failures[-1] if failures else ""
        await close_intent(till.session, intent, seen.state)


def _is_done(till: Till, intent: CheckoutIntent, row: Subscription | None) -> bool:
    paid = any(payment.state == PaymentState.PAID and payment.order == intent.id for payment in till.picture.payments)
    return paid or (row is not None and row.intent_id == intent.id and row.state in STARTED)


async def close_intent(session: AsyncSession, intent: CheckoutIntent, state: CheckoutState) -> None:
    intent.state, intent.closed_at, intent.next_check_at = state, now(), None
    await session.flush()
    await announce(session, CheckoutClosed(intent.organisation_id, intent.id, state))


async def _nobodys(session: AsyncSession, picture: Picture) -> None:
    """Money for nobody we know of is worth a look; an unpaid try of a stranger is not."""
    account = (picture.provider, picture.account, picture.is_live)
    for payment in picture.payments:
        if payment.state == PaymentState.PAID:
            theirs = {
                "amount": payment.money.minor_units,
                "currency": payment.money.currency,
                "order": str(payment.order),
            }
            await report(
                session,
                account,
                "unknown_payment",
                f"payment:{payment.ref}",
                theirs=theirs,
                proposal="Nobody of ours has set out to pay this. Look at the provider; refund what is a mistake.",
            )
