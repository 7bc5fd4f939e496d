"""What the numbers of the business are counted from: the log of subscriptions and the ledger, and nothing else."""

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Select, func, select
from sqlalchemy.ext.asyncio import AsyncSession

from verf.billing.metrics import Fold, Life, PriceKnown, Takings, Trial, lives_of, month_of
from verf.billing.models import LedgerEntry, LedgerTransaction, Price, Subscription, SubscriptionEvent
from verf.billing.tallies import Key, Tallies
from verf.kit import Money

Customer = tuple[UUID, str]
# More than this at once are read by reading all.
MOST_NAMED = 5_000


async def changed_since(session: AsyncSession, since: datetime, before: datetime) -> set[Customer]:
    """Organisations and products whose subscriptions have a line in the log from [since, before)."""
    query = (
        select(SubscriptionEvent.organisation_id, Subscription.product)
        .join(Subscription, Subscription.id == SubscriptionEvent.subscription_id)
        .where(SubscriptionEvent.at >= since, SubscriptionEvent.at < before)
        .distinct()
    )
    return {(organisation, product) for organisation, product in await session.execute(query)}


async def read_lives(
    session: AsyncSession, customers: Collection[Customer] | None, before: datetime
) -> tuple[list[Life], list[Trial]]:
    """As the log told before that moment, of these customers or of all. Wants the system's scope."""
    known = await session.scalars(select(Price))
    prices = {
        str(row.id): PriceKnown(Money(row.amount, row.currency), row.interval, row.interval_count) for row in known
    }
    folds: dict[UUID, Fold] = {}
    begun: list[Trial] = []
    for subscription, at, changes, organisation, product in await session.execute(_log(customers, before)):
        if customers is not None and (organisation, product) not in customers:
            continue
        fold = folds.setdefault(subscription, Fold(organisation, product, subscription))
        was_new = not fold.state
        fold.read(at, changes, prices)
        if was_new and fold.state == "trialing":
            begun.append(Trial(organisation, product, at))
    return lives_of(step for fold in folds.values() for step in fold.steps), begun


def _log(customers: Collection[Customer] | None, before: datetime) -> "Select[Any]":
    query = (
        select(
            SubscriptionEvent.subscription_id,
            SubscriptionEvent.at,
            SubscriptionEvent.changes,
            SubscriptionEvent.organisation_id,
            Subscription.product,
        )
        .join(Subscription, Subscription.id == SubscriptionEvent.subscription_id)
        .where(Subscription.duplicate_of.is_(None), SubscriptionEvent.at < before)
        .order_by(SubscriptionEvent.at, SubscriptionEvent.id)
    )
    if customers is None or len(customers) > MOST_NAMED:
        return query
    return query.where(Subscription.organisation_id.in_({organisation for organisation, _product in customers}))


async def read_ledger(session: AsyncSession, since: datetime | None, before: datetime) -> Tallies:
    """What was recorded in [since, before), by the month in which it happened. Wants the system's scope."""
    first = func.date_trunc("month", LedgerTransaction.occurred_at, "UTC")
    family = func.split_part(LedgerEntry.ledger, ":", 1)
    by = (
        first,
        LedgerTransaction.product,
        LedgerTransaction.provider,
        LedgerEntry.currency,
        LedgerTransaction.kind,
        family,
    )
    query = (
        select(*by, func.sum(LedgerEntry.amount))
        .join(LedgerEntry, LedgerEntry.transaction_id == LedgerTransaction.id)
        .where(LedgerTransaction.recorded_at < before)
        .group_by(*by)
    )
    if since is not None:
        query = query.where(LedgerTransaction.recorded_at >= since)
    found: Tallies = Counter()
    for at, product, provider, currency, kind, ledger, amount in await session.execute(query):
        month = month_of(at)
        found[Key("ledger", product, f"{provider} {currency}", month, month, f"{kind} {ledger}")] += int(amount)
    return found


def takings_in(known: Tallies) -> list[Takings]:
    sums = []
    for key, value in known.items():
        if key.kind == "ledger":
            (provider, currency), (kind, family) = key.about.split(" "), key.name.split(" ")
            sums.append((key.first, provider, currency, kind, family, value))
    return takings_of(sums)


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
