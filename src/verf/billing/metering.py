"""What usage asks of the worker: free what was held too long, warn owners, tell providers of what is metered."""

from datetime import timedelta
from zoneinfo import ZoneInfo

from sqlalchemy.ext.asyncio import AsyncSession

from verf.billing import notices
from verf.billing.access import read_access
from verf.billing.declarations import entitlements_of
from verf.billing.facts import UsageReached
from verf.billing.holds import expire_holds
from verf.billing.messages import ExpireHolds, ForgetUsage, ReportAllUsage, ReportUsage
from verf.billing.meter_reports import queue_reports, report_usage
from verf.billing.models import UsageWindow
from verf.billing.patience import patience
from verf.billing.telling import day, pricing_url, tell_owners
from verf.billing.usage_report import forget_old_usage
from verf.jobs import enqueue, handles, on
from verf.manifest import Schedule

SCHEDULES = (
    Schedule(every=timedelta(minutes=1), message=ExpireHolds),
    Schedule(every=timedelta(minutes=10), message=ReportAllUsage),
    Schedule(every=timedelta(days=1), message=ForgetUsage),
)


@handles(ExpireHolds, system="billing: quota held for work that nobody closed")
async def free_holds(message: ExpireHolds, session: AsyncSession) -> None:
    await expire_holds(session)


@handles(ForgetUsage, system="billing: single events of usage of long ago")
async def forget_usage(message: ForgetUsage, session: AsyncSession) -> None:
    if await forget_old_usage(session):
        await enqueue(session, ForgetUsage())


@handles(ReportAllUsage, system="billing: use of metered prices that was not told")
async def report_all_usage(message: ReportAllUsage, session: AsyncSession) -> None:
    await queue_reports(session)


@handles(ReportUsage)
async def report_usage_of(message: ReportUsage) -> None:
    with patience():
        await report_usage(message.organisation, message.product)


@on(UsageReached)
async def warn_owners(fact: UsageReached, session: AsyncSession) -> None:
    declared = entitlements_of(fact.product)[fact.feature]
    window = await session.get_one(UsageWindow, fact.window)
    zone = ZoneInfo((await read_access(session, fact.organisation, fact.product)).months.zone)
    warning = notices.UsageWarning(
        what=declared.title,
        percent=fact.percent,
        limit=fact.limit,
        used=fact.used,
        resets_on=day(window.ends_at, zone),
        is_hard=declared.is_hard,
        url=pricing_url(),
    )
    key = f"{fact.window}:{fact.percent}"
    await tell_owners(session, fact.organisation, notices.USAGE_WARNING, warning, key=key)
