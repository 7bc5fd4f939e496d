"""Mails about what has happened to money and access, once each, to the owners of the organisation."""

from datetime import date, datetime
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncSession

from verf.billing import notices
from verf.billing.models import Dispute, Payment, PlanVersion, Price, Refund, Subscription, SubscriptionEvent
from verf.billing.states import SubscriptionState
from verf.kit import Money
from verf.manifest import Notice
from verf.notifications import notify
from verf.organisations import owners_of
from verf.settings import House, load

# Ends that need no mail of their own: the paid subscription that follows has said it all.
SILENT_ENDS = ("converted",)
UNPAID = (SubscriptionState.PAST_DUE, SubscriptionState.SUSPENDED)


async def tell_owners(session: AsyncSession, organisation: UUID, notice: Notice, data: object, *, key: str) -> None:
    # Sorted, so that two mails to one organisation lock its owners in the same order.
    for person in sorted(await owners_of(session, organisation)):
        await notify(session, person, notice, data, key=key)


async def tell_of_payment(session: AsyncSession, payment: Payment) -> None:
    """The receipt. What cost nothing needs none."""
    if not payment.amount:
        return
    row = await _subscription_of(session, payment)
    zone = zone_of(row)
    receipt = notices.PaymentReceipt(
        plan=await plan_paid(session, payment),
        money=Money(payment.amount, payment.currency),
        paid_on=day(payment.occurred_at, zone),
        paid_until=day(payment.period_end, zone) if payment.period_end else None,
        method=payment.method_title,
        number=payment.number,
        link=payment.invoice_url or payment.receipt_url,
        url=billing_url(),
    )
    await tell_owners(session, payment.organisation_id, notices.PAYMENT_RECEIPT, receipt, key=str(payment.id))


async def tell_of_refund(session: AsyncSession, refund: Refund) -> None:
    payment = await session.get_one(Payment, refund.payment_id)
    made = notices.RefundMade(
        plan=await plan_paid(session, payment),
        money=Money(refund.amount, refund.currency),
        of=Money(payment.amount, payment.currency),
        url=billing_url(),
    )
    await tell_owners(session, refund.organisation_id, notices.REFUND_MADE, made, key=str(refund.id))


async def tell_of_dispute(session: AsyncSession, dispute: Dispute) -> None:
    payment = await session.get_one(Payment, dispute.payment_id)
    opened = notices.DisputeOpened(
        plan=await plan_paid(session, payment), money=Money(dispute.amount, dispute.currency), url=billing_url()
    )
    await tell_owners(session, dispute.organisation_id, notices.DISPUTE_OPENED, opened, key=str(dispute.id))


async def tell_of_change(session: AsyncSession, row: Subscription, entry: SubscriptionEvent) -> None:
    """What one line of the subscription's log means to its owners; mostly one mail, often none."""
    if row.duplicate_of is not None:
        return
    plan = await plan_of(session, row)
    for notice, data in await _news(session, row, entry, plan):
        await tell_owners(session, row.organisation_id, notice, data, key=str(entry.id))


async def _news(
    session: AsyncSession, row: Subscription, entry: SubscriptionEvent, plan: str
) -> list[tuple[Notice, object]]:
    if entry.to_state == SubscriptionState.ENDED:
        return _the_end(row, entry, plan)
    if entry.to_state == SubscriptionState.TRIALING and not entry.from_state:
        return _trial(row, plan)
    if not entry.from_state:
        return []
    found = [each for each in (_pausing(row, entry, plan), _cancelling(row, entry, plan)) if each is not None]
    return [*found, *await _plan_news(session, row, entry)]


def _the_end(row: Subscription, entry: SubscriptionEvent, plan: str) -> list[tuple[Notice, object]]:
    because = row.ended_because
    if entry.from_state == SubscriptionState.ENDED or because in SILENT_ENDS:
        return []
    if because == "trial ended" or entry.from_state == SubscriptionState.TRIALING:
        return [(notices.TRIAL_ENDED, notices.TrialEnded(plan=plan, url=pricing_url()))]
    if because not in ("unpaid", "cancelled", "expired"):
        # The provider has ended it, and does not say why; we know what went before.
        because = "unpaid" if entry.from_state in UNPAID else "cancelled" if row.cancel_at else because
    return [(notices.SUBSCRIPTION_ENDED, notices.SubscriptionEnded(plan=plan, because=because, url=pricing_url()))]


def _trial(row: Subscription, plan: str) -> list[tuple[Notice, object]]:
    if row.trial_end is None:
        return []
    days = round((row.trial_end - (row.period_start or row.created_at)).total_seconds() / 86_400)
    started = notices.TrialStarted(
        plan=plan, days=max(days, 1), ends=day(row.trial_end, zone_of(row)), url=billing_url()
    )
    return [(notices.TRIAL_STARTED, started)]


def _cancelling(row: Subscription, entry: SubscriptionEvent, plan: str) -> tuple[Notice, object] | None:
    before, after = entry.changes.get("cancel_at", (None, None))
    if after is not None and before is None:
        ends = day(datetime.fromisoformat(after), zone_of(row))
        return notices.CANCELLATION_CONFIRMED, notices.CancellationConfirmed(plan=plan, ends=ends, url=billing_url())
    if (before is not None and after is None) or _is_unpaused(entry) or entry.cause == "resumed":
        next_on = day(row.period_end, zone_of(row)) if row.period_end else None
        return notices.SUBSCRIPTION_RESUMED, notices.SubscriptionResumed(plan=plan, next_on=next_on, url=billing_url())
    return None


def _pausing(row: Subscription, entry: SubscriptionEvent, plan: str) -> tuple[Notice, object] | None:
    before, after = entry.changes.get("paused_at", (None, None))
    if after is None or before is not None or entry.from_state in UNPAID:
        return None
    is_open = row.paid_until is not None and row.paid_until > entry.at
    open_until = day(row.paid_until, zone_of(row)) if is_open and row.paid_until else None
    paused = notices.SubscriptionPaused(plan=plan, open_until=open_until, url=billing_url())
    return notices.SUBSCRIPTION_PAUSED, paused


def _is_unpaused(entry: SubscriptionEvent) -> bool:
    before, after = entry.changes.get("paused_at", (None, None))
    return before is not None and after is None


async def _plan_news(session: AsyncSession, row: Subscription, entry: SubscriptionEvent) -> list[tuple[Notice, object]]:
    before, after = entry.changes.get("price_id", (None, None))
    starts = None
    if not (before and after):
        _nothing, after = entry.changes.get("pending_price_id", (None, None))
        before, starts = str(row.price_id) if row.price_id else None, row.period_end
    if not (before and after) or before == after:
        return []
    changed = notices.PlanChanged(
        old=await _plan_at(session, before),
        new=await _plan_at(session, after),
        interval=(await session.get_one(Price, UUID(after))).interval,
        starts=day(starts, zone_of(row)) if starts else None,
        url=billing_url(),
    )
    return [(notices.PLAN_CHANGED, changed)]


async def plan_of(session: AsyncSession, row: Subscription) -> str:
    return (await session.get_one(PlanVersion, row.plan_version_id)).title


async def plan_paid(session: AsyncSession, payment: Payment) -> str:
    return await _plan_at(session, payment.price_id) if payment.price_id else payment.product


async def _plan_at(session: AsyncSession, price: Any) -> str:
    row = await session.get_one(Price, UUID(str(price)))
    return (await session.get_one(PlanVersion, row.plan_version_id)).title


async def _subscription_of(session: AsyncSession, payment: Payment) -> Subscription | None:
    return await session.get(Subscription, payment.subscription_id) if payment.subscription_id else None


def zone_of(row: Subscription | None) -> ZoneInfo:
    return ZoneInfo(row.zone if row and row.zone else "UTC")


def day(moment: datetime, zone: ZoneInfo) -> date:
    return moment.astimezone(zone).date()


def billing_url() -> str:
    return f"{load(House).url}/billing"


def pricing_url() -> str:
    return f"{load(House).url}/pricing"
