"""Answers kept by idempotency key: take the key, keep the answer, or give the key back."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import ColumnElement, and_, case, delete, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.sql.dml import ReturningInsert

from verf.kit import new_id, now
from verf.limits.idempotency_keys import IdempotencyKeyInFlight, IdempotencyKeyReused
from verf.limits.models import AnswerRow

KEPT = timedelta(hours=24)
# Real time, not the house's clock: moving the sandbox clock ends no request.
LEASE = timedelta(seconds=20)
SAME = ("organisation_id", "actor", "route", "key")


@dataclass(frozen=True, kw_only=True)
class Request:
    """Who asks for what: a key means something only together with these."""

    organisation: UUID
    actor: str
    route: str
    key: str
    fingerprint: bytes


@dataclass(frozen=True, kw_only=True)
class Claim:
    """The right to do it. `operation` stays the same when a later request takes over from one that died."""

    operation: UUID
    holder: UUID


@dataclass(frozen=True, kw_only=True)
class Answer:
    status: int
    headers: Mapping[str, str]
    body: bytes


async def claim(session: AsyncSession, request: Request) -> Claim | Answer:
    """The key is ours, or the answer that was given; IdempotencyKeyReused or IdempotencyKeyInFlight otherwise."""
    holder = new_id()
    operation = await session.scalar(_taking(request, holder))
    if operation is not None:
        return Claim(operation=operation, holder=holder)
    row = (await session.scalars(select(AnswerRow).where(*_is(request)))).one_or_none()
    if row is None or (row.status is None and row.fingerprint == request.fingerprint):
        raise IdempotencyKeyInFlight("The first request with this Idempotency-Key is still being worked on.")
    if row.fingerprint != request.fingerprint:
        raise IdempotencyKeyReused("This Idempotency-Key came before, with other contents. Take a new one.")
    assert row.status is not None
    return Answer(status=row.status, headers=row.headers, body=row.body)


async def keep_alive(session: AsyncSession, claimed: Claim) -> None:
    await session.execute(update(AnswerRow).where(*_held(claimed)).values(alive_until=_lease()))


async def keep(session: AsyncSession, claimed: Claim, answer: Answer) -> None:
    """From now on the same request gets this answer. Nothing happens when somebody has taken over."""
    kept = {"status": answer.status, "headers": dict(answer.headers), "body": answer.body}
    await session.execute(update(AnswerRow).where(*_held(claimed)).values(kept))


async def give_back(session: AsyncSession, claimed: Claim) -> None:
    """Nothing was decided: the same request may be sent again."""
    await session.execute(delete(AnswerRow).where(*_held(claimed)))


async def forget_old(session: AsyncSession) -> None:
    await session.execute(delete(AnswerRow).where(AnswerRow.expires_at <= now()))


def _taking(request: Request, holder: UUID) -> "ReturningInsert[UUID]":
    moment = now()
    fresh = {
        "fingerprint": request.fingerprint,
        "holder": holder,
        "alive_until": _lease(),
        "status": None,
        "headers": {},
        "body": b"",
        "expires_at": moment + KEPT,
    }
    who = dict(zip(SAME, (request.organisation, request.actor, request.route, request.key), strict=True))
    statement = insert(AnswerRow).values(id=new_id(), **who, **fresh)
    is_over = AnswerRow.expires_at <= moment
    # Its worker died. Other contents never inherit.
    is_silent = and_(
        AnswerRow.status.is_(None),
        AnswerRow.alive_until < func.clock_timestamp(),
        AnswerRow.fingerprint == request.fingerprint,
    )
    operation = case((is_over, statement.excluded.id), else_=AnswerRow.id)
    return statement.on_conflict_do_update(
        index_elements=SAME, set_={**fresh, "id": operation}, where=or_(is_over, is_silent)
    ).returning(AnswerRow.id)


def _lease() -> ColumnElement[datetime]:
    return func.clock_timestamp() + LEASE


def _is(request: Request) -> tuple[ColumnElement[bool], ...]:
    return (
        AnswerRow.organisation_id == request.organisation,
        AnswerRow.actor == request.actor,
        AnswerRow.route == request.route,
        AnswerRow.key == request.key,
    )


def _held(claimed: Claim) -> tuple[ColumnElement[bool], ...]:
    return AnswerRow.id == claimed.operation, AnswerRow.holder == claimed.holder
