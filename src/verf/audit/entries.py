"""Write an entry; read them newest first."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import insert, null, select
from sqlalchemy.ext.asyncio import AsyncSession

from verf.audit.models import EntryRow
from verf.kit import new_id, now
from verf.telemetry import mask, request_id


@dataclass(frozen=True, slots=True)
class Entry:
    id: UUID
    at: datetime
    organisation: UUID | None
    actor: str
    action: str
    subject: str
    before: Mapping[str, Any] | None
    after: Mapping[str, Any] | None
    request_id: str
    address: str


async def record(
    session: AsyncSession,
    actor: str,
    action: str,
    subject: str,
    *,
    before: Mapping[str, Any] | None = None,
    after: Mapping[str, Any] | None = None,
    address: str = "",
) -> None:
    """Record what this transaction does; secrets are masked. In an organisation's scope the entry is its own.

    `actor` and `subject` read "person:<id>", "staff:<id>", "organisation:<id>", "system"; `action` is past tense in
    the room's words: "identity.password-changed". Attempts that failed want a transaction of their own.
    """
    values = {
        "id": new_id(),
        "at": now(),
        "organisation_id": session.info.get("organisation"),
        "actor": actor,
        "action": action,
        "subject": subject,
        "before": null() if before is None else mask(before),
        "after": null() if after is None else mask(after),
        "request_id": request_id(),
        "address": address,
    }
    await session.execute(insert(EntryRow).values(values))


async def history(
    session: AsyncSession, *, subject: str = "", older_than: UUID | None = None, limit: int = 50
) -> list[Entry]:
    """What this scope may see, newest first: an organisation its own entries, the system all of them."""
    wanted = select(EntryRow).order_by(EntryRow.id.desc()).limit(limit)
    if subject:
        wanted = wanted.where(EntryRow.subject == subject)
    if older_than:
        wanted = wanted.where(EntryRow.id < older_than)
    return [_entry(row) for row in await session.scalars(wanted)]


def _entry(row: EntryRow) -> Entry:
    return Entry(
        row.id,
        row.at,
        row.organisation_id,
        row.actor,
        row.action,
        row.subject,
        row.before,
        row.after,
        row.request_id,
        row.address,
    )
