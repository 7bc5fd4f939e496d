"""Payments, refunds and disputes as a provider shows them, into rows, ledger and access; each step once."""

from datetime import datetime, timedelta

from sqlalchemy import func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from verf.billing import grants, ledger
from verf.billing.facts import DisputeChanged, PaymentFailed, PaymentRecorded, RefundRecorded
from verf.billing.findings import report
from verf.billing.models import Dispute, Payment, PlanVersion, Price, Refund, Subscription
from verf.billing.on_account import draw
from verf.billing.paid_periods import keep_period
from verf.billing.providers import pictures
from verf.billing.states import DisputeState, PaymentKind, PaymentState, RefundState
from verf.billing.tills import Till
from verf.jobs import announce

GRACE_DAYS = 3
FINAL = {PaymentState.PAID}


async def record_payment(till: Till, seen: pictures.Payment, subscription: Subscription | None) -> Payment:
    """The row of this payment, brought up to what the provider says. `paid` is written at the moment it first is."""
    payment = await _row(till, seen, subscription)
    before = payment.state
    _describe(payment, seen)
    if before not in FINAL:
        payment.state = seen.state
    if subscription and payment.subscription_id is None:
        payment.subscription_id = subscription.id
    await till.session.flush()
    intent = till.owner.intent
    if payment.state == PaymentState.PAID != before and intent is not None and payment.intent_id == intent.id:
        await draw(till.session, intent, payment)
    if payment.state != before:
        await _tell(till, payment)
    if payment.state == PaymentState.PAID:
        if ("charge", payment.ref) not in till.posted:
            await ledger.post(till.session, payment, ledger.charge(payment))
        if payment.fee and ("fee", payment.ref) not in till.posted:
            await ledger.post(till.session, payment, ledger.fee(payment))
    return payment


async def grant_for(session: AsyncSession, payment: Payment, subscription: Subscription | None) -> None:
    """Access for what was paid, for the time it was paid for. Asked again, nothing more is given."""
    if payment.state != PaymentState.PAID or payment.price_id is None or payment.period_end is None:
        return
    price = await session.get_one(Price, payment.price_id)
    plan = await session.get_one(PlanVersion, price.plan_version_id)
    starts_at = payment.period_start or payment.occurred_at
    if payment.kind == PaymentKind.INITIAL:
        starts_at = min(starts_at, payment.occurred_at)
    given = await grants.give(
        session,
        payment.organisation_id,
        payment.product,
        source="payment",
        source_ref=str(payment.id),
        plan_version=plan.id,
        starts_at=starts_at,
        ends_at=payment.period_end,
        grace_until=payment.period_end + timedelta(days=int(plan.terms.get("grace_days", GRACE_DAYS))),
        subscription=subscription.id if subscription else None,
    )
    if given and subscription is not None:
        await keep_period(session, payment, subscription)


async def paid_until(session: AsyncSession, subscription: Subscription) -> datetime | None:
    """The end of the time that has been paid for and not paid back."""
    query = select(func.max(Payment.period_end)).where(
        Payment.subscription_id == subscription.id,
        Payment.state == PaymentState.PAID,
        Payment.turned_into.is_(None),
        # What a credit has paid for was paid with nothing.
        or_(Payment.refunded < Payment.amount, Payment.amount == 0),
    )
    return await session.scalar(query)


async def _row(till: Till, seen: pictures.Payment, subscription: Subscription | None) -> Payment:
    provider, account, is_live = till.account
    found = till.payments.get(seen.ref)
    attempt = till.owner.attempt
    if found is None and attempt is not None and seen.order == attempt.id and attempt.ref is None:
        if (seen.money.minor_units, seen.money.currency) == (attempt.amount, attempt.currency):
            attempt.ref = seen.ref
            return attempt
        await _differs_from_attempt(till, seen, attempt)
    if found is not None:
        return found
    intent = till.owner.intent if till.owner.intent and seen.order == till.owner.intent.id else None
    payment = Payment(
        organisation_id=till.owner.organisation,
        product=till.owner.product,
        subscription_id=subscription.id if subscription else None,
        intent_id=intent.id if intent else None,
        provider=provider,
        account=account,
        is_live=is_live,
        ref=seen.ref,
        kind=seen.kind or (PaymentKind.INITIAL if intent else PaymentKind.RENEWAL),
        state=PaymentState.PENDING,
        currency=seen.money.currency,
        amount=seen.money.minor_units,
        refunded=0,
        credit=0,
        put_in=0,
        credited=0,
        price_id=till.price_of(seen.price) or (intent.price_id if intent and not seen.price else None),
        period_start=seen.period_start,
        period_end=seen.period_end,
        occurred_at=seen.occurred_at,
    )
    till.session.add(payment)
    return payment


async def _differs_from_attempt(till: Till, seen: pictures.Payment, attempt: Payment) -> None:
    await report(
        till.session,
        till.account,
        "amount_differs",
        f"payment:{seen.ref}",
        organisation=attempt.organisation_id,
        ours={"amount": attempt.amount, "currency": attempt.currency},
        theirs={"amount": seen.money.minor_units, "currency": seen.money.currency},
        proposal="It names a charge of ours of another sum. Nothing was given for it: refund it, or grant by hand.",
    )


def _describe(payment: Payment, seen: pictures.Payment) -> None:
    """What may still become known of a payment; its sum, once paid, is what was paid."""
    if payment.state not in FINAL:
        payment.occurred_at = seen.occurred_at
        payment.amount, payment.currency = seen.money.minor_units, seen.money.currency
        payment.tax = seen.tax.minor_units if seen.tax else 0
        payment.fee = seen.fee.minor_units if seen.fee and seen.fee.currency == seen.money.currency else 0
        payment.period_start = seen.period_start or payment.period_start
        payment.period_end = seen.period_end or payment.period_end
        payment.failure_code = seen.failure.code if seen.failure else ""
        payment.failure_is_hard = bool(seen.failure and seen.failure.is_hard)
    payment.method_title = seen.method.title if seen.method else payment.method_title or ""
    payment.number = seen.number or payment.number or ""
    payment.invoice_url = seen.invoice_url or payment.invoice_url or ""
    payment.receipt_url = seen.receipt_url or payment.receipt_url or ""


async def _tell(till: Till, payment: Payment) -> None:
    if payment.state == PaymentState.PAID:
        await announce(till.session, PaymentRecorded(payment.organisation_id, payment.id))
    if payment.state == PaymentState.FAILED:
        await announce(till.session, PaymentFailed(payment.organisation_id, payment.id))


async def record_what_went_back(till: Till, payment: Payment, seen: pictures.Payment) -> None:
    """After access was given, since the first news of a payment may be that it was refunded long ago."""
    if payment.state != PaymentState.PAID:
        return
    for refund in sorted(seen.refunds, key=lambda each: (each.occurred_at, each.ref)):
        await _record_refund(till, payment, refund)
    for dispute in seen.disputes:
        await record_dispute(till.session, payment, dispute)


async def _record_refund(till: Till, payment: Payment, seen: pictures.Refund) -> None:
    refund, is_new = await _refund_row(till, payment, seen)
    before = RefundState.FAILED if is_new else refund.state
    if before in (seen.state, RefundState.DONE):
        return
    counted = before in (RefundState.PENDING, RefundState.DONE)
    counts = seen.state in (RefundState.PENDING, RefundState.DONE)
    change = (counts - counted) * refund.amount
    if payment.refunded + change > payment.amount:
        await report(
            till.session,
            till.account,
            "refund_exceeds_payment",
            f"payment:{payment.ref}",
            organisation=payment.organisation_id,
            ours={"refunded": payment.refunded, "amount": payment.amount},
            theirs={"refund": seen.ref, "amount": seen.money.minor_units},
        )
        change = payment.amount - payment.refunded
    payment.refunded += change
    refund.state = seen.state
    await till.session.flush()
    if seen.state == RefundState.DONE:
        await _pay_back(till, payment, refund, seen)


async def _refund_row(till: Till, payment: Payment, seen: pictures.Refund) -> tuple[Refund, bool]:
    """By the provider's id; else the one staff has asked for and whose answer we have not stored yet; else new."""
    provider, account, is_live = till.account
    ours = select(Refund).where(Refund.payment_id == payment.id).with_for_update()
    known = list(await till.session.scalars(ours.order_by(Refund.created_at)))
    for refund in known:
        if refund.ref == seen.ref:
            return refund, False
    for refund in known:
        if refund.ref is None and refund.amount == seen.money.minor_units and refund.state == RefundState.PENDING:
            refund.ref = seen.ref
            return refund, False
    refund = Refund(
        organisation_id=payment.organisation_id,
        payment_id=payment.id,
        provider=provider,
        account=account,
        is_live=is_live,
        ref=seen.ref,
        state=seen.state,
        currency=seen.money.currency,
        amount=seen.money.minor_units,
        reason=seen.reason,
        occurred_at=seen.occurred_at,
    )
    till.session.add(refund)
    return refund, True


async def _pay_back(till: Till, payment: Payment, refund: Refund, seen: pictures.Refund) -> None:
    done = select(func.coalesce(func.sum(Refund.amount), 0)).where(
        Refund.payment_id == payment.id, Refund.state == RefundState.DONE
    )
    total = int(await till.session.scalar(done) or 0)
    movement = ledger.refund(payment, seen.ref, refund.amount, before=total - refund.amount, at=seen.occurred_at)
    if await ledger.post(till.session, payment, movement):
        await announce(till.session, RefundRecorded(payment.organisation_id, refund.id))
    if total >= payment.amount:
        await grants.revoke(
            till.session,
            payment.organisation_id,
            source="payment",
            source_ref=str(payment.id),
            because="refunded",
        )


async def record_dispute(session: AsyncSession, payment: Payment, seen: pictures.Dispute) -> Dispute:
    """Its row, its ledger and what it does to the grant of its payment; each state once."""
    query = select(Dispute).where(
        Dispute.provider == payment.provider,
        Dispute.account == payment.account,
        Dispute.is_live == payment.is_live,
        Dispute.ref == seen.ref,
    )
    dispute = await session.scalar(query)
    before = dispute.state if dispute else None
    if dispute is not None and before == seen.state:
        return dispute
    if dispute is None:
        dispute = Dispute(
            organisation_id=payment.organisation_id,
            payment_id=payment.id,
            provider=payment.provider,
            account=payment.account,
            is_live=payment.is_live,
            ref=seen.ref,
            state=seen.state,
            currency=seen.money.currency,
            amount=seen.money.minor_units,
            reason=seen.reason,
            occurred_at=seen.occurred_at,
        )
        session.add(dispute)
    dispute.state = seen.state
    await session.flush()
    await _book_dispute(session, payment, dispute, was_lost=before == DisputeState.LOST)
    await announce(session, DisputeChanged(payment.organisation_id, dispute.id, seen.state))
    return dispute


async def _book_dispute(session: AsyncSession, payment: Payment, dispute: Dispute, *, was_lost: bool) -> None:
    """A dispute seen only when it was over has been opened all the same; what was lost may yet come back."""
    if was_lost:
        steps = ["reversed"]
    else:
        steps = ["opened"] if dispute.state == DisputeState.OPEN else ["opened", dispute.state]
    ref = dispute.ref
    for step in steps:
        movement = ledger.dispute(payment, ref, step, dispute.amount, at=dispute.occurred_at)
        await ledger.post(session, payment, movement)
    given = {"source": "payment", "source_ref": str(payment.id)}
    if dispute.state == DisputeState.LOST:
        await grants.revoke(session, payment.organisation_id, **given, because="dispute lost")
    elif was_lost:
        await grants.restore(session, payment.organisation_id, **given, because="dispute lost")
