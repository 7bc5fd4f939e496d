"""What staff does about a difference or a webhook: read again, replay, or let it be."""

from typing import cast, get_args
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from verf.billing.applying import apply
from verf.billing.handling import picture_of
from verf.billing.inbox import queue
from verf.billing.models import Finding, ProviderEvent
from verf.billing.providers.pictures import Subject, SubjectKind
from verf.billing.providers.registry import provider
from verf.billing.reconciling import hint, recheck
from verf.database import transaction
from verf.errors import Conflict, NotFound
from verf.kit import now
from verf.web import _


class FindingUnknown(NotFound):
    """There is no such finding."""


class AlreadyInTheQueue(Conflict):
    """A webhook that has not been handled yet is handled anyway."""


async def replay(session: AsyncSession, event: ProviderEvent) -> None:
    """Handle it once more, as if it had just come; what it says is still only a hint."""
    if event.state == "new":
        raise AlreadyInTheQueue(_("It is waiting to be handled already."))
    event.state, event.attempts, event.reason, event.handled_at = "new", 0, "", None
    await session.flush()
    await queue(session, event.provider, event.id, event.key)


async def dismiss(session: AsyncSession, finding: UUID, *, by: str) -> None:
    """It is known and stays as it is."""
    change = update(Finding).where(Finding.id == finding, Finding.state == "open")
    closed = await session.scalar(change.values(state="dismissed", closed_at=now(), closed_by=by).returning(Finding.id))
    if closed is None:
        raise FindingUnknown(_("There is no such finding, or it is closed."))


async def repair(finding: UUID) -> bool:
    """Read the object at its provider again and apply it. Says whether the difference is gone. Calls outside."""
    async with transaction(system="staff repairs a finding") as session:
        known = await session.get(Finding, finding)
    if known is None or known.state != "open":
        raise FindingUnknown(_("There is no such finding, or it is closed."))
    kind, _separator, ref = known.subject.partition(":")
    if kind not in get_args(SubjectKind):
        return False
    source = provider(known.provider)
    picture = await picture_of(source, hint(source, Subject(cast("SubjectKind", kind), ref)))
    if picture is not None:
        async with transaction(system="staff repairs a finding") as session:
            await apply(session, picture, cause="staff", cause_ref=str(finding))
    await recheck(known.provider)
    async with transaction(system="staff repairs a finding") as session:
        state = await session.scalar(select(Finding.state).where(Finding.id == finding))
    return state != "open"
