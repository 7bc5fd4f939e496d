"""All that billing holds of an organisation, without ids and with times in hours, to lay two lives side by side."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from verf.billing.models import (
    CheckoutIntent,
    Dispute,
    Grant,
    LedgerEntry,
    LedgerTransaction,
    Payment,
    PaymentMethod,
    PlanVersion,
    Price,
    Refund,
    Subscription,
)
from verf.billing.states import PaymentState
from verf.database import transaction

HOUR = timedelta(hours=1)
Rows = list[dict[str, Any]]


@dataclass(frozen=True, kw_only=True)
class Portrait:
    """`face` is what is compared; `refs` are the providers' ids behind it, newest last, by kind."""

    face: Mapping[str, Rows]
    refs: Mapping[str, list[str]]


async def portrait(organisation: UUID, *, since: datetime) -> Portrait:
    """Times are whole hours since then, so that a moment's delay is none."""
    async with transaction(organisation=organisation) as session:
        sitter = _Sitter(session, organisation, since, await _plans(session))
        payments = await sitter.payments()
        face = {
            "subscriptions": await sitter.subscriptions(),
            "payments": payments,
            "refunds": await sitter.refunds(),
            "disputes": await sitter.disputes(),
            "access": await sitter.access(),
            "ledger": await sitter.ledger(),
        }
        return Portrait(face=face, refs=await sitter.refs())


async def _plans(session: AsyncSession) -> Mapping[UUID, str]:
    plans = {row.id: row.plan for row in await session.scalars(select(PlanVersion))}
    prices = await session.scalars(select(Price))
    return plans | {row.id: f"{plans[row.plan_version_id]} {row.amount} {row.currency}" for row in prices}


@dataclass(frozen=True)
class _Sitter:
    session: AsyncSession
    organisation: UUID
    since: datetime
    plans: Mapping[UUID, str]

    async def subscriptions(self) -> Rows:
        return _sorted(
            {
                "provider": row.provider,
                "state": row.state,
                "price": self.plans.get(row.price_id or row.plan_version_id, ""),
                "next": self.plans.get(row.pending_price_id, "") if row.pending_price_id else "",
                "paid_until": self._hours(row.paid_until),
                "cancel_at": self._hours(row.cancel_at),
                "hold": row.access_hold,
                "ended": row.ended_because,
                "is_second": row.duplicate_of is not None,
            }
            for row in await self._all(Subscription)
        )

    async def payments(self) -> Rows:
        """Pages that nobody paid are no payments."""
        return _sorted(
            {
                "kind": row.kind,
                "state": row.state,
                "amount": row.amount,
                "currency": row.currency,
                "refunded": row.refunded,
                "from": self._hours(row.period_start),
                "to": self._hours(row.period_end),
            }
            for row in await self._all(Payment)
            if row.state != PaymentState.VOID
        )

    async def refunds(self) -> Rows:
        rows = await self._all(Refund)
        return _sorted({"state": row.state, "amount": row.amount, "currency": row.currency} for row in rows)

    async def disputes(self) -> Rows:
        rows = await self._all(Dispute)
        return _sorted({"state": row.state, "amount": row.amount, "currency": row.currency} for row in rows)

    async def access(self) -> Rows:
        return _sorted(
            {
                "plan": self.plans.get(row.plan_version_id, "") if row.plan_version_id else row.feature,
                "source": row.source,
                "from": self._hours(row.starts_at),
                "to": self._hours(row.ends_at),
                "revoked": row.revoked_because,
            }
            for row in await self._all(Grant)
        )

    async def ledger(self) -> Rows:
        entries: dict[UUID, list[tuple[str, str, int]]] = {}
        for entry in await self._all(LedgerEntry):
            entries.setdefault(entry.transaction_id, []).append((entry.ledger, entry.currency, entry.amount))
        return _sorted(
            {"kind": row.kind, **{f"{name} {currency}": amount for name, currency, amount in entries[row.id]}}
            for row in await self._all(LedgerTransaction)
        )

    async def refs(self) -> Mapping[str, list[str]]:
        payments = [row for row in await self._all(Payment) if row.state == PaymentState.PAID]
        return {
            "subscription": [row.ref for row in await self._all(Subscription) if row.provider != "house"],
            "payment": [row.ref or "" for row in sorted(payments, key=lambda row: row.occurred_at)],
            "dispute": [row.ref for row in await self._all(Dispute)],
            "method": [row.ref for row in await self._all(PaymentMethod)],
            "checkout": [row.ref or "" for row in await self._all(CheckoutIntent)],
        }

    async def _all(self, record: Any) -> list[Any]:
        query = select(record).where(record.organisation_id == self.organisation)
        return list(await self.session.scalars(query.order_by(record.id)))

    def _hours(self, moment: datetime | None) -> int | None:
        return round((moment - self.since) / HOUR) if moment else None


def _sorted(rows: Any) -> Rows:
    return sorted(rows, key=lambda row: [(name, str(value)) for name, value in row.items()])
