"""Webhooks are stored before they are believed: word for word, once each, with the job that will look into them."""

from collections.abc import Mapping, Sequence
from contextvars import Context, copy_context
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from verf.billing.messages import HandleEvent
from verf.billing.models import CheckoutIntent, ProviderEvent
from verf.billing.providers.events import Event, Question
from verf.billing.providers.provider import Provider
from verf.billing.states import CheckoutState
from verf.database import Line
from verf.jobs import Entry, enqueue_all
from verf.kit import new_id, now

KEPT_FOR = timedelta(days=90)
# Headers that say how a message was signed and sent; the others are the network's.
KEPT_HEADERS = ("content-type", "user-agent", "signature", "idempot", "x-request-id", "webhook")
SWEPT_AFTER = timedelta(minutes=5)
SWEPT_AT_ONCE = 500

# As the driver takes them: one message or many are one statement, and composing it would cost more than sending it.
COLUMNS = {
    "id": "uuid",
    "provider": "text",
    "account": "text",
    "is_live": "boolean",
    "event_id": "text",
    "kind": "text",
    "version": "text",
    "subject_kind": "text",
    "subject_ref": "text",
    "key": "text",
    "occurred_at": "timestamptz",
    "received_at": "timestamptz",
    "headers": "text",
    "body": "bytea",
    "state": "text",
    "reason": "text",
}
INSERT = f"""
INSERT INTO billing.provider_events AS event ({", ".join(COLUMNS)}, attempts, deliveries)
SELECT {", ".join(COLUMNS).replace("headers", "headers::jsonb")}, 0, 1
FROM unnest({", ".join(f"${place}::{kind}[]" for place, kind in enumerate(COLUMNS.values(), 1))})
    AS letter ({", ".join(COLUMNS)})
"""
ONCE = "ON CONFLICT (provider, account, is_live, event_id) DO"
COUNT_AGAIN = f"{INSERT} {ONCE} UPDATE SET deliveries = event.deliveries + 1 RETURNING id, state"
# DO NOTHING alone would wait for whoever changes the row that is in the way.
LEAVE = f"""{INSERT} WHERE NOT EXISTS (
    SELECT FROM billing.provider_events known
    WHERE (known.provider, known.account, known.is_live, known.event_id)
        = (letter.provider, letter.account, letter.is_live, letter.event_id)
) {ONCE} NOTHING RETURNING id, state"""


@dataclass(frozen=True)
class Stored:
    """`is_payable` answers a provider that asked before it charges."""

    id: UUID
    state: str
    is_payable: bool = True


@dataclass(frozen=True, kw_only=True)
class Letter:
    """An authentic message as it came; `context` is that of its request, whose name its job will carry."""

    provider: Provider
    event: Event
    headers: Mapping[str, str]
    body: bytes
    id: UUID = field(default_factory=new_id)
    context: Context = field(default_factory=copy_context)


async def store(session: AsyncSession, letter: Letter) -> Stored:
    """Keep the message and queue its handling, both or neither. A redelivery of what is unhandled is queued again."""
    state, reason = _verdict(letter)
    question = letter.event.question
    is_payable = await payable(session, letter.provider, question) if question else True
    if question and state == "new":
        state, reason = "handled", "asked: payable" if is_payable else "asked: not payable"
    connection = await session.connection()
    columns = _columns([_row(letter, state, reason)])
    kept = (await connection.exec_driver_sql(COUNT_AGAIN, columns)).one()
    found, kept_state = kept.id, kept.state
    if kept_state == "new":
        await enqueue_all(session, [_job_of(letter, found)])
    return Stored(found, kept_state, is_payable)


async def store_new(line: Line, letters: Sequence[Letter]) -> list[Stored | None]:
    """Keep many messages with their jobs, all or none. None stands for one that was here before: it is left as it is.

    Waits for no row that somebody works on, so no message can hold up the others. Questions are not for here.
    """
    rows = [_row(letter, *_verdict(letter)) for letter in letters]
    states = dict(await line.ask(LEAVE, *_columns(rows)))
    await enqueue_all(line, [_job_of(each, each.id) for each in letters if states.get(each.id) == "new"])
    return [Stored(each.id, states[each.id]) if each.id in states else None for each in letters]


def _columns(rows: Sequence[tuple[Any, ...]]) -> tuple[tuple[Any, ...], ...]:
    return tuple(zip(*rows, strict=True))


def _row(letter: Letter, state: str, reason: str) -> tuple[Any, ...]:
    """In the order of COLUMNS."""
    event, subject = letter.event, letter.event.subject
    kept = {name: value for name, value in letter.headers.items() if any(part in name for part in KEPT_HEADERS)}
    return (
        letter.id,
        letter.provider.name,
        event.account,
        event.is_live,
        event.id,
        event.kind,
        event.version,
        subject.kind if subject else "",
        subject.ref if subject else "",
        event.key,
        event.occurred_at,
        now(),
        orjson.dumps(kept).decode(),
        letter.body,
        state,
        reason,
    )


def _job_of(letter: Letter, event: UUID) -> Entry:
    key = letter.event.key or str(letter.event.subject)
    return letter.context.run(_job, letter.provider.name, event, key)


def _job(provider: str, event: UUID, key: str) -> Entry:
    """One object, one job at a time; one event, one job in the queue."""
    turn, once = f"billing:{provider}:{key}", f"billing-event:{event}"
    return Entry(HandleEvent(event), one_at_a_time=turn, unless_queued=once)


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
    await enqueue_all(session, [_job(provider, event, key) for event, provider, key in found])
    return len(found)


async def queue(session: AsyncSession, provider: str, event: UUID, key: str) -> None:
    await enqueue_all(session, [_job(provider, event, key)])


async def forget_old(session: AsyncSession) -> None:
    await session.execute(
        delete(ProviderEvent).where(ProviderEvent.received_at < now() - KEPT_FOR, ProviderEvent.state != "new")
    )


async def mark(
    session: AsyncSession,
    events: Sequence[UUID],
    state: str,
    *,
    reason: str = "",
    organisation: UUID | None = None,
    at: datetime | None = None,
) -> None:
    await session.execute(
        update(ProviderEvent)
        .where(ProviderEvent.id.in_(events))
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


def _verdict(letter: Letter) -> tuple[str, str]:
    provider, event = letter.provider, letter.event
    if event.is_live != provider.is_live:
        return "ignored", "wrong mode"
    if event.account and provider.account and event.account != provider.account:
        return "ignored", "another account"
    if event.subject is None and event.question is None:
        return "ignored", "not about billing"
    return "new", ""
