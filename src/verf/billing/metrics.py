"""Recurring revenue and what became of it, counted from the logs alone. Pure: lives in, numbers out.

A life is what one organisation pays a month for one product in one currency, as steps in time. A month's movements are
the differences between its two ends, so they always sum to the difference of the totals.
"""

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from uuid import UUID

from verf.kit import Money

# Of these a month is paid for; a trial is not, and what is suspended is not owed.
PAYING = frozenset({"active", "past_due"})
# By field: what it was and what it became.
Changes = Mapping[str, Sequence[str | None]]
MOVEMENTS = ("new", "reactivation", "expansion", "contraction", "churn")


@dataclass(frozen=True, kw_only=True)
class Step:
    """From `at` on this subscription is worth so much a month."""

    at: datetime
    organisation: UUID
    product: str
    subscription: UUID
    currency: str
    monthly: int


@dataclass(frozen=True)
class Life:
    """`values[i]` holds from `moments[i]` on."""

    organisation: UUID
    product: str
    currency: str
    moments: Sequence[datetime]
    values: Sequence[int]

    def before(self, moment: datetime) -> int:
        """What it was worth just before this moment."""
        at = bisect_left(self.moments, moment)
        return self.values[at - 1] if at else 0

    def began_before(self, moment: datetime) -> bool:
        return any(value > 0 for value in self.values[: bisect_left(self.moments, moment)])


@dataclass(frozen=True, kw_only=True)
class Month:
    """`start` and `end` are totals in minor units; the movements sum to their difference."""

    first: datetime
    currency: str
    start: int
    end: int
    movements: Mapping[str, int]
    customers_at_start: int
    customers_at_end: int
    customers_lost: int

    @property
    def churn(self) -> float | None:
        """The share of customers at the start who were none at the end."""
        return self.customers_lost / self.customers_at_start if self.customers_at_start else None


@dataclass(frozen=True, kw_only=True)
class Cohort:
    """Of those whose first month it was, how many still paid at the end of each month since."""

    first: datetime
    size: int
    kept: Sequence[int]

    @property
    def shares(self) -> list[float]:
        return [count / self.size for count in self.kept]


@dataclass(frozen=True, kw_only=True)
class Trials:
    first: datetime
    started: int
    converted: int

    @property
    def share(self) -> float | None:
        return self.converted / self.started if self.started else None


@dataclass(frozen=True, kw_only=True)
class Takings:
    """What a month brought through one provider in one currency, in minor units. `net` is without tax and refunds."""

    first: datetime
    provider: str
    currency: str
    gross: int = 0
    refunds: int = 0
    disputes: int = 0
    tax: int = 0
    fees: int = 0
    net: int = 0


def monthly_value(money: Money, interval: str, count: int) -> int:
    """What a price is worth a month, rounded half to even; what is bought once recurs never."""
    shares = {"month": (1, count), "year": (1, 12 * count), "week": (52, 12 * count), "day": (365, 12 * count)}
    return money.share(*shares[interval]).minor_units if interval in shares else 0


def lives_of(steps: Iterable[Step]) -> list[Life]:
    """Subscriptions of the same organisation, product and currency together."""
    by_key: dict[tuple[UUID, str, str], list[Step]] = defaultdict(list)
    for step in sorted(steps, key=lambda each: each.at):
        by_key[step.organisation, step.product, step.currency].append(step)
    return [_life(key, known) for key, known in by_key.items()]


def _life(key: tuple[UUID, str, str], steps: Sequence[Step]) -> Life:
    worth: dict[UUID, int] = {}
    moments: list[datetime] = []
    values: list[int] = []
    for step in steps:
        worth[step.subscription] = step.monthly
        moments.append(step.at)
        values.append(sum(worth.values()))
    return Life(*key, moments, values)


def months_between(first: datetime, last: datetime) -> list[datetime]:
    """The first moments of the months from that of `first` to that of `last`, both included, in UTC."""
    starts = [month_of(first)]
    while next_month(starts[-1]) <= last:
        starts.append(next_month(starts[-1]))
    return starts


def month_of(moment: datetime) -> datetime:
    return moment.astimezone(UTC).replace(day=1, hour=0, minute=0, second=0, microsecond=0)


def next_month(first: datetime) -> datetime:
    return first.replace(year=first.year + first.month // 12, month=first.month % 12 + 1)


def movement(life: Life, start: datetime, end: datetime, *, was_here: bool) -> tuple[str, int]:
    """What a month did to one life, and by how much. `was_here`: it, or another of the same customer, paid before."""
    old, new = life.before(start), life.before(end)
    if old == new:
        return "", 0
    if not old:
        return ("reactivation" if was_here else "new"), new
    if not new:
        return "churn", -old
    return ("expansion" if new > old else "contraction"), new - old


@dataclass(frozen=True)
class Trial:
    organisation: UUID
    product: str
    started_at: datetime


@dataclass
class Fold:
    """One subscription's log, line by line, into steps."""

    organisation: UUID
    product: str
    subscription: UUID
    state: str = ""
    price: str = ""
    quantity: int = 1
    steps: list[Step] = field(default_factory=list)

    def read(
        self, at: datetime, changes: Mapping[str, Sequence[str | None]], prices: Mapping[str, "PriceKnown"]
    ) -> None:
        self.state = str(changes.get("state", ["", self.state])[1] or "")
        self.price = str(changes.get("price_id", ["", self.price])[1] or "")
        self.quantity = int(changes.get("quantity", ["", str(self.quantity)])[1] or 1)
        known = prices.get(self.price)
        currency = known.money.currency if known else ""
        worth = known.worth(self.quantity) if known and self.state in PAYING else 0
        last = self.steps[-1] if self.steps else None
        if last and last.currency and currency and last.currency != currency:
            self._add(at, last.currency, 0)
        if currency or last:
            self._add(at, currency or (last.currency if last else ""), worth)

    def _add(self, at: datetime, currency: str, monthly: int) -> None:
        step = Step(
            at=at,
            organisation=self.organisation,
            product=self.product,
            subscription=self.subscription,
            currency=currency,
            monthly=monthly,
        )
        self.steps.append(step)


@dataclass(frozen=True)
class PriceKnown:
    money: Money
    interval: str
    interval_count: int

    def worth(self, quantity: int) -> int:
        return monthly_value(self.money * quantity, self.interval, self.interval_count)
