"""What billing does when nobody waits for it."""

from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from verf.billing import metering, offers, patrol, quiet_warnings, tally_keeping, upkeep
from verf.billing.checking import check_due_intents
from verf.billing.handling import handle, refresh
from verf.billing.inbox import forget_old, sweep
from verf.billing.messages import CheckIntents, ForgetEvents, HandleEvent, Refresh, SweepEvents
from verf.billing.patience import patience
from verf.billing.providers.pictures import Subject
from verf.jobs import Job, handles
from verf.manifest import Schedule

ATTEMPTS = 12
SCHEDULES = (
    Schedule(every=timedelta(minutes=1), message=SweepEvents),
    Schedule(every=timedelta(minutes=1), message=CheckIntents),
    Schedule(every=timedelta(days=1), message=ForgetEvents),
    *upkeep.SCHEDULES,
    *offers.SCHEDULES,
    *metering.SCHEDULES,
    *patrol.SCHEDULES,
    *quiet_warnings.SCHEDULES,
    *tally_keeping.SCHEDULES,
)


@handles(HandleEvent, attempts=ATTEMPTS)
async def handle_event(message: HandleEvent, job: Job) -> None:
    with patience():
        await handle(message.event, is_last=job.attempt >= ATTEMPTS)


@handles(Refresh, attempts=ATTEMPTS)
async def refresh_object(message: Refresh) -> None:
    with patience():
        subject = Subject(message.kind, message.ref)
        await refresh(message.provider, subject, cause=message.cause)


@handles(SweepEvents)
async def sweep_events(message: SweepEvents, session: AsyncSession) -> None:
    await sweep(session)


@handles(CheckIntents, system="billing: checkouts whose outcome is due")
async def check_intents(message: CheckIntents, session: AsyncSession) -> None:
    await check_due_intents(session)


@handles(ForgetEvents)
async def forget_events(message: ForgetEvents, session: AsyncSession) -> None:
    await forget_old(session)
