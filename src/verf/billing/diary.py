"""What happened to money and access in a stretch of time, line by line, for people. Reads, and changes nothing."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from verf.billing.models import (
    Dispute,
    Finding,
    Grant,
    Payment,
    PlanVersion,
    Price,
    Refund,
    Subscription,
    SubscriptionEvent,
)
from verf.billing.states import PaymentState
from verf.database import transaction
from verf.kit import Money

Kind = Literal["charge", "declined", "refund", "dispute", "subscription", "access", "finding"]


@dataclass(frozen=True, kw_only=True)
class Line:
    """`organisation` is None for what concerns nobody of ours; `money` is what moved, if some did."""

    at: datetime
    kind: Kind
    organisation: UUID | None
    text: str
    money: Money | None = None


async def diary_of(since: datetime, until: datetime) -> list[Line]:
    """Everything in [since, until), in its order."""
    async with transaction(system="billing: the diary of a stretch of time") as session:
        plans = await _plans(session)
        lines = [
            each
            for part in (_payments, _refunds, _disputes, _subscriptions, _access, _findings)
            async for each in part(session, since, until, plans)
        ]
    # Of what happened at one moment: first the money, then what followed from it.
    return sorted(lines, key=lambda line: line.at.replace(microsecond=0))


async def _plans(session: AsyncSession) -> Mapping[UUID, str]:
    """The titles of plans, by version and by price."""
    versions = {row.id: row.title for row in await session.scalars(select(PlanVersion))}
    return versions | {row.id: versions[row.plan_version_id] for row in await session.scalars(select(Price))}


async def _payments(
    session: AsyncSession, since: datetime, until: datetime, plans: Mapping[UUID, str]
) -> AsyncIterator[Line]:
    query = select(Payment).where(Payment.occurred_at >= since, Payment.occurred_at < until)
    for row in await session.scalars(query.order_by(Payment.occurred_at, Payment.id)):
        money, kind = Money(row.amount, row.currency), row.kind.replace("_", "-")
        what = f"{plans.get(row.price_id, '')} {kind} through {row.provider}" if row.price_id else f"{kind} payment"
        if row.state == PaymentState.PAID:
            yield _line(row, "charge", f"paid {_told(money)}: {what}", money)
        elif row.state == PaymentState.FAILED:
            why = f" ({row.failure_code})" if row.failure_code else ""
            yield _line(row, "declined", f"{_told(money)} not paid{why}: {what}", money)


async def _refunds(
    session: AsyncSession, since: datetime, until: datetime, plans: Mapping[UUID, str]
) -> AsyncIterator[Line]:
    query = select(Refund).where(Refund.occurred_at >= since, Refund.occurred_at < until)
    for row in await session.scalars(query.order_by(Refund.occurred_at, Refund.id)):
        money = Money(row.amount, row.currency)
        by = "asked for by staff" if row.requested_by else f"made at {row.provider}"
        yield _line(row, "refund", f"{_told(money)} back, {row.state}, {by}", money)


async def _disputes(
    session: AsyncSession, since: datetime, until: datetime, plans: Mapping[UUID, str]
) -> AsyncIterator[Line]:
    query = select(Dispute).where(Dispute.occurred_at >= since, Dispute.occurred_at < until)
    for row in await session.scalars(query.order_by(Dispute.occurred_at, Dispute.id)):
        money = Money(row.amount, row.currency)
        yield _line(row, "dispute", f"{_told(money)} disputed ({row.reason}), {row.state}", money)


async def _subscriptions(
    session: AsyncSession, since: datetime, until: datetime, plans: Mapping[UUID, str]
) -> AsyncIterator[Line]:
    query = (
        select(SubscriptionEvent, Subscription)
        .join(Subscription, Subscription.id == SubscriptionEvent.subscription_id)
        .where(SubscriptionEvent.at >= since, SubscriptionEvent.at < until)
        .order_by(SubscriptionEvent.at, SubscriptionEvent.id)
    )
    for event, row in await session.execute(query):
        for text in _changes(event, row, plans):
            yield Line(at=event.at, kind="subscription", organisation=row.organisation_id, text=text)


def _changes(event: SubscriptionEvent, row: Subscription, plans: Mapping[UUID, str]) -> list[str]:
    """The states in words, and what else a person would tell."""
    changes: Mapping[str, Any] = event.changes
    told = []
    if event.from_state != event.to_state:
        end = f" because {row.ended_because}" if event.to_state == "ended" and row.ended_because else ""
        told.append(f"{event.from_state or 'new'} → {event.to_state}{end}".replace("_", " "))
    elif "price_id" in changes:
        old, new = (plans.get(UUID(each), "") if each else "nothing" for each in changes["price_id"])
        told.append(f"{old} → {new}")
    if (pending := changes.get("pending_price_id")) and pending[1]:
        told.append(f"becomes {plans.get(UUID(pending[1]), '')} when the paid time is over")
    if (cancel := changes.get("cancel_at")) and event.to_state != "ended":
        told.append(f"cancelled, ends {cancel[1][:10]}" if cancel[1] else "cancellation taken back")
    if hold := changes.get("access_hold"):
        told.append(f"access waits: {hold[1]}" if hold[1] else "access waits no longer")
    return told


async def _access(
    session: AsyncSession, since: datetime, until: datetime, plans: Mapping[UUID, str]
) -> AsyncIterator[Line]:
    given = select(Grant).where(Grant.created_at >= since, Grant.created_at < until)
    for row in await session.scalars(given.order_by(Grant.created_at, Grant.id)):
        until_when = f" until {row.ends_at:%d %b %Y}" if row.ends_at else ""
        what = plans.get(row.plan_version_id, "") if row.plan_version_id else row.feature
        yield Line(
            at=row.created_at,
            kind="access",
            organisation=row.organisation_id,
            text=f"{what} given{until_when} ({row.source})",
        )
    ended = select(Grant).where(Grant.ends_at >= since, Grant.ends_at < until, Grant.revoked_at.is_(None))
    renewed = {(row.organisation_id, row.starts_at) for row in await session.scalars(select(Grant))}
    for row in await session.scalars(ended.order_by(Grant.ends_at, Grant.id)):
        if row.ends_at and (row.organisation_id, row.ends_at) not in renewed:
            what = plans.get(row.plan_version_id, "") if row.plan_version_id else row.feature
            text = f"the time paid for {what} is over" if row.source == "payment" else f"{what} ({row.source}) is over"
            yield Line(at=row.ends_at, kind="access", organisation=row.organisation_id, text=text)
    taken = select(Grant).where(Grant.revoked_at >= since, Grant.revoked_at < until)
    for row in await session.scalars(taken.order_by(Grant.revoked_at, Grant.id)):
        if row.revoked_at:
            what = plans.get(row.plan_version_id, "") if row.plan_version_id else row.feature
            text = f"{what} taken away: {row.revoked_because}"
            yield Line(at=row.revoked_at, kind="access", organisation=row.organisation_id, text=text)


async def _findings(
    session: AsyncSession, since: datetime, until: datetime, plans: Mapping[UUID, str]
) -> AsyncIterator[Line]:
    query = select(Finding).where(Finding.found_at >= since, Finding.found_at < until)
    for row in await session.scalars(query.order_by(Finding.found_at, Finding.id)):
        text = f"{row.kind.replace('_', ' ')} at {row.provider}: {row.subject}, {row.state}"
        yield Line(at=row.found_at, kind="finding", organisation=row.organisation_id, text=text)


def _line(row: Payment | Refund | Dispute, kind: Kind, text: str, money: Money) -> Line:
    return Line(at=row.occurred_at, kind=kind, organisation=row.organisation_id, text=text, money=money)


def _told(money: Money) -> str:
    return f"{money.decimal} {money.currency}"
