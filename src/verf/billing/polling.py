"""Asking without having been told: webhooks get lost, and a poll that finds what none has brought says so aloud."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from verf.billing.applying import apply
from verf.billing.differences import LOST
from verf.billing.findings import close, report
from verf.billing.handling import picture_of
from verf.billing.messages import LookAgain, LookFor
from verf.billing.mirroring import next_check
from verf.billing.models import Dispute, Payment, ProviderEvent, Refund, Subscription, SyncCursor
from verf.billing.providers.pictures import Picture, Subject
from verf.billing.providers.provider import Provider
from verf.billing.providers.registry import provider
from verf.billing.reconciling import hint
from verf.billing.states import Engine, PaymentState, SubscriptionState
from verf.database import transaction
from verf.jobs import enqueue
from verf.kit import new_id, now
from verf.telemetry import counter, log

AT_ONCE = 200
CHANGES = "changes"
# Providers' clocks and lists lag a little behind.
OVERLAP = timedelta(minutes=2)
# So long a webhook may be on its way before a change that was found is called lost.
ON_ITS_WAY = timedelta(minutes=5)
FIRST_LOOK = timedelta(hours=1)
# Not a word from a provider for so long, while payments went through: its webhooks go nowhere.
SILENT_AFTER = timedelta(hours=6)
SILENCE = "silence"
# The providers have forgotten the key of a charge by then, so it is looked for and not asked for again.
UNHEARD = timedelta(hours=25)

UNTOLD = counter("verf_billing_untold_changes_total", "Changes found by asking that no webhook had told.", ["provider"])


async def check_due_subscriptions(session: AsyncSession) -> int:
    """Soon after money was due, hourly while it is owed, daily otherwise. Wants the system's scope."""
    query = (
        select(Subscription)
        .where(
            Subscription.next_check_at <= now(),
            Subscription.engine == Engine.MIRROR,
            Subscription.state != SubscriptionState.ENDED,
        )
        .order_by(Subscription.next_check_at)
        .limit(AT_ONCE)
        .with_for_update(skip_locked=True)
    )
    due = list(await session.scalars(query))
    for row in due:
        row.next_check_at = next_check(row)
        await queue_look(session, row.provider, Subject("subscription", row.ref), cause="due check")
    return len(due)


async def look_for_unheard(session: AsyncSession) -> int:
    """Charges of ours whose outcome nobody has told and whose job is gone."""
    query = select(Payment.organisation_id, Payment.id).where(
        Payment.state == PaymentState.PENDING, Payment.ref.is_(None), Payment.created_at < now() - UNHEARD
    )
    found = (await session.execute(query.order_by(Payment.created_at).limit(AT_ONCE))).all()
    for organisation, payment in found:
        await enqueue(session, LookFor(organisation, payment), unless_queued=f"billing:find:{payment}")
    return len(found)


async def queue_look(
    session: AsyncSession, name: str, subject: Subject, *, cause: str, after: timedelta | None = None
) -> None:
    await enqueue(
        session,
        LookAgain(name, subject.kind, subject.ref, cause),
        after=after,
        unless_queued=f"billing:look:{name}:{subject}",
        one_at_a_time=f"billing:{name}:{subject}",
    )


async def read_changes(name: str) -> int:
    """What changed at the provider since we last asked, each queued to be looked at once its webhook had its time."""
    source = provider(name)
    since, began = await _read_until(source), now()
    found = dict.fromkeys([each async for each in source.list_changes(since - OVERLAP)])
    async with transaction(system="billing: what changed at a provider") as session:
        for subject in found:
            await queue_look(session, name, subject, cause="poll", after=ON_ITS_WAY)
        await _note(session, source, began)
    return len(found)


async def look_again(name: str, subject: Subject, *, cause: str) -> bool:
    """Read and apply; true when that brought money or access which no webhook had told of, nor is about to."""
    source = provider(name)
    picture = await picture_of(source, hint(source, subject))
    if picture is None:
        return False
    async with transaction(system=f"billing: {cause}") as session:
        before = await _known(session, picture)
        applied = await apply(session, picture, cause=cause, cause_ref=str(subject))
        after = await _known(session, picture)
        if before == after or applied.organisation is None or await _is_about_to_be_told(session, picture):
            return False
        account = (source.name, source.account, source.is_live)
        proposal = "It has been read and applied. If it happens again, look at the webhook's address and secret there."
        owner = applied.organisation
        await report(
            session, account, LOST, str(subject), organisation=owner, ours=before, theirs=after, proposal=proposal
        )
        await close(session, name, LOST, str(subject), by=cause)
    UNTOLD.labels(name).inc()
    log(__name__).error("a change came without its webhook", provider=name, subject=str(subject), found_by=cause)
    return True


async def listen_for_silence(session: AsyncSession, name: str) -> bool:
    """Payments come in and nothing is heard: an alarm that stays open until a webhook arrives."""
    source = provider(name)
    since = now() - SILENT_AFTER
    heard = select(func.max(ProviderEvent.received_at)).where(
        ProviderEvent.provider == name, ProviderEvent.is_live == source.is_live, ~ProviderEvent.reason.like("asked:%")
    )
    last = await session.scalar(heard)
    if last is not None and last >= since:
        await close(session, name, SILENCE, "webhooks", by="a webhook came")
        return False
    paid = select(func.count(Payment.id)).where(
        Payment.provider == name, Payment.state == PaymentState.PAID, Payment.occurred_at.between(since, now())
    )
    payments = await session.scalar(paid) or 0
    if not payments:
        return False
    account = (source.name, source.account, source.is_live)
    told = {"last_webhook": last.isoformat() if last else None, "payments_since": payments}
    proposal = "Look at the provider's list of webhook deliveries, and at the address and the secret set there."
    if await report(session, account, SILENCE, "webhooks", ours=told, proposal=proposal):
        log(__name__).error("payments come in and webhooks do not", provider=name, payments=payments)
    return True


async def _read_until(source: Provider) -> datetime:
    async with transaction(system="billing: how far changes were read") as session:
        query = select(SyncCursor.read_until).where(
            SyncCursor.provider == source.name,
            SyncCursor.account == source.account,
            SyncCursor.is_live == source.is_live,
            SyncCursor.stream == CHANGES,
        )
        return await session.scalar(query) or now() - FIRST_LOOK


async def _note(session: AsyncSession, source: Provider, until: datetime) -> None:
    statement = insert(SyncCursor).values(
        id=new_id(),
        provider=source.name,
        account=source.account,
        is_live=source.is_live,
        stream=CHANGES,
        read_until=until,
    )
    await session.execute(
        statement.on_conflict_do_update(
            index_elements=["provider", "account", "is_live", "stream"], set_={"read_until": until}
        )
    )


async def _known(session: AsyncSession, picture: Picture) -> dict[str, Any]:
    """What we hold of the money and the subscription in this picture, so that two moments can be compared."""
    where = (picture.provider, picture.account, picture.is_live)
    held: dict[str, Any] = {}
    refs = [each.ref for each in picture.payments]
    paid = select(Payment.ref, Payment.state).where(*_at(Payment, where), Payment.ref.in_(refs))
    held |= {f"payment {ref}": state for ref, state in await session.execute(paid) if state == PaymentState.PAID}
    backs = [each.ref for payment in picture.payments for each in payment.refunds]
    if backs:
        refunds = select(Refund.ref, Refund.state).where(*_at(Refund, where), Refund.ref.in_(backs))
        held |= {f"refund {ref}": state for ref, state in await session.execute(refunds)}
    fights = [each.ref for payment in picture.payments for each in payment.disputes]
    if fights:
        disputes = select(Dispute.ref, Dispute.state).where(*_at(Dispute, where), Dispute.ref.in_(fights))
        held |= {f"dispute {ref}": state for ref, state in await session.execute(disputes)}
    if picture.subscription:
        ref = picture.subscription.ref
        query = select(Subscription.state, Subscription.price_id, Subscription.cancel_at).where(
            *_at(Subscription, where), Subscription.ref == ref
        )
        for state, price, cancel_at in await session.execute(query):
            held[f"subscription {ref}"] = [state, str(price), cancel_at.isoformat() if cancel_at else None]
    return held


async def _is_about_to_be_told(session: AsyncSession, picture: Picture) -> bool:
    """Its webhook lies in the inbox: stored, and only not handled yet."""
    refs = {str(picture.subject.ref), *(each.ref for each in picture.payments)}
    refs |= {picture.subscription.ref} if picture.subscription else set()
    refs |= {picture.checkout.ref} if picture.checkout else set()
    refs |= {str(each.order) for each in picture.payments if each.order}
    query = select(ProviderEvent.id).where(
        ProviderEvent.provider == picture.provider,
        ProviderEvent.state == "new",
        or_(ProviderEvent.subject_ref.in_(refs), func.split_part(ProviderEvent.key, ":", 2).in_(refs)),
    )
    return await session.scalar(query.limit(1)) is not None


def _at(record: Any, where: tuple[str, str, bool]) -> tuple[Any, ...]:
    return (record.provider == where[0], record.account == where[1], record.is_live == where[2])
