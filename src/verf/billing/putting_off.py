"""Days that were given come before the next charge: who pays by the month and is given a week pays a week later.

A provider that keeps the calendar is told within the last day of the paid period, and not before: until then a change
of plan is counted on what was paid, and days taken back again leave no trace. Our own engine waits by itself.
"""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import and_, exists, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from verf.billing.gifts import GIVEN, given_until
from verf.billing.keeping import or_keep
from verf.billing.messages import PutOff
from verf.billing.mirroring import HOUSE, log_changes, photograph
from verf.billing.models import Grant, Subscription
from verf.billing.providers.events import ProviderRefused
from verf.billing.providers.registry import provider
from verf.billing.renewals import locked, wait_until
from verf.billing.states import Engine, SubscriptionState
from verf.billing.steering import MARK_LASTS, Wheel, steer, take
from verf.database import transaction
from verf.jobs import enqueue
from verf.kit import now
from verf.telemetry import log

SOON = timedelta(hours=24)
# Paddle takes no change in the last half hour before a renewal.
LOCKED = timedelta(minutes=45)
MINUTE = timedelta(minutes=1)


async def queue_put_offs(session: AsyncSession) -> int:
    """A job for each whose paid time is nearly over and who was given more, and for each that waits. System's scope."""
    moment = now()
    is_given = exists().where(
        Grant.organisation_id == Subscription.organisation_id,
        Grant.product == Subscription.product,
        Grant.source.in_(GIVEN),
        Grant.plan_version_id.is_not(None),
        Grant.revoked_at.is_(None),
        Grant.ends_at > Subscription.period_end,
    )
    is_near = Subscription.period_end.between(moment + LOCKED, moment + SOON)
    query = select(Subscription.organisation_id, Subscription.id).where(
        Subscription.state == SubscriptionState.ACTIVE,
        Subscription.provider != HOUSE,
        or_(
            and_(Subscription.engine == Engine.MIRROR, is_near, is_given),
            Subscription.put_off_until > moment,
        ),
    )
    rows = (await session.execute(query)).all()
    for organisation, subscription in rows:
        await enqueue(session, PutOff(organisation, subscription), unless_queued=f"billing:put-off:{subscription}")
    return len(rows)


async def put_off(organisation: UUID, subscription: UUID) -> None:
    """Move the next charge to where the given days end, or back when they were taken. Done twice, it is done once."""
    async with transaction(organisation=organisation) as session:
        row = await locked(session, subscription)
        until = await _wanted(session, row) if row is not None else None
        if row is None or until is None:
            return
        if row.engine == Engine.OWN:
            before = photograph(row)
            wait_until(row, until)
            await log_changes(session, row, before, cause="given days were taken back")
            return
        row.put_off_until = until
        wheel = await take(session, row, keeping=True)
    await _tell(wheel, until)


async def _tell(wheel: Wheel, until: datetime) -> None:
    key = f"put-off:{wheel.subscription}:{int(until.timestamp())}"
    try:
        await or_keep(wheel, steer(wheel, lambda to: to.put_off(wheel.ref, until=until, key=key), cause="given days"))
    except ProviderRefused as error:
        # The charge comes as it would have, and the given days after what it pays for.
        log(__name__).warning("a charge was not put off", provider=wheel.provider, why=str(error))


async def _wanted(session: AsyncSession, row: Subscription) -> datetime | None:
    """When the next charge should be, where that is not when it will be."""
    moment = now()
    if not _may_be_moved(row, moment) or row.period_end is None or row.paid_until is None:
        return None
    given = _whole(await given_until(session, row, row.paid_until))
    if _waits(row):
        soonest = _whole(moment + (LOCKED if row.engine == Engine.MIRROR else timedelta()))
        if given < row.period_end - MINUTE and max(given, soonest) < row.period_end:
            return max(given, soonest)
    elif row.engine == Engine.OWN or abs(row.paid_until - row.period_end) > MINUTE:
        # Not put off, and not what was paid for: a renewal is under way.
        return None
    is_near = LOCKED <= row.period_end - moment <= SOON
    return given if row.engine == Engine.MIRROR and is_near and given > row.period_end + MINUTE else None


def _may_be_moved(row: Subscription, moment: datetime) -> bool:
    is_steered = row.changing_since is not None and row.changing_since > moment - MARK_LASTS
    if row.state != SubscriptionState.ACTIVE or row.duplicate_of or row.access_hold or is_steered:
        return False
    if row.cancel_at or row.leaving or row.paused_at or row.kept_price_id:
        return False
    return row.engine == Engine.OWN or provider(row.provider).abilities.can_put_off


def _waits(row: Subscription) -> bool:
    """The period that runs is what we made of it for given days."""
    return row.put_off_until is not None and row.period_end is not None and row.put_off_until == _whole(row.period_end)


def _whole(moment: datetime) -> datetime:
    """Providers count in seconds."""
    return moment.replace(microsecond=0)
