"""Days that are given, by a promo code or for a friend: on top of what is paid, so that none is lost."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from verf.billing import grants
from verf.billing.catalogue import catalogue
from verf.billing.declarations import products
from verf.billing.mirroring import live_subscription
from verf.billing.models import Grant, PlanVersion, Subscription
from verf.kit import now

GIFTS = ("promo", "referral")
# Days of these come before the next charge.
GIVEN = (*GIFTS, "staff")


async def end_of_access(session: AsyncSession, organisation: UUID, product: str) -> datetime:
    """When everything given and paid so far is over: now, if there is nothing."""
    query = select(func.max(Grant.ends_at)).where(
        Grant.organisation_id == organisation,
        Grant.product == product,
        Grant.plan_version_id.is_not(None),
        Grant.revoked_at.is_(None),
    )
    last = await session.scalar(query)
    return max(last or now(), now())


async def plan_to_give(
    session: AsyncSession, organisation: UUID, product: str, *, preferred: Sequence[str] = ()
) -> UUID:
    """The plan somebody has; else the one the gift is for; else the one trials are of."""
    live = await live_subscription(session, organisation, product)
    if live is not None and not preferred:
        return live.plan_version_id
    known = await catalogue()
    trials = {each.name: each.trial_plan for each in products()}
    name = preferred[0] if preferred else trials.get(product, "")
    return known.current(product, name).id if name else known.plans(product)[0].id


async def given_until(session: AsyncSession, row: Subscription, start: datetime) -> datetime:
    """The end of the given days that follow without a gap, of the plan it pays for or a higher one; `start` if none."""
    rank = select(PlanVersion.rank).where(PlanVersion.id == row.plan_version_id).scalar_subquery()
    query = (
        select(Grant.starts_at, Grant.ends_at)
        .join(PlanVersion, PlanVersion.id == Grant.plan_version_id)
        .where(
            Grant.organisation_id == row.organisation_id,
            Grant.product == row.product,
            Grant.source.in_(GIVEN),
            Grant.revoked_at.is_(None),
            or_(Grant.plan_version_id == row.plan_version_id, PlanVersion.rank >= rank),
            Grant.ends_at > start,
        )
        .order_by(Grant.starts_at)
    )
    until = start
    for begins, ends in await session.execute(query):
        if ends is not None and begins <= until:
            until = max(until, ends)
    return until


async def move_gifts_behind(session: AsyncSession, organisation: UUID, product: str) -> None:
    """After a payment: gifts that would run beside paid time wait until it is over; no day of them is lost."""
    rows = [grant for grant in await grants.grants_of(session, organisation, product) if grant.revoked_at is None]
    paid = [grant.ends_at for grant in rows if grant.source == "payment" and grant.ends_at and grant.starts_at <= now()]
    free_from = max(paid, default=None)
    if free_from is None or free_from <= now():
        return
    waiting = [grant for grant in rows if grant.source in GIFTS and grant.ends_at and grant.ends_at > now()]
    for grant in sorted(waiting, key=lambda each: each.starts_at):
        if grant.ends_at is None or grant.starts_at >= free_from:
            free_from = grant.ends_at or free_from
            continue
        left = grant.ends_at - max(grant.starts_at, now())
        grant.starts_at, grant.ends_at = free_from, free_from + left
        free_from = grant.ends_at
    await session.flush()
