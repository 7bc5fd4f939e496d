"""Quota kept free for work under way: hold before it starts, settle what it really took, release what was not done."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from verf.billing.entitling import entitlements
from verf.billing.models import UsageHold
from verf.billing.usage import Counted, UsageKeyReused, at_least_one, counted, given_now, meter_of, used_up
from verf.billing.usage_warnings import warn_if_crossed
from verf.errors import NotFound
from verf.kit import new_id, now
from verf.web import _

PATIENCE = timedelta(minutes=15)

HOLD = text("""
WITH kept AS (
    INSERT INTO billing.usage_holds
        (id, organisation_id, product, feature, key, amount, window_id, state, held_at, expires_at)
    VALUES (:id, :organisation, :product, :feature, :key, :amount, :window, 'held', :held_at, :expires_at)
    ON CONFLICT (organisation_id, product, feature, key) DO NOTHING RETURNING amount
), taken AS (
    UPDATE billing.usage_windows SET reserved = reserved + CAST(:amount AS bigint)
    WHERE id = :window AND organisation_id = :organisation AND EXISTS (SELECT FROM kept)
        AND (CAST(:limit AS bigint) IS NULL OR used + reserved + CAST(:amount AS bigint) <= CAST(:limit AS bigint))
    RETURNING used, reserved
)
SELECT (SELECT count(*) FROM kept) AS stored, taken.used, taken.reserved FROM (VALUES (1)) one LEFT JOIN taken ON true
""")

# Also of a hold that has expired: the work was done, and is counted. Its reservation is gone already.
SETTLE = text("""
WITH before AS (
    SELECT id, amount, window_id, state FROM billing.usage_holds
    WHERE organisation_id = :organisation AND product = :product AND feature = :feature AND key = :key
        AND state IN ('held', 'expired') FOR UPDATE
), closed AS (
    UPDATE billing.usage_holds hold SET state = 'settled', settled = :amount, closed_at = :moment
    FROM before WHERE hold.id = before.id RETURNING hold.id
), event AS (
    INSERT INTO billing.usage_events
        (id, organisation_id, product, feature, key, amount, window_id, is_adjustment, occurred_at, received_at)
    SELECT :id, :organisation, :product, :feature, 'hold:' || :key, CAST(:amount AS bigint), window_id, false,
        :moment, :moment
    FROM before WHERE CAST(:amount AS bigint) > 0 RETURNING amount
)
UPDATE billing.usage_windows counted
SET used = used + CAST(:amount AS bigint),
    reserved = reserved - CASE WHEN before.state = 'held' THEN before.amount ELSE 0 END
FROM before WHERE counted.id = before.window_id AND counted.organisation_id = :organisation
RETURNING counted.id, counted.used
""")

RELEASE = text("""
WITH closed AS (
    UPDATE billing.usage_holds SET state = 'released', closed_at = :moment
    WHERE organisation_id = :organisation AND product = :product AND feature = :feature AND key = :key
        AND state = 'held' RETURNING amount, window_id
)
UPDATE billing.usage_windows SET reserved = reserved - closed.amount
FROM closed WHERE usage_windows.id = closed.window_id
RETURNING usage_windows.id
""")

# In the order of windows, so that two sweeps never wait for each other in a circle.
EXPIRE = text("""
WITH due AS (
    SELECT id FROM billing.usage_holds WHERE state = 'held' AND expires_at <= :moment
    ORDER BY window_id, id LIMIT 1000 FOR UPDATE SKIP LOCKED
), closed AS (
    UPDATE billing.usage_holds SET state = 'expired', closed_at = :moment
    FROM due WHERE usage_holds.id = due.id RETURNING usage_holds.window_id, usage_holds.amount
), freed AS (SELECT window_id, sum(amount) AS amount FROM closed GROUP BY window_id)
UPDATE billing.usage_windows SET reserved = reserved - freed.amount
FROM freed WHERE usage_windows.id = freed.window_id
RETURNING usage_windows.id
""")


class HoldClosed(UsageKeyReused):
    """What this key held was settled or released before, and differently."""


class NoSuchHold(NotFound):
    """Nothing is held under this key."""


async def hold(
    session: AsyncSession,
    organisation: UUID,
    product: str,
    feature: str,
    amount: int,
    *,
    key: str,
    patience: timedelta = PATIENCE,
    zone: str = "",
) -> Counted:
    """Keep so much free, or raise as consume does. Whoever neither settles nor releases in time loses it."""
    known = await entitlements(organisation, product, session)
    given = given_now(known, feature)
    meter = await meter_of(session, known, feature, given, now(), zone=zone)
    values = {
        **meter.names(),
        "id": new_id(),
        "key": key,
        "amount": at_least_one(amount),
        "limit": given.amount if given.is_hard else None,
        "held_at": now(),
        "expires_at": now() + patience,
    }
    row = (await session.execute(HOLD, values)).one()
    if not row.stored:
        kept = await _kept(session, values)
        if kept.amount != amount or kept.state != "held":
            raise UsageKeyReused(_("This key was used for something else before."))
        return counted(meter, await meter.window.read(session), is_duplicate=True)
    if row.used is None:
        await session.execute(delete(UsageHold).where(UsageHold.id == values["id"]))
        raise await used_up(session, meter, amount)
    return counted(meter, row)


async def settle(
    session: AsyncSession, organisation: UUID, product: str, feature: str, amount: int, *, key: str
) -> None:
    """The work took this much, be it less or more than was held. Repeating it changes nothing."""
    names = {"organisation": organisation, "product": product, "feature": feature, "key": key}
    values = {**names, "id": new_id(), "amount": amount, "moment": now()}
    row = (await session.execute(SETTLE, values)).one_or_none()
    if row is None:
        kept = await _kept(session, names)
        if (kept.state, kept.settled) != ("settled", amount):
            raise HoldClosed("What this key held was closed before, and differently.")
        return
    known = await entitlements(organisation, product, session)
    given = known.decide(feature, wanted=0).given
    if given and amount:
        await warn_if_crossed(session, {**names, "window": row.id}, given, amount, row.used)


async def release(session: AsyncSession, organisation: UUID, product: str, feature: str, *, key: str) -> bool:
    """The work was not done. False when nothing was held any more."""
    names = {"organisation": organisation, "product": product, "feature": feature, "key": key}
    return (await session.execute(RELEASE, {**names, "moment": now()})).first() is not None


async def expire_holds(session: AsyncSession) -> int:
    """Free what nobody closed in time. How many windows it changed. Only in the scope of the system."""
    return len((await session.execute(EXPIRE, {"moment": now()})).all())


async def _kept(session: AsyncSession, values: dict[str, Any]) -> UsageHold:
    query = select(UsageHold).where(
        UsageHold.organisation_id == values["organisation"],
        UsageHold.product == values["product"],
        UsageHold.feature == values["feature"],
        UsageHold.key == values["key"],
    )
    kept = await session.scalar(query.execution_options(populate_existing=True))
    if kept is None:
        raise NoSuchHold("Nothing is held under this key.")
    return kept
