"""Sessions: one per sign-in and device. Tokens only name them; whether one lives is read from here on every request."""

import hmac
import os
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import Literal
from uuid import UUID

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from verf.audit import record
from verf.errors import NotFound
from verf.identity import access_tokens, refresh_tokens
from verf.identity.devices import describe
from verf.identity.models import SessionRow
from verf.identity.settings import IdentitySettings
from verf.identity.viewers import SessionId
from verf.kit import new_id, now
from verf.realtime import publish, session_topic
from verf.settings import load, secret
from verf.web import _

KEY_BYTES = 32
NONCE_BYTES = 12
KEPT = timedelta(days=30)

Reason = Literal["signed-out", "ended-by-person", "ended-by-staff", "password-changed", "stolen", "expired", "disabled"]


class SessionNotFound(NotFound):
    """Not there, not yours, or over already."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a request comes from. `device` is the value of the device cookie."""

    device: str | None = None
    user_agent: str = ""
    ip: str | None = None


@dataclass(frozen=True, slots=True)
class Tokens:
    session: SessionId
    access: str
    refresh: str


@dataclass(frozen=True, slots=True)
class OpenSession:
    id: SessionId
    device: str
    ip: str
    created_at: datetime
    seen_at: datetime


async def begin(session: AsyncSession, person: UUID, origin: Origin) -> Tokens:
    """A new session for somebody whose password or link was just checked."""
    key, begun = secrets.token_bytes(KEY_BYTES), now()
    row = SessionRow(
        id=new_id(),
        person_id=person,
        counter=1,
        device_hash=hash_device(origin.device),
        user_agent=origin.user_agent[:400],
        ip=origin.ip,
        created_at=begun,
        refreshed_at=begun,
        expires_at=begun + load(IdentitySettings).absolute_lifetime,
    )
    row.sealed_key = _seal(key, row.id)
    session.add(row)
    await session.flush()
    await record(session, f"person:{person}", "identity.signed-in", f"session:{row.id}", address=origin.ip or "")
    return tokens_of(row)


def tokens_of(row: SessionRow) -> Tokens:
    """The current refresh token of a session and a fresh access token."""
    refresh = refresh_tokens.write(row.id, row.counter, key_of(row))
    return Tokens(SessionId(row.id), access_tokens.write(row.person_id, row.id), refresh)


def key_of(row: SessionRow) -> bytes:
    nonce, sealed = row.sealed_key[:NONCE_BYTES], row.sealed_key[NONCE_BYTES:]
    return AESGCM(secret("session keys")).decrypt(nonce, sealed, row.id.bytes)


async def end(session: AsyncSession, ending: UUID, *, because: Reason) -> None:
    """The session's tokens stop working with this commit, its open streams close. Ending twice changes nothing."""
    query = update(SessionRow).where(SessionRow.id == ending, SessionRow.ended_at.is_(None))
    query = query.values(ended_at=now(), ended_because=because)
    person = (await session.scalars(query.returning(SessionRow.person_id))).one_or_none()
    if person:
        await _say_ended(session, person, ending, because)


async def end_own(session: AsyncSession, person: UUID, ending: UUID) -> None:
    query = update(SessionRow).where(
        SessionRow.id == ending, SessionRow.person_id == person, SessionRow.ended_at.is_(None)
    )
    ended = await session.execute(
        query.values(ended_at=now(), ended_because="ended-by-person").returning(SessionRow.id)
    )
    if ended.one_or_none() is None:
        raise SessionNotFound(_("There is no such session, or it is over already."))
    await _say_ended(session, person, ending, "ended-by-person")


async def end_all(session: AsyncSession, person: UUID, *, because: Reason, keep: UUID | None = None) -> int:
    """End every session of a person but the one to keep; say how many that were."""
    query = update(SessionRow).where(SessionRow.person_id == person, SessionRow.ended_at.is_(None))
    if keep:
        query = query.where(SessionRow.id != keep)
    query = query.values(ended_at=now(), ended_because=because)
    ended = (await session.scalars(query.returning(SessionRow.id))).all()
    for each in ended:
        await _say_ended(session, person, each, because)
    return len(ended)


async def sessions_of(session: AsyncSession, person: UUID) -> list[OpenSession]:
    """Most recently used first."""
    idle_since = now() - load(IdentitySettings).idle_lifetime
    query = select(SessionRow).where(
        SessionRow.person_id == person,
        SessionRow.ended_at.is_(None),
        SessionRow.expires_at > now(),
        SessionRow.refreshed_at > idle_since,
    )
    rows = await session.scalars(query.order_by(SessionRow.refreshed_at.desc()))
    return [
        OpenSession(SessionId(row.id), describe(row.user_agent), str(row.ip or ""), row.created_at, row.refreshed_at)
        for row in rows
    ]


async def forget_old_sessions(session: AsyncSession) -> None:
    """Over for a month: long enough to look into what happened."""
    long_over = now() - KEPT
    ended = (SessionRow.ended_at < long_over) | (SessionRow.expires_at < long_over)
    await session.execute(delete(SessionRow).where(ended))


async def choose_organisation(session: AsyncSession, chosen_in: UUID, organisation: UUID) -> None:
    """Which organisation this session works in from now on. That the person belongs there is checked by the caller."""
    await session.execute(update(SessionRow).where(SessionRow.id == chosen_in).values(organisation_id=organisation))


async def _say_ended(session: AsyncSession, person: UUID, ended: UUID, because: Reason) -> None:
    """To the streams that are open in it, which close, and to the audit."""
    await publish(session, session_topic(ended), "ended")
    await record(session, f"person:{person}", "identity.session-ended", f"session:{ended}", after={"because": because})


def hash_device(device: str | None) -> bytes | None:
    return sha256(device.encode()).digest() if device else None


def same_device(row: SessionRow, device: str | None) -> bool:
    presented = hash_device(device)
    return presented is not None and row.device_hash is not None and hmac.compare_digest(presented, row.device_hash)


def _seal(key: bytes, session: UUID) -> bytes:
    nonce = os.urandom(NONCE_BYTES)
    return nonce + AESGCM(secret("session keys")).encrypt(nonce, key, session.bytes)
