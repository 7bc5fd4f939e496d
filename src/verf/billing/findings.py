"""Differences between a provider and us, kept until somebody or something has put them right."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from verf.billing.models import Finding
from verf.kit import new_id, now
from verf.telemetry import counter, log

FOUND = counter("verf_billing_findings_total", "Differences found between a provider and us.", ["provider", "kind"])


async def report(
    session: AsyncSession,
    account: tuple[str, str, bool],
    kind: str,
    subject: str,
    *,
    organisation: UUID | None = None,
    ours: Mapping[str, Any] | None = None,
    theirs: Mapping[str, Any] | None = None,
    proposal: str = "",
) -> UUID | None:
    """Open a finding, once: None while the same one is open already. `account` is (provider, account, is_live)."""
    values = {
        "id": new_id(),
        "provider": account[0],
        "account": account[1],
        "is_live": account[2],
        "kind": kind,
        "subject": subject,
        "organisation_id": organisation,
        "ours": dict(ours or {}),
        "theirs": dict(theirs or {}),
        "proposal": proposal,
        "state": "open",
        "found_at": now(),
        "closed_by": "",
    }
    found = await session.scalar(insert(Finding).values(values).on_conflict_do_nothing().returning(Finding.id))
    if found is not None:
        FOUND.labels(account[0], kind).inc()
        log(__name__).warning("a provider and we differ", provider=account[0], kind=kind, subject=subject)
    return found


async def close(
    session: AsyncSession, provider: str, kind: str, subject: str, *, by: str, at: datetime | None = None
) -> None:
    """The difference is gone."""
    await session.execute(
        update(Finding)
        .where(Finding.provider == provider, Finding.kind == kind, Finding.subject == subject, Finding.state == "open")
        .values(state="repaired", closed_at=at or now(), closed_by=by)
    )
