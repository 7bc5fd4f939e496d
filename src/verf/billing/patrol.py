"""The rounds billing makes by itself: subscriptions that are due, changes nobody told of, and the nightly count."""

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from verf.billing import polling
from verf.billing.differences import MODE, PROPOSALS
from verf.billing.findings import report
from verf.billing.messages import (
    CheckSubscriptions,
    LookAgain,
    ReadChanges,
    ReadEveryChange,
    Reconcile,
    ReconcileAll,
    Settle,
)
from verf.billing.models import ProviderEvent, SyncCursor
from verf.billing.patience import patience
from verf.billing.providers.pictures import Subject
from verf.billing.providers.registry import enabled, provider
from verf.billing.reconciling import recheck, reconcile_day, slices
from verf.database import transaction
from verf.jobs import enqueue, handles
from verf.kit import new_id, now
from verf.manifest import Schedule

# The nightly count looks back so far, since a payment may be captured or given back days after it was made.
LOOKS_BACK = timedelta(days=7)
FURTHEST_BACK = timedelta(days=35)
RECONCILED = "reconciled"

SCHEDULES = (
    Schedule(every=timedelta(minutes=1), message=CheckSubscriptions),
    Schedule(every=timedelta(minutes=10), message=ReadEveryChange),
    Schedule(every=timedelta(days=1), message=ReconcileAll),
)


@handles(CheckSubscriptions, system="billing: subscriptions to be asked about")
async def check_subscriptions(message: CheckSubscriptions, session: AsyncSession) -> None:
    await polling.check_due_subscriptions(session)


@handles(ReadEveryChange, system="billing: polls of the providers")
async def read_every_change(message: ReadEveryChange, session: AsyncSession) -> None:
    await polling.look_for_unheard(session)
    for source in enabled():
        await polling.listen_for_silence(session, source.name)
        await enqueue(session, ReadChanges(source.name), unless_queued=f"billing:changes:{source.name}")


@handles(ReadChanges)
async def read_changes(message: ReadChanges) -> None:
    with patience():
        await polling.read_changes(message.provider)


@handles(LookAgain)
async def look_again(message: LookAgain) -> None:
    with patience():
        await polling.look_again(message.provider, Subject(message.kind, message.ref), cause=message.cause)


@handles(ReconcileAll, system="billing: the nightly reconciliation")
async def reconcile_all(message: ReconcileAll, session: AsyncSession) -> None:
    for source in enabled():
        await _notice_wrong_mode(session, source.name)
        since = max(await _reconciled_until(session, source.name) or now(), now() - FURTHEST_BACK) - LOOKS_BACK
        await queue_reconciliation(session, source.name, since, now())


async def queue_reconciliation(session: AsyncSession, name: str, since: datetime, until: datetime) -> None:
    await enqueue(session, Reconcile(name, since, until), one_at_a_time=f"billing:reconcile:{name}")


@handles(Reconcile)
async def reconcile_some(message: Reconcile) -> None:
    """One day; what is left of the window is the next job, so that a killed run goes on where it was."""
    days = list(slices(message.since, message.until))
    if not days:
        return
    since, until = days[0]
    with patience():
        await reconcile_day(message.provider, since, until)
    async with transaction(system="billing: a day is reconciled") as session:
        await _note(session, message.provider, until)
        if days[1:]:
            await queue_reconciliation(session, message.provider, until, message.until)
        else:
            await enqueue(session, Settle(message.provider), unless_queued=f"billing:settle:{message.provider}")


@handles(Settle)
async def settle(message: Settle) -> None:
    with patience():
        await recheck(message.provider)


async def _notice_wrong_mode(session: AsyncSession, name: str) -> None:
    """Webhooks of tests that reach the live house, or the other way round, were ignored one by one; here is the sum."""
    source = provider(name)
    query = select(ProviderEvent.event_id, ProviderEvent.subject_kind, ProviderEvent.subject_ref).where(
        ProviderEvent.provider == name,
        ProviderEvent.is_live != source.is_live,
        ProviderEvent.received_at > now() - LOOKS_BACK,
    )
    account = (source.name, source.account, source.is_live)
    for event, kind, ref in (await session.execute(query.limit(polling.AT_ONCE))).all():
        subject = f"{kind}:{ref}" if ref else f"event:{event}"
        await report(session, account, MODE, subject, theirs={"event": event}, proposal=PROPOSALS[MODE])


async def _reconciled_until(session: AsyncSession, name: str) -> datetime | None:
    source = provider(name)
    query = select(SyncCursor.read_until).where(
        SyncCursor.provider == name,
        SyncCursor.account == source.account,
        SyncCursor.is_live == source.is_live,
        SyncCursor.stream == RECONCILED,
    )
    return await session.scalar(query)


async def _note(session: AsyncSession, name: str, until: datetime) -> None:
    source = provider(name)
    account = {"provider": name, "account": source.account, "is_live": source.is_live, "stream": RECONCILED}
    statement = insert(SyncCursor).values(id=new_id(), read_until=until, **account)
    await session.execute(statement.on_conflict_do_update(index_elements=[*account], set_={"read_until": until}))
