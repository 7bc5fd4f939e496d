"""The worker's part: ask the provider, with nothing locked and no transaction open, then write down its answer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, NoReturn, cast
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.event import listen
from sqlalchemy.ext.asyncio import AsyncSession

from verf.billing.applying import Applied, apply, close_intent
from verf.billing.inbox import mark, note_failure
from verf.billing.models import CheckoutIntent, ProviderEvent
from verf.billing.providers.events import Event, ProviderUnreachable
from verf.billing.providers.pictures import Picture, Subject, SubjectKind
from verf.billing.providers.provider import Provider
from verf.billing.providers.registry import provider
from verf.billing.states import CheckoutState
from verf.database import transaction
from verf.errors import VerfError
from verf.kit import now
from verf.telemetry import counter, log

HANDLED = counter("verf_billing_events_total", "Webhooks handled, by what came of it.", ["provider", "outcome"])

# A page that was made a moment ago may not be found everywhere yet.
YOUNG = timedelta(seconds=30)


@dataclass(frozen=True)
class Known:
    """A stored event, as far as its handling needs it.

    `alike` are those about the very same object that waited beside it: what is read now was asked after all of them
    had arrived, so that one answer is the answer to each.
    """

    provider: str
    state: str
    event: Event
    alike: Sequence[UUID] = ()


class WrongSide(VerfError):
    """The provider answered for another account or mode than ours: nothing of it is applied."""


async def handle(event: UUID, *, is_last: bool) -> None:
    """From a stored webhook to the truth, once; `is_last`: after this failure it waits for staff."""
    known = await _load(event)
    if known is None or known.state != "new":
        return
    try:
        await _handle(event, known)
    except ProviderUnreachable as error:
        async with transaction() as session:
            await note_failure(session, event, str(error), is_final=False)
        raise
    except Exception as error:
        async with transaction() as session:
            await note_failure(session, event, repr(error), is_final=is_last)
        if is_last:
            HANDLED.labels(known.provider, "failed").inc()
            log(__name__).error("a webhook could not be handled", id=str(event), provider=known.provider)
        raise


async def _handle(event: UUID, known: Known) -> None:
    picture = await picture_of(provider(known.provider), known.event)
    async with transaction(system=f"billing: {known.provider} {known.event.kind}") as session:
        if picture is None:
            await mark(session, [event, *known.alike], "ignored", reason="the provider knows no such object")
            HANDLED.labels(known.provider, "ignored").inc(1 + len(known.alike))
            return
        applied = await apply(session, picture, cause=known.event.kind, cause_ref=known.event.id)
        reason = "" if applied.organisation else "nobody of ours"
        await mark(session, [event, *known.alike], "handled", reason=reason, organisation=applied.organisation)
    HANDLED.labels(known.provider, "handled").inc(1 + len(known.alike))


async def picture_of(source: Provider, event: Event) -> Picture | None:
    subject = await source.locate(event)
    return await photograph(source, subject) if subject else None


async def photograph(source: Provider, subject: Subject) -> Picture | None:
    """The picture, if it is of the account and the mode we believe to talk to."""
    picture = await source.fetch(subject)
    if picture and (picture.is_live != source.is_live or (picture.account or source.account) != source.account):
        raise WrongSide(f"{source.name} answered for another account or mode: {picture.account}.")
    return picture


async def refresh(name: str, subject: Subject, *, cause: str) -> Applied | None:
    """Ask now and apply. None: the provider knows no such object."""
    picture = await photograph(provider(name), subject)
    if picture is None:
        await _let_go(name, subject)
        return None
    async with transaction(system=f"billing: {cause}") as session:
        return await apply(session, picture, cause=cause, cause_ref=str(subject))


async def _let_go(name: str, subject: Subject) -> None:
    """A page that its provider no longer knows (Wata forgets links that are over) cannot be paid any more."""
    if subject.kind != "checkout":
        return
    async with transaction(system=f"billing: {name} has forgotten a checkout") as session:
        query = select(CheckoutIntent).where(
            CheckoutIntent.provider == name,
            CheckoutIntent.ref == subject.ref,
            CheckoutIntent.state == CheckoutState.OPEN,
            CheckoutIntent.created_at < now() - YOUNG,
        )
        intent = await session.scalar(query.with_for_update())
        if intent is not None:
            await close_intent(session, intent, CheckoutState.EXPIRED)


async def rehearse(event: UUID) -> Mapping[str, Any]:
    """What handling this event now would change, and nothing of it changed."""
    known = await _load(event)
    if known is None:
        return {}
    picture = await picture_of(provider(known.provider), known.event)
    if picture is None:
        return {"found": False}
    try:
        async with transaction(system="billing: dry run of a webhook") as session:
            _stop(await _changes(session, picture))
    except _Rehearsed as done:
        return done.changes

    return {}


def _stop(changes: Mapping[str, Any]) -> NoReturn:
    raise _Rehearsed(changes)


class _Rehearsed(Exception):
    """Rolls the dry run back and carries its outcome out."""

    def __init__(self, changes: Mapping[str, Any]) -> None:
        super().__init__()
        self.changes = changes


async def _changes(session: AsyncSession, picture: Picture) -> Mapping[str, Any]:
    """The rows that the picture would add or change, by table."""
    seen: dict[str, list[dict[str, Any]]] = {}

    def note(context: Any, flush_context: Any, instances: Any = None) -> None:
        for row in [*context.new, *context.dirty]:
            if row in context.new or context.is_modified(row):
                seen.setdefault(row.__tablename__, []).append({"id": str(row.id), "is_new": row in context.new})

    listen(session.sync_session, "before_flush", note)
    applied = await apply(session, picture, cause="dry run")
    await session.flush()
    return {"found": True, "organisation": str(applied.organisation or ""), "is_stale": applied.is_stale, "rows": seen}


async def _load(event: UUID) -> Known | None:
    async with transaction() as session:
        row = await session.get(ProviderEvent, event)
        if row is None:
            return None
        subject = Subject(cast("SubjectKind", row.subject_kind), row.subject_ref) if row.subject_kind else None
        told = Event(
            id=row.event_id,
            kind=row.kind,
            account=row.account,
            is_live=row.is_live,
            occurred_at=row.occurred_at,
            subject=subject,
            key=row.key,
            version=row.version,
        )
        return Known(row.provider, row.state, told, await _alike(session, row) if row.state == "new" else ())


async def _alike(session: AsyncSession, row: ProviderEvent) -> Sequence[UUID]:
    """Stored, not handled, and about the same object, at the same account and in the same mode."""
    if not row.subject_kind:
        return ()
    query = select(ProviderEvent.id).where(
        ProviderEvent.state == "new",
        ProviderEvent.id != row.id,
        ProviderEvent.provider == row.provider,
        ProviderEvent.account == row.account,
        ProviderEvent.is_live == row.is_live,
        ProviderEvent.subject_kind == row.subject_kind,
        ProviderEvent.subject_ref == row.subject_ref,
    )
    return list(await session.scalars(query))
