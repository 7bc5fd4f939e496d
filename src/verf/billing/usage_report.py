"""How much is used, for pages and programs; and whether the counters say what the events say."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any, cast
from uuid import UUID

from sqlalchemy import CursorResult, func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from verf.billing.declarations import entitlements_of
from verf.billing.entitling import Entitlements, entitlements
from verf.billing.models import UsageEvent, UsageHold, UsageWindow
from verf.billing.windows import window_period
from verf.kit import now
from verf.manifest import Entitlement

# After the end of their window; nothing is told so late that its key would still matter.
EVENTS_KEPT = timedelta(days=90)
AT_ONCE = 20_000

FORGET = text("""
DELETE FROM billing.usage_events WHERE id IN (
    SELECT event.id FROM billing.usage_events event
    JOIN billing.usage_windows counted ON counted.id = event.window_id
    WHERE event.received_at < :old AND counted.ends_at < :old LIMIT :at_once
)
""")
FORGET_HOLDS = text("DELETE FROM billing.usage_holds WHERE state <> 'held' AND closed_at < :old")


@dataclass(frozen=True, kw_only=True)
class FeatureUse:
    """`limit` None is without limit; `used` None where there is nothing to count. `percent` is at most 100."""

    feature: str
    title: str
    kind: str
    unit: str
    is_given: bool
    limit: int | None
    used: int | None = None
    reserved: int = 0
    is_hard: bool = True
    starts_at: datetime | None = None
    resets_at: datetime | None = None

    @property
    def percent(self) -> int | None:
        if not self.limit or self.used is None:
            return None
        whole = 100
        return min(whole, self.used * whole // self.limit)


@dataclass(frozen=True)
class Miscount:
    """A counter that differs from its events."""

    window: UUID
    feature: str
    used: int
    reserved: int
    counted: int
    held: int


async def usage_of(session: AsyncSession, organisation: UUID, product: str) -> list[FeatureUse]:
    """Every entitlement of the product, in the order of its declaration."""
    known = await entitlements(organisation, product, session)
    return [await _use(session, known, each) for each in entitlements_of(product).values()]


async def _use(session: AsyncSession, known: Entitlements, declared: Entitlement) -> FeatureUse:
    decision = known.decide(declared.feature, wanted=0)
    found = FeatureUse(
        feature=declared.feature,
        title=declared.title,
        kind=declared.kind,
        unit=declared.unit,
        is_given=decision.allowed,
        limit=decision.limit,
        is_hard=decision.is_hard,
    )
    if declared.count:
        return replace(found, used=await declared.count(session, known.access.organisation))
    if declared.kind != "quota" or decision.given is None:
        return found
    period = window_period(known.access, decision.given, now())
    query = select(UsageWindow.used, UsageWindow.reserved).where(
        UsageWindow.organisation_id == known.access.organisation,
        UsageWindow.product == known.access.product,
        UsageWindow.feature == declared.feature,
        UsageWindow.starts_at == period.start,
    )
    row = (await session.execute(query)).one_or_none()
    used, reserved = (row.used, row.reserved) if row else (0, 0)
    return replace(found, used=used, reserved=reserved, starts_at=period.start, resets_at=period.end)


async def forget_old_usage(session: AsyncSession) -> bool:
    """Single events of long ago, a part at a time; what their windows counted stays. False when nothing is left."""
    old = now() - EVENTS_KEPT
    await session.execute(FORGET_HOLDS, {"old": old})
    gone = await session.execute(FORGET, {"old": old, "at_once": AT_ONCE})
    return cast("CursorResult[Any]", gone).rowcount >= AT_ONCE


async def miscounts(session: AsyncSession) -> list[Miscount]:
    """Windows whose counters are not the sum of their events and holds, of all that this transaction may see."""
    events = select(func.coalesce(func.sum(UsageEvent.amount), 0)).where(UsageEvent.window_id == UsageWindow.id)
    holds = select(func.coalesce(func.sum(UsageHold.amount), 0)).where(
        UsageHold.window_id == UsageWindow.id, UsageHold.state == "held"
    )
    counted, held = events.scalar_subquery(), holds.scalar_subquery()
    query = select(UsageWindow.id, UsageWindow.feature, UsageWindow.used, UsageWindow.reserved, counted, held).where(
        UsageWindow.ends_at >= now() - EVENTS_KEPT, (UsageWindow.used != counted) | (UsageWindow.reserved != held)
    )
    return [Miscount(row[0], row[1], row[2], row[3], int(row[4]), int(row[5])) for row in await session.execute(query)]
