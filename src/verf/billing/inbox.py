"""Webhooks are stored before they are believed: word for word, once each, with the job that will look into them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from verf.billing.messages import HandleEvent
from verf.billing.models import CheckoutIntent, ProviderEvent
from verf.billing.providers.events import Event, Question
from verf.billing.providers.provider import Provider
from verf.billing.states import CheckoutState
from verf.jobs import enqueue
from verf.kit import new_id, now

KEPT_FOR = timedelta(days=90)
# Headers that say how a message was signed and sent; the others are the network's.
KEPT_HEADERS = ("content-type", "user-agent", "signature", "idempot", "x-request-id", "webhook")
SWEPT_AFTER = timedelta(minutes=5)
SWEPT_AT_ONCE = 500


@dataclass(frozen=True)
class Stored:
    """`is_payable` answers a provider that asked before it charges."""

    id: UUID
    state: str
    is_payable: bool = True


async def store(
    session: AsyncSession, provider: Provider, event: Event, *, headers: Mapping[str, str], body: bytes
) -> Stored:
    """Keep the message and queue its handling, both or neither. A redelivery of what is unhandled is queued again."""
    state, reason = _verdict(provider, event)
    is_payable = await payable(session, provider, event.question) if event.question else True
    if event.question and state == "new":
        state, reason = "handled", "asked: payable" if is_payable else "asked: not payable"
    subject = event.subject
    values = insert(ProviderEvent).values(
        id=new_id(),
        provider=provider.name,
        account=event.account,
        is_live=event.is_live,
        event_id=event.id,
        kind=event.kind,
        version=event.version,
        subject_kind=subject.kind if subject else "",
        subject_ref=subject.ref if subject else "",
        key=event.key,
        occurred_at=event.occurred_at,
        received_at=now(),
        headers={name: value for name, value in headers.items() if any(part in name for part in KEPT_HEADERS)},
        body=body,
        state=state,
        reason=reason,
        attempts=0,
        deliveries=1,
    )
    statement = values.on_conflict_do_update(
        index_elements=["provider", "account", "is_live", "event_id"],
        set_={"deliveries": ProviderEvent.deliveries + 1},
    ).returning(ProviderEvent.id, ProviderEvent.state)
    found, kept_state = (await session.execute(statement)).one()
    if kept_state == "new":
        await queue(session, provider.name, found, event.key or str(subject))
    return Stored(found, kept_state, is_payable)


async def queue(session: AsyncSession, provider: str, event: UUID, key: str) -> None:
    """One object, one job at a time; one event, one job in the queue."""
    await enqueue(
        session, HandleEvent(event), one_at_a_time=f"billing:{provider}:{key}", unless_queued=f"billing-event:{event}"
    )


async def payable(session: AsyncSession, provider: Provider, question: Question) -> bool:
    """Whether this order may still be paid with this sum: ours, open, not over."""
    intent = await session.get(CheckoutIntent, question.order)
    return (
        intent is not None
        and intent.provider == provider.name
        and intent.state == CheckoutState.OPEN
        and intent.expires_at > now()
        and (intent.amount, intent.currency) == (question.money.minor_units, question.money.currency)
    )


async def sweep(session: AsyncSession) -> int:
    """Queue again what has lain unhandled for five minutes: its job was lost, or the house was down."""
    query = (
        select(ProviderEvent.id, ProviderEvent.provider, ProviderEvent.key)
        .where(ProviderEvent.state == "new", ProviderEvent.received_at < now() - SWEPT_AFTER)
        .order_by(ProviderEvent.received_at)
        .limit(SWEPT_AT_ONCE)
    )
    found = list(await session.execute(query))
    for event, provider, key in found:
        await queue(session, provider, event, key)
    return len(found)


async def forget_old(session: AsyncSession) -> None:
    await session.execute(
        delete(ProviderEvent).where(ProviderEvent.received_at < now() - KEPT_FOR, ProviderEvent.state != "new")
    )


async def mark(
    session: AsyncSession,
    event: UUID,
    state: str,
    *,
    reason: str = "",
    organisation: UUID | None = None,
    at: datetime | None = None,
) -> None:
    await session.execute(
        update(ProviderEvent)
        .where(ProviderEvent.id == event)
        .values(
            state=state,
            reason=reason,
            handled_at=at or now(),
            organisation_id=organisation,
            attempts=ProviderEvent.attempts + 1,
        )
    )


async def note_failure(session: AsyncSession, event: UUID, reason: str, *, is_final: bool) -> None:
    """Written in a transaction of its own, since that of the work has been rolled back."""
    values = {"attempts": ProviderEvent.attempts + 1, "reason": reason[:500]}
    if is_final:
        values["state"] = "failed"
    await session.execute(update(ProviderEvent).where(ProviderEvent.id == event).values(values))


def _verdict(provider: Provider, event: Event) -> tuple[str, str]:
    if event.is_live != provider.is_live:
        return "ignored", "wrong mode"
    if event.account and provider.account and event.account != provider.account:
        return "ignored", "another account"
    if event.subject is None and event.question is None:
        return "ignored", "not about billing"
    return "new", ""
