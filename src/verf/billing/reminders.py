"""What owners hear before it happens, or while they owe: by the calendar, once per occasion, only what is still true.

A reminder whose day has passed unsent is not made up for: the next one tells how things stand.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from uuid import UUID

from sqlalchemy import ColumnElement, and_, exists, func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from verf.billing import notices
from verf.billing.discounts import price_from
from verf.billing.dunning import Arrears, mail_at, next_try_at
from verf.billing.messages import Remind
from verf.billing.models import Payment, PaymentMethod, PlanVersion, Price, Subscription
from verf.billing.renewals import arrears_of, locked, tries_of
from verf.billing.states import Engine, PaymentState, SubscriptionState
from verf.billing.telling import billing_url, day, plan_of, pricing_url, tell_owners, zone_of
from verf.jobs import enqueue
from verf.kit import Money, now

TRIAL_DAYS = (3,)
PREPAID_DAYS = (7, 3, 1)
CARD_DAYS = 10
OWING = (SubscriptionState.PAST_DUE, SubscriptionState.SUSPENDED)


@dataclass(frozen=True)
class Countdown:
    """`step` is the day of the plan that has come, `days` how many are really left."""

    step: int
    days: int


@dataclass(frozen=True)
class Owed:
    money: Money | None
    method: str = ""


def countdown(ends_at: datetime | None, moment: datetime, steps: Sequence[int]) -> Countdown | None:
    """The last step that has been reached before the end; None before the first, and after the end."""
    if ends_at is None or ends_at <= moment:
        return None
    left = ends_at - moment
    reached = [step for step in steps if left <= timedelta(days=step)]
    return Countdown(min(reached), max(1, ceil(left / timedelta(days=1)))) if reached else None


def expires_before(expires: str, charged_at: datetime) -> bool:
    """`expires` is the last month in which the card is good: "2030-11"."""
    return bool(expires) and expires < f"{charged_at:%Y-%m}"


async def queue_reminders(session: AsyncSession) -> int:
    """A job for each subscription that may have something coming. Wants the system's scope."""
    moment = now()
    soon = moment + timedelta(days=max(CARD_DAYS, *PREPAID_DAYS))
    coming = and_(
        Subscription.state == SubscriptionState.ACTIVE,
        Subscription.cancel_at.is_(None),
        Subscription.period_end > moment,
        Subscription.period_end <= soon,
        or_(_is_prepaid(), _has_old_card()),
    )
    trial = and_(
        Subscription.state == SubscriptionState.TRIALING,
        Subscription.trial_end > moment,
        Subscription.trial_end <= moment + timedelta(days=max(TRIAL_DAYS)),
    )
    wanted = select(Subscription.organisation_id, Subscription.id).where(
        Subscription.duplicate_of.is_(None), or_(coming, trial, Subscription.state.in_(OWING))
    )
    rows = (await session.execute(wanted.order_by(Subscription.id))).all()
    for organisation, subscription in rows:
        await enqueue(session, Remind(organisation, subscription), unless_queued=f"billing:remind:{subscription}")
    return len(rows)


def _is_prepaid() -> ColumnElement[bool]:
    return and_(Subscription.engine == Engine.OWN, Subscription.method_id.is_(None))


def _has_old_card() -> ColumnElement[bool]:
    """A card whose month comes before that of the next charge, and a day more for the months of other zones."""
    next_charge = func.to_char(Subscription.period_end + timedelta(days=1), "YYYY-MM")
    return exists().where(
        PaymentMethod.id == Subscription.method_id, PaymentMethod.expires != "", PaymentMethod.expires < next_charge
    )


async def remind(session: AsyncSession, subscription: UUID) -> None:
    row = await locked(session, subscription)
    if row is None or row.duplicate_of is not None:
        return
    moment = now()
    if row.state == SubscriptionState.TRIALING:
        await _of_trial(session, row, moment)
    elif row.state in OWING:
        await remind_of_debt(session, row, moment)
    elif row.state == SubscriptionState.ACTIVE and row.cancel_at is None and not row.paused_at:
        await _of_prepaid(session, row, moment)
        await _of_card(session, row, moment)


async def remind_of_debt(session: AsyncSession, row: Subscription, moment: datetime) -> None:
    """The mail of the day of dunning it is; and once, that access has stopped."""
    if row.past_due_since is None:
        return
    tries = await tries_of(session, row) if row.engine == Engine.OWN else []
    arrears = await arrears_of(session, row, tries, moment)
    owed = await _owed(session, row)
    if moment >= arrears.suspends_at:
        suspended = notices.AccessSuspended(
            plan=await plan_of(session, row),
            money=owed.money,
            ends_on=day(arrears.ends_at, zone_of(row)),
            url=billing_url(),
        )
        await tell_owners(
            session, row.organisation_id, notices.ACCESS_SUSPENDED, suspended, key=_key(row, arrears.since, "suspended")
        )
    number = mail_at(arrears, moment)
    if number is None or owed.money is None:
        return
    failed = await _payment_failed(session, row, arrears, owed, moment)
    key = _key(row, arrears.since, f"day {number}")
    await tell_owners(session, row.organisation_id, notices.PAYMENT_FAILED, failed, key=key)


async def _payment_failed(
    session: AsyncSession, row: Subscription, arrears: Arrears, owed: Owed, moment: datetime
) -> notices.PaymentFailed:
    # Of a mirror, only its provider knows when it tries again.
    retry = next_try_at(arrears, moment) if row.engine == Engine.OWN else None
    zone = zone_of(row)
    return notices.PaymentFailed(
        plan=await plan_of(session, row),
        money=owed.money or Money(0, row.currency),
        method=owed.method,
        is_hard=arrears.is_hard,
        retries_on=day(retry, zone) if retry else None,
        suspends_on=day(arrears.suspends_at, zone) if moment < arrears.suspends_at else None,
        ends_on=day(arrears.ends_at, zone),
        url=billing_url(),
    )


async def _owed(session: AsyncSession, row: Subscription) -> Owed:
    """What the newest failed payment asked for, and from what."""
    query = select(Payment).where(Payment.subscription_id == row.id, Payment.state == PaymentState.FAILED)
    failed = await session.scalar(query.order_by(Payment.occurred_at.desc(), Payment.id.desc()).limit(1))
    if failed is not None:
        return Owed(Money(failed.amount, failed.currency), failed.method_title)
    if row.price_id is None:
        return Owed(None)
    price = await session.get_one(Price, row.price_id)
    return Owed(await price_from(session, row, price, row.period_end))


async def _of_trial(session: AsyncSession, row: Subscription, moment: datetime) -> None:
    left = countdown(row.trial_end, moment, TRIAL_DAYS)
    if left is None or row.trial_end is None or row.cancel_at:
        return
    price = await session.get(Price, row.price_id) if row.price_id else None
    soon = notices.TrialEndsSoon(
        plan=await plan_of(session, row),
        days=left.days,
        ends=day(row.trial_end, zone_of(row)),
        price=Money(price.amount * row.quantity, price.currency) if price else None,
        url=billing_url() if price else pricing_url(),
    )
    key = _key(row, row.trial_end, f"{left.step} days")
    await tell_owners(session, row.organisation_id, notices.TRIAL_ENDS_SOON, soon, key=key)


async def _of_prepaid(session: AsyncSession, row: Subscription, moment: datetime) -> None:
    if row.engine != Engine.OWN or row.method_id is not None:
        return
    left = countdown(row.period_end, moment, PREPAID_DAYS)
    if left is None or row.period_end is None:
        return
    ends = notices.PrepaidEnds(
        plan=await plan_of(session, row), days=left.days, ends=day(row.period_end, zone_of(row)), url=billing_url()
    )
    key = _key(row, row.period_end, f"{left.step} days")
    await tell_owners(session, row.organisation_id, notices.PREPAID_ENDS, ends, key=key)


async def _of_card(session: AsyncSession, row: Subscription, moment: datetime) -> None:
    method = await session.get(PaymentMethod, row.method_id) if row.method_id else None
    if method is None or row.period_end is None or not expires_before(method.expires, row.period_end):
        return
    if countdown(row.period_end, moment, (CARD_DAYS,)) is None:
        return
    plan = await session.get_one(PlanVersion, row.plan_version_id)
    expires = notices.CardExpires(
        plan=plan.title, method=method.title, charged_on=day(row.period_end, zone_of(row)), url=billing_url()
    )
    key = _key(row, row.period_end, f"card {method.id}")
    await tell_owners(session, row.organisation_id, notices.CARD_EXPIRES, expires, key=key)


def _key(row: Subscription, occasion: datetime, what: str) -> str:
    return f"{row.id} {occasion:%Y-%m-%dT%H:%M} {what}"
