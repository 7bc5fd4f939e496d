"""Quotas: counted and checked in one statement, once per key, in half-open windows (C4).

The windows of a month begin at the billing anchor, those of a day at the person's midnight.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from typing import Any
from uuid import UUID

from sqlalchemy import delete, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from verf.billing.access import Access
from verf.billing.decisions import UsageSeen
from verf.billing.entitling import Entitlements, entitlements, facts_of, refusal
from verf.billing.models import UsageEvent
from verf.billing.sentences import sentence_of, what_to_do
from verf.billing.terms import Given
from verf.billing.usage_warnings import warn_if_crossed
from verf.billing.windows import Window, open_window, window_period
from verf.errors import Conflict, Invalid
from verf.kit import new_id, now
from verf.limits import Decision as Hit
from verf.limits import Policy
from verf.limits import QuotaExceeded as LimitPassed
from verf.web import _

# Events in flight at midnight still belong to yesterday.
CLOSES_AFTER = timedelta(hours=1)
# Later than this nobody believes them.
LATEST = timedelta(days=30)
AHEAD = timedelta(minutes=5)

CONSUME = text("""
WITH event AS (
    INSERT INTO billing.usage_events
        (id, organisation_id, product, feature, key, amount, window_id, is_adjustment, occurred_at, received_at)
    VALUES (:id, :organisation, :product, :feature, :key, :amount, :window, :is_adjustment, :occurred_at, :received_at)
    ON CONFLICT (organisation_id, product, feature, key) DO NOTHING RETURNING amount
), taken AS (
    UPDATE billing.usage_windows SET used = used + CAST(:amount AS bigint)
    WHERE id = :window AND organisation_id = :organisation AND EXISTS (SELECT FROM event)
        AND (CAST(:limit AS bigint) IS NULL OR used + reserved + CAST(:amount AS bigint) <= CAST(:limit AS bigint))
    RETURNING used, reserved
)
SELECT (SELECT count(*) FROM event) AS stored, taken.used, taken.reserved FROM (VALUES (1)) one LEFT JOIN taken ON true
""")


class UsageKeyReused(Conflict):
    """This key was used for something else before."""


class NotOfThisTime(Invalid):
    """Usage is told of the last 30 days, and not of the future."""


class NoQuota(Invalid):
    """This is nothing that is counted."""


class QuotaExceeded(LimitPassed):
    """The plan's quota is used; `counted` says how far."""

    counted: "Counted"


@dataclass(frozen=True)
class Meter:
    """One quota of one organisation, in the window of one moment."""

    known: Entitlements
    feature: str
    given: Given
    window: Window

    @property
    def access(self) -> Access:
        return self.known.access

    def names(self) -> dict[str, Any]:
        return {
            "organisation": self.access.organisation,
            "product": self.access.product,
            "feature": self.feature,
            "window": self.window.id,
        }


@dataclass(frozen=True, kw_only=True)
class Counted:
    """The window after it; `is_duplicate`: it had been counted before. `limit` None is without limit."""

    feature: str
    used: int
    reserved: int
    limit: int | None
    starts_at: datetime
    resets_at: datetime
    is_duplicate: bool = False
    is_adjustment: bool = False

    @property
    def remaining(self) -> int | None:
        return None if self.limit is None else max(0, self.limit - self.used - self.reserved)

    @property
    def is_over(self) -> bool:
        """A soft limit was passed."""
        return self.limit is not None and self.used + self.reserved > self.limit


async def consume(  # noqa: PLR0913 - who, what, how much, once
    session: AsyncSession,
    organisation: UUID,
    product: str,
    feature: str,
    amount: int = 1,
    *,
    key: str = "",
    at: datetime | None = None,
    zone: str = "",
    without_plan: Given | None = None,
) -> Counted:
    """Count it, or raise: PaymentRequired (402) without access, QuotaExceeded (429) when a hard limit would be passed.

    The same key counts once; for something else it is a conflict. Without a key each call counts. `at` is when it
    happened, for what is told late: of a window that is closed it is counted in the present one, whatever its limit.
    `zone` is the person's, for quotas per day. `without_plan` holds for those whose access has ended.
    """
    known = await entitlements(organisation, product, session)
    given = given_now(known, feature, without_plan)
    moment, is_late = _placed(known.access, given, at, zone)
    meter = await meter_of(session, known, feature, given, moment, zone=zone)
    values = {
        **meter.names(),
        "id": new_id(),
        "key": key or str(new_id()),
        "amount": at_least_one(amount),
        "limit": given.amount if given.is_hard and not is_late else None,
        "is_adjustment": is_late,
        "occurred_at": at or moment,
        "received_at": now(),
    }
    row = (await session.execute(CONSUME, values)).one()
    if not row.stored:
        return await _repeated(session, meter, values, at)
    if row.used is None:
        # What was refused was not used; the same key may be tried again.
        await session.execute(delete(UsageEvent).where(*_of(values)))
        raise await used_up(session, meter, amount)
    await warn_if_crossed(session, meter.names(), given, amount, row.used)
    return counted(meter, row, is_adjustment=is_late)


def given_now(known: Entitlements, feature: str, without_plan: Given | None = None) -> Given:
    """The quota as it is now, or PaymentRequired."""
    decision = known.decide(feature, wanted=0)
    given = decision.given if decision.allowed else without_plan
    if given is None:
        raise refusal(decision, known.access.product)
    if given.kind != "quota":
        raise NoQuota(_("This is not counted."))
    return given


async def meter_of(
    session: AsyncSession, known: Entitlements, feature: str, given: Given, moment: datetime, *, zone: str = ""
) -> Meter:
    period = window_period(known.access, given, moment, zone)
    window = await open_window(session, known.access.organisation, known.access.product, feature, period)
    return Meter(known, feature, given, window)


def at_least_one(amount: int) -> int:
    if amount < 1:
        raise Invalid(_("What is used is one or more."))
    return amount


def counted(meter: Meter, row: Any, *, is_duplicate: bool = False, is_adjustment: bool = False) -> Counted:
    return Counted(
        feature=meter.feature,
        used=row.used,
        reserved=row.reserved,
        limit=meter.given.amount,
        starts_at=meter.window.period.start,
        resets_at=meter.window.period.end,
        is_duplicate=is_duplicate,
        is_adjustment=is_adjustment,
    )


async def used_up(session: AsyncSession, meter: Meter, wanted: int) -> QuotaExceeded:
    """Told why, until when, and which plan gives more."""
    row = await meter.window.read(session)
    period = meter.window.period
    usage = UsageSeen(used=row.used, reserved=row.reserved, resets_at=period.end)
    decision = meter.known.decide(meter.feature, usage=usage, wanted=wanted)
    said = " ".join(part for part in (sentence_of(decision.reasons[0]), what_to_do(decision)) if part)
    seconds = max(1, ceil((period.end - now()).total_seconds()))
    extra = {**facts_of(decision, meter.access.product), "resets_at": period.end.isoformat()}
    error = QuotaExceeded(said, retry_after=seconds, headers={}, extra=extra)
    error.counted = counted(meter, row)
    return error


def as_hit(done: Counted, *, passed: bool = True) -> tuple[Policy, Hit] | None:
    """For the RateLimit headers of an answer (C8); None when there is no limit to tell."""
    if done.limit is None or done.remaining is None:
        return None
    length = (done.resets_at - done.starts_at) // timedelta(seconds=1)
    left = max(0.0, (done.resets_at - now()) / timedelta(seconds=1))
    return Policy(done.feature, done.limit, length), Hit(passed, done.remaining, left, 0.0 if passed else left)


def _placed(access: Access, given: Given, at: datetime | None, zone: str) -> tuple[datetime, bool]:
    """The moment whose window counts it, and whether that is another than the one in which it happened."""
    moment = now()
    if at is None:
        return moment, False
    if at > moment + AHEAD or at < moment - LATEST:
        raise NotOfThisTime(_("Usage is told of the last 30 days, and not of the future."))
    is_late = window_period(access, given, at, zone).end + CLOSES_AFTER <= moment
    return (moment if is_late else at), is_late


async def _repeated(session: AsyncSession, meter: Meter, values: Mapping[str, Any], at: datetime | None) -> Counted:
    event = await session.scalar(select(UsageEvent).where(*_of(values)))
    if event is None or event.amount != values["amount"] or (at is not None and event.occurred_at != at):
        raise UsageKeyReused(_("This key was used for something else before."))
    row = await meter.window.read(session)
    return counted(meter, row, is_duplicate=True, is_adjustment=event.is_adjustment)


def _of(values: Mapping[str, Any]) -> tuple[Any, ...]:
    return (
        UsageEvent.organisation_id == values["organisation"],
        UsageEvent.product == values["product"],
        UsageEvent.feature == values["feature"],
        UsageEvent.key == values["key"],
    )
