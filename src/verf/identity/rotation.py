"""Refreshing: the one place where a refresh token is spent (contract C1, RFC 9700 section 4.14.2).

`rotate` returns a refusal instead of raising it, so that the edge commits the end of a stolen session, then answers.
"""

from dataclasses import dataclass
from enum import Enum
from uuid import UUID

from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncSession

from verf.errors import Conflict, NotSignedIn
from verf.identity import refresh_tokens
from verf.identity.facts import SessionStolen
from verf.identity.models import PersonRow, SessionRow
from verf.identity.refresh_tokens import Decision, RefreshToken
from verf.identity.sessions import Reason, Tokens, end, key_of, same_device, tokens_of
from verf.identity.settings import IdentitySettings
from verf.jobs import announce
from verf.kit import now
from verf.settings import load
from verf.telemetry import log
from verf.web import _

LOCK_NOT_AVAILABLE = "55P03"
WAIT_FOR_LOCK = text("SET LOCAL lock_timeout = '5s'")


class RefreshTokenRefused(NotSignedIn):
    """Sign in again. Deliberately the same for a forged, a spent and an expired token."""


class SessionBusy(Conflict):
    """The session is being refreshed elsewhere and that takes long; the same request may be sent again."""


class Refusal(Enum):
    UNKNOWN = "unknown"
    OVER = "over"
    STOLEN = "stolen"
    BUSY = "busy"


@dataclass(frozen=True, slots=True)
class Rotation:
    tokens: Tokens | None
    refusal: Refusal | None = None

    def granted(self) -> Tokens:
        """Only to be asked once the transaction is over."""
        if self.refusal is Refusal.BUSY:
            raise SessionBusy(_("This session is busy. Try again in a moment."))
        if self.tokens is None:
            raise RefreshTokenRefused(_("Your session is over. Sign in again."))
        return self.tokens


async def rotate(session: AsyncSession, presented: str, *, device: str | None) -> Rotation:
    """Spend a refresh token. Whoever loses a race, or lost our answer, gets the current token and not an error."""
    token = refresh_tokens.read(presented)
    try:
        row = await _lock(session, token.session) if token else None
    except DBAPIError as problem:
        if getattr(problem.orig, "sqlstate", None) != LOCK_NOT_AVAILABLE:
            raise
        return Rotation(None, Refusal.BUSY)
    if token is None or row is None or not token.signed_by(key_of(row)):
        return Rotation(None, Refusal.UNKNOWN)
    if row.ended_at is not None:
        return Rotation(None, Refusal.OVER)
    over = await _why_over(session, row)
    if over:
        await end(session, row.id, because=over)
        return Rotation(None, Refusal.OVER)
    return await _spend(session, row, token, device)


async def revoke(session: AsyncSession, presented: str) -> None:
    """Sign out with a refresh token; one that is spent or unknown says nothing, since the wish is already true."""
    token = refresh_tokens.read(presented)
    row = await session.get(SessionRow, token.session) if token else None
    if token and row and token.signed_by(key_of(row)):
        await end(session, row.id, because="signed-out")


async def _spend(session: AsyncSession, row: SessionRow, token: RefreshToken, device: str | None) -> Rotation:
    settings = load(IdentitySettings)
    decision = refresh_tokens.decide(
        row.counter - token.counter,
        since_refresh=now() - row.refreshed_at,
        reuse_interval=settings.reuse_interval,
        same_device=same_device(row, device),
    )
    log(__name__).info("refresh", session=str(row.id), decision=decision.value, behind=row.counter - token.counter)
    if decision is Decision.DESTROY:
        await end(session, row.id, because="stolen")
        await announce(session, SessionStolen(row.person_id, row.id))
        return Rotation(None, Refusal.STOLEN)
    if decision is Decision.REJECT:
        return Rotation(None, Refusal.UNKNOWN)
    if decision is Decision.ADVANCE:
        row.counter += 1
        row.refreshed_at = now()
        await session.flush()
    return Rotation(tokens_of(row))


async def _lock(session: AsyncSession, wanted: UUID) -> SessionRow | None:
    async with session.begin_nested():
        await session.execute(WAIT_FOR_LOCK)
        return await session.get(SessionRow, wanted, with_for_update=True)


async def _why_over(session: AsyncSession, row: SessionRow) -> Reason | None:
    settings, moment = load(IdentitySettings), now()
    if row.expires_at <= moment or row.refreshed_at + settings.idle_lifetime <= moment:
        return "expired"
    disabled = await session.scalar(select(PersonRow.disabled_at).where(PersonRow.id == row.person_id))
    return "disabled" if disabled else None
