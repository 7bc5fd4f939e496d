"""Use of metered prices, told to the provider that charges for it: every unit once, however often it is tried.

A report is written down first, as the span of a window's counter that it covers, and then told under its own id. Who is
killed in between, or hears no answer, tells the same again.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import func, or_, select, tuple_, union, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from verf.billing.declarations import products
from verf.billing.findings import close, report
from verf.billing.messages import ReportUsage
from verf.billing.models import Subscription, UsageEvent, UsageReport, UsageWindow
from verf.billing.owners import lock
from verf.billing.providers.events import ProviderRefused
from verf.billing.providers.orders import Usage
from verf.billing.providers.provider import Provider
from verf.billing.providers.registry import enabled, provider
from verf.billing.states import SubscriptionState
from verf.billing.usage import CLOSES_AFTER
from verf.database import transaction
from verf.jobs import enqueue
from verf.kit import new_id, now
from verf.telemetry import log

AT_ONCE = 500
# Providers take nothing that is older than 35 days.
LOOKS_BACK = timedelta(days=34)
# What was used until its end still comes on the last invoice of a subscription.
AFTER_END = timedelta(days=1)
# Providers remember a key for a day. Nothing is told again after that: it might count twice.
REMEMBERED = timedelta(hours=23)
LAST_MOMENT = timedelta(seconds=1)
UNTOLD = "usage_untold"
PROPOSAL = "Compare the meter at the provider with this report, and add there by hand what is missing."


async def queue_reports(session: AsyncSession) -> int:
    """One job for each organisation and product with use that was not told. Wants the system's scope."""
    meters, sources = _meters(), _sources()
    if not meters or not sources:
        return 0
    told = select(func.coalesce(func.max(UsageReport.to_used), 0)).where(UsageReport.window_id == UsageWindow.id)
    counted = (
        select(UsageWindow.organisation_id, UsageWindow.product)
        .join(
            Subscription,
            (Subscription.organisation_id == UsageWindow.organisation_id)
            & (Subscription.product == UsageWindow.product),
        )
        .where(
            *_metered(sources),
            tuple_(UsageWindow.product, UsageWindow.feature).in_(list(meters)),
            UsageWindow.ends_at > func.greatest(now() - LOOKS_BACK, _begins()),
            UsageWindow.used > told.scalar_subquery(),
        )
    )
    waiting = select(UsageReport.organisation_id, UsageReport.product).where(
        UsageReport.state == "new", UsageReport.provider.in_(list(sources))
    )
    found = (await session.execute(union(counted, waiting).limit(AT_ONCE))).all()
    for organisation, product in found:
        turn = f"billing:usage:{organisation}:{product}"
        await enqueue(session, ReportUsage(organisation, product), unless_queued=turn, one_at_a_time=turn)
    return len(found)


async def report_usage(organisation: UUID, product: str) -> None:
    """Raises ProviderUnreachable when an outcome is unknown: run again."""
    async with transaction(organisation=organisation) as session:
        await lock(session, organisation, product)
        await _write_down(session, organisation, product)
    async with transaction(organisation=organisation) as session:
        query = select(UsageReport.id).where(
            UsageReport.organisation_id == organisation,
            UsageReport.product == product,
            UsageReport.state == "new",
            UsageReport.provider.in_(list(_sources())),
        )
        waiting = list(await session.scalars(query.order_by(UsageReport.id)))
    for each in waiting:
        await _tell(organisation, each)


def _meters() -> Mapping[tuple[str, str], str]:
    """The meter by (product, feature)."""
    return {
        (product.name, each.feature): each.reports_to
        for product in products()
        for each in product.entitlements
        if each.reports_to
    }


def _sources() -> Mapping[str, Provider]:
    return {each.name: each for each in enabled() if each.abilities.can_meter}


def _metered(sources: Mapping[str, Provider]) -> tuple[Any, ...]:
    """Subscriptions whose use is told."""
    accounts = [(each.name, each.account, each.is_live) for each in sources.values()]
    return (
        tuple_(Subscription.provider, Subscription.account, Subscription.is_live).in_(accounts),
        Subscription.customer != "",
        Subscription.state != SubscriptionState.INCOMPLETE,
        Subscription.duplicate_of.is_(None),
        or_(Subscription.ended_at.is_(None), Subscription.ended_at > now() - AFTER_END),
    )


def _begins() -> Any:
    """News of a subscription arrives after it began; its anchor may lie behind a trial at the provider."""
    return func.least(Subscription.anchor_at, Subscription.created_at)


async def _write_down(session: AsyncSession, organisation: UUID, product: str) -> None:
    query = select(Subscription).where(
        Subscription.organisation_id == organisation, Subscription.product == product, *_metered(_sources())
    )
    meters = {feature: meter for (name, feature), meter in _meters().items() if name == product}
    for row in await session.scalars(query.order_by(Subscription.created_at)):
        begins = min(row.anchor_at, row.created_at)
        windows = select(UsageWindow).where(
            UsageWindow.organisation_id == organisation,
            UsageWindow.product == product,
            UsageWindow.feature.in_(list(meters)),
            UsageWindow.ends_at > max(now() - LOOKS_BACK, begins),
        )
        if row.ended_at:
            windows = windows.where(UsageWindow.starts_at < row.ended_at)
        for window in await session.scalars(windows.order_by(UsageWindow.starts_at, UsageWindow.id)):
            await _write_one(session, row, window, meters[window.feature], begins)


async def _write_one(
    session: AsyncSession, row: Subscription, window: UsageWindow, meter: str, begins: datetime
) -> None:
    start, end = await _told(session, window), window.used
    if window.starts_at < begins:
        start = max(start, await _used_before(session, window, begins))
    if row.ended_at and row.ended_at < window.ends_at + CLOSES_AFTER:
        end = min(end, await _used_before(session, window, row.ended_at))
    if end <= start:
        return
    values = {
        "id": new_id(),
        "organisation_id": row.organisation_id,
        "subscription_id": row.id,
        "window_id": window.id,
        "product": row.product,
        "feature": window.feature,
        "provider": row.provider,
        "customer": row.customer,
        "meter": meter,
        "from_used": start,
        "to_used": end,
        "used_at": _used_at(window, row.ended_at),
        "state": "new",
        "made_at": now(),
    }
    await session.execute(insert(UsageReport).values(values).on_conflict_do_nothing())


async def _told(session: AsyncSession, window: UsageWindow) -> int:
    query = select(func.max(UsageReport.to_used)).where(UsageReport.window_id == window.id)
    return await session.scalar(query) or 0


async def _used_before(session: AsyncSession, window: UsageWindow, moment: datetime) -> int:
    """Of a window that began before its subscription, or went on after it: a trial's use is nobody's to pay."""
    query = select(func.sum(UsageEvent.amount)).where(
        UsageEvent.organisation_id == window.organisation_id,
        UsageEvent.window_id == window.id,
        UsageEvent.received_at < moment,
    )
    return int(await session.scalar(query) or 0)


def _used_at(window: UsageWindow, ended_at: datetime | None) -> datetime:
    """Inside its window while the invoice of that may still be open; what comes later is on the next one."""
    over = min(window.ends_at, ended_at) if ended_at else window.ends_at
    moment = now()
    return over - LAST_MOMENT if over <= moment < over + CLOSES_AFTER else moment


async def _tell(organisation: UUID, told: UUID) -> None:
    """The id is the key. When its outcome stays unknown for longer than providers remember, a person must look.

    What was refused has not counted, and is tried again as long as it may: a key that was wrong is put right.
    """
    async with transaction(organisation=organisation) as session:
        row = await session.get_one(UsageReport, told, with_for_update=True)
        if row.state != "new":
            return
        is_first, is_last = row.tried_at is None, row.used_at + LOOKS_BACK <= now()
        is_late = row.tried_at is not None and row.tried_at + REMEMBERED <= now()
        row.tried_at = row.tried_at or now()
        source = provider(row.provider)
        units = row.to_used - row.from_used
        usage = Usage(key=str(told), customer=row.customer, meter=row.meter, amount=units, at=row.used_at)
    if is_late:
        await _ask_for_help(source, organisation, usage, "no answer for a day", state="unknown")
        return
    try:
        await source.report_usage(usage)
    except ProviderRefused as error:
        if is_first:
            await _forget_the_try(organisation, told)
        await _ask_for_help(source, organisation, usage, str(error), state="refused" if is_last else "new")
        return
    async with transaction(system="billing: use that its provider knows of") as session:
        await _close(session, usage, "sent")
        await close(session, source.name, UNTOLD, _subject(usage), by="told")


async def _forget_the_try(organisation: UUID, told: UUID) -> None:
    async with transaction(organisation=organisation) as session:
        await session.execute(update(UsageReport).where(UsageReport.id == told).values(tried_at=None))


async def _ask_for_help(source: Provider, organisation: UUID, usage: Usage, why: str, *, state: str) -> None:
    ours = {"meter": usage.meter, "customer": usage.customer, "units": usage.amount, "why": why}
    account = (source.name, source.account, source.is_live)
    async with transaction(system="billing: use that its provider does not know of") as session:
        if state != "new":
            await _close(session, usage, state)
        subject = _subject(usage)
        found = await report(session, account, UNTOLD, subject, organisation=organisation, ours=ours, proposal=PROPOSAL)
    if found:
        log(__name__).error("use was not reported", report=usage.key, state=state, why=why)


async def _close(session: AsyncSession, usage: Usage, state: str) -> None:
    this = update(UsageReport).where(UsageReport.id == UUID(usage.key), UsageReport.state == "new")
    await session.execute(this.values(state=state, closed_at=now()))


def _subject(usage: Usage) -> str:
    return f"usage:{usage.key}"
