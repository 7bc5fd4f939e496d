"""What the numbers of the business are counted from: the log of subscriptions and the ledger, and nothing else."""

from collections import defaultdict
from collections.abc import Iterable
from datetime import datetime
from uuid import UUID

from sqlalchemy import func, select
from sqlalchemy.ext.asyncio import AsyncSession

from verf.billing.metrics import Fold, Life, PriceKnown, Takings, Trial, lives_of, month_of
from verf.billing.models import LedgerEntry, LedgerTransaction, Price, Subscription, SubscriptionEvent
from verf.kit import Money


async def read_lives(session: AsyncSession, product: str = "") -> tuple[list[Life], list[Trial]]:
    """Wants the system's scope."""
    known = await session.scalars(select(Price))
    prices = {
        str(row.id): PriceKnown(Money(row.amount, row.currency), row.interval, row.interval_count) for row in known
    }
    query = (
        select(
            SubscriptionEvent.subscription_id,
            SubscriptionEvent.at,
            SubscriptionEvent.changes,
            SubscriptionEvent.organisation_id,
            Subscription.product,
        )
        .join(Subscription, Subscription.id == SubscriptionEvent.subscription_id)
        .where(Subscription.duplicate_of.is_(None))
        .order_by(SubscriptionEvent.at, SubscriptionEvent.id)
    )
    if product:
        query = query.where(Subscription.product == product)
    folds: dict[UUID, Fold] = {}
    begun: list[Trial] = []
    for subscription, at, changes, organisation, of in await session.execute(query):
        fold = folds.setdefault(subscription, Fold(organisation, of, subscription))
        was_new = not fold.state
        fold.read(at, changes, prices)
        if was_new and fold.state == "trialing":
            begun.append(Trial(organisation, of, at))
    return lives_of(step for fold in folds.values() for step in fold.steps), begun


async def read_takings(session: AsyncSession, product: str = "") -> list[Takings]:
    """By month, provider and currency; from the ledger. Wants the system's scope."""
    first = func.date_trunc("month", LedgerTransaction.occurred_at, "UTC")
    family = func.split_part(LedgerEntry.ledger, ":", 1)
    query = (
        select(
            first,
            LedgerTransaction.provider,
            LedgerEntry.currency,
            LedgerTransaction.kind,
            family,
            func.sum(LedgerEntry.amount),
        )
        .join(LedgerEntry, LedgerEntry.transaction_id == LedgerTransaction.id)
        .group_by(first, LedgerTransaction.provider, LedgerEntry.currency, LedgerTransaction.kind, family)
    )
    if product:
        query = query.where(LedgerTransaction.product == product)
    return takings_of((*row[:5], int(row[5])) for row in await session.execute(query))


def takings_of(sums: Iterable[tuple[datetime, str, str, str, str, int]]) -> list[Takings]:
    """Sums by month, provider, currency, kind of movement and ledger, as lines. Debits are positive."""
    lines: dict[tuple[datetime, str, str], dict[str, int]] = defaultdict(lambda: defaultdict(int))
    for first, provider, currency, kind, family, amount in sums:
        line = lines[month_of(first), provider, currency]
        if family == "cash" and kind == "charge":
            line["gross"] += amount
        elif family == "cash" and kind == "refund":
            line["refunds"] -= amount
        elif family == "disputed" and kind in ("dispute_opened", "dispute_won"):
            line["disputes"] += amount
        if family == "revenue":
            line["net"] -= amount
        elif family == "tax":
            line["tax"] -= amount
        elif family == "fees":
            line["fees"] += amount
    found = [
        Takings(
            first=first,
            provider=provider,
            currency=currency,
            gross=line["gross"],
            refunds=line["refunds"],
            disputes=line["disputes"],
            tax=line["tax"],
            fees=line["fees"],
            net=line["net"],
        )
        for (first, provider, currency), line in lines.items()
    ]
    return sorted(found, key=lambda each: (each.first, each.currency, each.provider))
