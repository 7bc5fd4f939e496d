"""The stretch of time in which a quota is counted, found or begun."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from verf.billing.access import Access
from verf.billing.models import UsageWindow
from verf.billing.periods import Period, day_of
from verf.billing.terms import Given
from verf.database import after_commit
from verf.kit import new_id

Key = tuple[UUID, str, str]
LARGEST = 20_000

_known: dict[Key, "Window"] = {}


@dataclass(frozen=True)
class Window:
    id: UUID
    period: Period

    async def read(self, session: AsyncSession) -> Any:
        """used, reserved and told, as they are now."""
        query = select(UsageWindow.used, UsageWindow.reserved, UsageWindow.told).where(UsageWindow.id == self.id)
        return (await session.execute(query)).one()


def window_period(access: Access, given: Given, moment: datetime, zone: str = "") -> Period:
    if given.per == "day":
        return day_of(moment, zone or access.months.zone)
    return access.months.at(moment)


async def open_window(session: AsyncSession, organisation: UUID, product: str, feature: str, period: Period) -> Window:
    """No query when it is known. Nobody counts in a window that a change of zone or anchor has cut short."""
    key = (organisation, product, feature)
    known = _known.get(key)
    if known and known.period == period:
        return known
    window = Window(await _find_or_begin(session, key, period), period)
    after_commit(session, lambda: _remember(key, window))
    return window


def forget_windows() -> None:
    _known.clear()


def _remember(key: Key, window: Window) -> None:
    """Only once it is committed: a window that was rolled back would swallow what is counted in it."""
    if len(_known) >= LARGEST:
        _known.clear()
    _known[key] = window


async def _find_or_begin(session: AsyncSession, key: Key, period: Period) -> UUID:
    organisation, product, feature = key
    found = select(UsageWindow.id).where(
        UsageWindow.organisation_id == organisation,
        UsageWindow.product == product,
        UsageWindow.feature == feature,
        UsageWindow.starts_at == period.start,
    )
    known = await session.scalar(found)
    if known:
        return known
    begun = insert(UsageWindow).values(
        id=new_id(),
        organisation_id=organisation,
        product=product,
        feature=feature,
        starts_at=period.start,
        ends_at=period.end,
        used=0,
        reserved=0,
        told=0,
    )
    await session.execute(begun.on_conflict_do_nothing())
    return (await session.scalars(found)).one()
