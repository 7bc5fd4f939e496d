"""What staff looks through: subscriptions, payments, the ledger, webhooks, findings. Wants the system's scope."""

from collections.abc import Sequence
from typing import Any, TypeVar
from uuid import UUID

from sqlalchemy import func, or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from verf.billing.customers import found_by
from verf.billing.models import (
    Dispute,
    Finding,
    Grant,
    LedgerEntry,
    LedgerTransaction,
    Payment,
    PlanVersion,
    Price,
    ProviderEvent,
    Refund,
    Subscription,
    SubscriptionEvent,
)
from verf.billing.refunds import PaymentUnknown
from verf.database import transaction
from verf.errors import NotFound
from verf.web import Table, _

STATES = ("trialing", "active", "past_due", "suspended", "incomplete", "ended")
PAYMENT_STATES = ("paid", "failed", "pending", "void")
EVENT_STATES = ("new", "handled", "ignored", "failed")
LEDGER_KINDS = ("charge", "refund", "fee", "dispute_opened", "dispute_won", "dispute_lost", "credit", "credit_used")
FINDING_STATES = ("open", "repaired", "dismissed")
MOST_LINES = 200

Row = TypeVar("Row")


async def subscriptions(session: AsyncSession, table: Table) -> tuple[Sequence[Any], int]:
    query = (
        select(Subscription, PlanVersion, Price)
        .join(PlanVersion, PlanVersion.id == Subscription.plan_version_id)
        .outerjoin(Price, Price.id == Subscription.price_id)
        .order_by(Subscription.created_at.desc(), Subscription.id)
    )
    query = _narrowed(query, table, {"state": Subscription.state, "provider": Subscription.provider})
    if table.search:
        owners = await found_by(session, table.search)
        query = query.where(or_(Subscription.organisation_id.in_(owners), Subscription.ref == table.search))
    return await _page(session, query, table)


async def payments(session: AsyncSession, table: Table) -> tuple[Sequence[Any], int]:
    query = select(Payment).order_by(Payment.occurred_at.desc(), Payment.id)
    query = _narrowed(query, table, {"state": Payment.state, "provider": Payment.provider})
    if table.search:
        owners = await found_by(session, table.search)
        query = query.where(
            or_(Payment.organisation_id.in_(owners), Payment.ref == table.search, Payment.number == table.search)
        )
    return await _page(session, query, table)


async def payment(wanted: UUID) -> Payment:
    return await found(Payment, wanted, PaymentUnknown(_("There is no such payment.")))


async def found(record: type[Row], wanted: UUID, missing: NotFound) -> Row:
    """Whoever's it is. Reads in a transaction of its own, so that a provider can be asked after it."""
    async with transaction(system="staff looks at one") as session:
        row = await session.get(record, wanted)
    if row is None:
        raise missing
    return row


async def ledger(session: AsyncSession, table: Table) -> tuple[Sequence[Any], int]:
    query = select(LedgerTransaction).order_by(LedgerTransaction.occurred_at.desc(), LedgerTransaction.id)
    query = _narrowed(query, table, {"kind": LedgerTransaction.kind, "provider": LedgerTransaction.provider})
    if table.search:
        owners = await found_by(session, table.search)
        query = query.where(or_(LedgerTransaction.organisation_id.in_(owners), LedgerTransaction.ref == table.search))
    return await _page(session, query, table)


async def entries_of(session: AsyncSession, transactions: Sequence[UUID]) -> dict[UUID, list[LedgerEntry]]:
    query = select(LedgerEntry).where(LedgerEntry.transaction_id.in_(transactions)).order_by(LedgerEntry.id)
    found: dict[UUID, list[LedgerEntry]] = {}
    for entry in await session.scalars(query):
        found.setdefault(entry.transaction_id, []).append(entry)
    return found


async def balances(session: AsyncSession) -> Sequence[Any]:
    """What stands in each account: (ledger, currency, sum)."""
    total = func.sum(LedgerEntry.amount)
    query = select(LedgerEntry.ledger, LedgerEntry.currency, total).group_by(LedgerEntry.ledger, LedgerEntry.currency)
    return (await session.execute(query.order_by(LedgerEntry.currency, LedgerEntry.ledger))).all()


async def events(session: AsyncSession, table: Table) -> tuple[Sequence[Any], int]:
    query = select(ProviderEvent).order_by(ProviderEvent.received_at.desc(), ProviderEvent.id)
    query = _narrowed(query, table, {"state": ProviderEvent.state, "provider": ProviderEvent.provider})
    if table.search:
        wanted = table.search
        query = query.where(
            or_(ProviderEvent.event_id == wanted, ProviderEvent.subject_ref == wanted, ProviderEvent.kind == wanted)
        )
    return await _page(session, query, table)


async def findings(session: AsyncSession, table: Table) -> tuple[Sequence[Any], int]:
    query = select(Finding).order_by((Finding.state != "open"), Finding.found_at.desc(), Finding.id)
    query = _narrowed(query, table, {"state": Finding.state, "provider": Finding.provider})
    if table.search:
        query = query.where(or_(Finding.subject == table.search, Finding.kind == table.search))
    return await _page(session, query, table)


async def log_of(session: AsyncSession, subscription: UUID) -> Sequence[SubscriptionEvent]:
    query = select(SubscriptionEvent).where(SubscriptionEvent.subscription_id == subscription)
    return (await session.scalars(query.order_by(SubscriptionEvent.id.desc()).limit(MOST_LINES))).all()


async def money_of(session: AsyncSession, subscription: UUID) -> Sequence[Payment]:
    query = select(Payment).where(Payment.subscription_id == subscription)
    return (await session.scalars(query.order_by(Payment.occurred_at.desc()).limit(MOST_LINES))).all()


async def backwards(session: AsyncSession, payment: UUID) -> tuple[Sequence[Refund], Sequence[Dispute]]:
    """What went back of a payment, or is being fought for."""
    refunds = await session.scalars(select(Refund).where(Refund.payment_id == payment).order_by(Refund.occurred_at))
    disputes = await session.scalars(select(Dispute).where(Dispute.payment_id == payment))
    return refunds.all(), disputes.all()


async def booked_for(session: AsyncSession, payment: UUID) -> Sequence[LedgerTransaction]:
    query = select(LedgerTransaction).where(LedgerTransaction.payment_id == payment)
    return (await session.scalars(query.order_by(LedgerTransaction.occurred_at, LedgerTransaction.id))).all()


async def news_of(session: AsyncSession, refs: Sequence[str]) -> Sequence[ProviderEvent]:
    """Webhooks about these objects of a provider."""
    query = select(ProviderEvent).where(ProviderEvent.subject_ref.in_([ref for ref in refs if ref]))
    return (await session.scalars(query.order_by(ProviderEvent.received_at.desc()).limit(MOST_LINES))).all()


async def grants_of(session: AsyncSession, organisation: UUID, product: str) -> Sequence[Any]:
    query = (
        select(Grant, PlanVersion)
        .outerjoin(PlanVersion, PlanVersion.id == Grant.plan_version_id)
        .where(Grant.organisation_id == organisation, Grant.product == product)
        .order_by(Grant.starts_at.desc(), Grant.id)
        .limit(MOST_LINES)
    )
    return (await session.execute(query)).all()


def _narrowed(query: Any, table: Table, columns: dict[str, Any]) -> Any:
    for name, column in columns.items():
        if table.filters.get(name):
            query = query.where(column == table.filters[name])
    return query


async def _page(session: AsyncSession, query: Any, table: Table) -> tuple[Sequence[Any], int]:
    total = await session.scalar(select(func.count()).select_from(query.order_by(None).subquery()))
    shown = table.of(int(total or 0))
    rows = (await session.execute(query.limit(shown.limit).offset(shown.offset))).all()
    return [row[0] if len(row) == 1 else row for row in rows], int(total or 0)
