"""What is known of an organisation's access to a product, kept in memory until somebody changes it.

A process that listens to the house forgets as soon as it hears of a change; one that does not, after half a second.
"""

import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from verf.billing.catalogue import Catalogue, catalogue, catalogue_with
from verf.billing.decisions import GrantSeen, Override, SubscriptionSeen
from verf.billing.declarations import products
from verf.billing.models import Grant, OverrideRow, Subscription
from verf.billing.periods import Calendar
from verf.billing.states import SubscriptionState
from verf.billing.terms import Given
from verf.database import transaction
from verf.realtime import Event, is_listening, overhear

# A connection cut without a word is noticed late; nothing is believed for longer than this.
HEARD_FOR = 30.0
UNHEARD_FOR = 0.5
LARGEST = 20_000
LAST_GRANTS = 200
# Who has no subscription counts by the calendar.
CALENDAR_MONTHS = Calendar(datetime(2020, 1, 1, tzinfo=UTC), "month")

Key = tuple[UUID, str]


@dataclass(frozen=True, kw_only=True)
class Access:
    organisation: UUID
    product: str
    grants: tuple[GrantSeen, ...] = ()
    subscription: SubscriptionSeen | None = None
    overrides: Mapping[str, Override] = field(default_factory=dict)
    # Where the windows of monthly quotas begin.
    months: Calendar = CALENDAR_MONTHS


_known: dict[Key, tuple[Access, float]] = {}
# Those being read just now: what changes meanwhile is not kept.
_reading: dict[Key, int] = {}


async def access_of(organisation: UUID, product: str, session: AsyncSession | None = None) -> Access:
    """No query when it is known.

    Inside a transaction give its session: what it reads may yet be rolled back, so it is not remembered.
    """
    key = (organisation, product)
    known = _known.get(key)
    if known and time.monotonic() - known[1] < (HEARD_FOR if is_listening() else UNHEARD_FOR):
        return known[0]
    if session is not None:
        return await read_access(session, organisation, product)
    ticket = _reading[key] = _reading.get(key, 0) + 1
    read_at = time.monotonic()
    async with transaction(organisation=organisation) as own:
        access = await read_access(own, organisation, product)
    if _reading.get(key) == ticket:
        if len(_known) >= LARGEST:
            _known.clear()
        _known[key] = (access, read_at)
        del _reading[key]
    return access


async def read_access(session: AsyncSession, organisation: UUID, product: str) -> Access:
    """As this transaction sees it."""
    owned = (Grant.organisation_id == organisation, Grant.product == product)
    newest = select(Grant).where(*owned).order_by(Grant.starts_at.desc(), Grant.id).limit(LAST_GRANTS)
    rows = list(await session.scalars(newest))
    live = await session.scalar(
        select(Subscription).where(
            Subscription.organisation_id == organisation,
            Subscription.product == product,
            Subscription.state.not_in((SubscriptionState.INCOMPLETE, SubscriptionState.ENDED)),
            Subscription.duplicate_of.is_(None),
        )
    )
    words = await session.scalars(
        select(OverrideRow).where(OverrideRow.organisation_id == organisation, OverrideRow.product == product)
    )
    overrides = {word.feature: _override(product, word) for word in words}
    prices = await _catalogue_of(session, rows)
    return Access(
        organisation=organisation,
        product=product,
        grants=tuple(_grant(prices, row) for row in rows),
        subscription=_subscription(live) if live else None,
        overrides=overrides,
        months=Calendar(live.trial_end or live.anchor_at, "month", zone=live.zone) if live else CALENDAR_MONTHS,
    )


def forget(organisation: UUID, product: str = "") -> None:
    """Of all products when none is named."""
    if product:
        _known.pop((organisation, product), None)
        _reading.pop((organisation, product), None)
        return
    for known in {*_known, *_reading}:
        if known[0] == organisation:
            forget(*known)


def forget_all() -> None:
    _known.clear()
    _reading.clear()


@overhear
def hear(event: Event) -> None:
    if event.name == "resync":
        forget_all()
    elif event.topic.startswith("organisation:") and event.topic.endswith("/access"):
        forget(UUID(event.topic.removeprefix("organisation:").removesuffix("/access")), event.data.get("product", ""))


async def _catalogue_of(session: AsyncSession, rows: Iterable[Grant]) -> Catalogue:
    prices = await catalogue(session)
    for row in rows:
        if row.plan_version_id and row.plan_version_id not in prices.versions:
            prices = await catalogue_with(row.plan_version_id, session)
    return prices


def _grant(prices: Catalogue, row: Grant) -> GrantSeen:
    terms = prices.version(row.plan_version_id).terms if row.plan_version_id else None
    return GrantSeen(
        id=row.id,
        source=row.source,
        starts_at=row.starts_at,
        ends_at=row.ends_at,
        grace_until=row.grace_until,
        revoked_at=row.revoked_at,
        revoked_because=row.revoked_because,
        subscription=row.subscription_id,
        plan=terms.plan if terms else "",
        gives=terms.gives if terms else {row.feature: _single(row.product, row.feature, row.amount)},
    )


def _single(product: str, feature: str, amount: int | None) -> Given:
    """Of a feature that is given by itself, outside any plan."""
    for declared in (each for known in products() if known.name == product for each in known.entitlements):
        if declared.feature == feature:
            return Given(
                kind=declared.kind,
                amount=amount,
                per=declared.per,
                is_hard=declared.is_hard,
                smaller_is_better=declared.smaller_is_better,
            )
    return Given(kind="switch" if amount is None else "number", amount=amount)


def _subscription(row: Subscription) -> SubscriptionSeen:
    return SubscriptionSeen(
        id=row.id, state=SubscriptionState(row.state), cancel_at=row.cancel_at, access_hold=row.access_hold
    )


def _override(product: str, row: OverrideRow) -> Override:
    given = _single(product, row.feature, row.amount) if row.amount is not None else None
    otherwise = _single(product, row.feature, None)
    return Override(is_allowed=row.is_allowed, because=row.because, given=given, otherwise=otherwise, until=row.until)
