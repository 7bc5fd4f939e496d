"""The numbers of the business as sums over customers, so that they can be kept and brought up to date. Pure.

Whatever is told of recurring revenue, trials and cohorts is a sum of what each customer (an organisation and a product)
adds to it. So a change of one customer is what it adds now less what it added before, and a month in which nothing
happens carries on what the month before ended with.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import NamedTuple
from uuid import UUID

from verf.billing.metrics import (
    MOVEMENTS,
    Cohort,
    Life,
    Month,
    Trial,
    Trials,
    month_of,
    months_between,
    movement,
    next_month,
)


class Key(NamedTuple):
    """`first` is the month that a cohort or a trial began in, `at` the month that is counted; else both are one.

    Kinds: mrr (about a currency), cohort, trials, ledger (about provider and currency).
    """

    kind: str
    product: str
    about: str
    first: datetime
    at: datetime
    name: str


Tallies = Counter[Key]


def tallies_of(lives: Sequence[Life], begun: Iterable[Trial], until: datetime) -> Tallies:
    """What these customers add, each with its whole life, month by month from their first to that of `until`."""
    found: Tallies = Counter()
    customers: dict[tuple[UUID, str], list[Life]] = defaultdict(list)
    for life in lives:
        if life.moments:
            customers[life.organisation, life.product].append(life)
    for (_organisation, product), known in customers.items():
        months = months_between(min(life.moments[0] for life in known), until)
        for month in months:
            _count_month(found, product, known, month)
        _count_cohort(found, product, known, until)
    for trial in begun:
        paid = [_last_paid(life) for life in customers.get((trial.organisation, trial.product), ())]
        is_converted = any(last is not None and last >= trial.started_at for last in paid)
        first = month_of(trial.started_at)
        found[Key("trials", trial.product, "", first, first, "started")] += 1
        found[Key("trials", trial.product, "", first, first, "converted")] += is_converted
    return found


def _count_month(found: Tallies, product: str, known: Sequence[Life], month: datetime) -> None:
    end = next_month(month)
    was_here = any(life.began_before(month) for life in known)
    for life in known:
        old, new = life.before(month), life.before(end)
        kind, amount = movement(life, month, end, was_here=was_here)
        adds = {
            "start": old,
            "end": new,
            "customers_at_start": old > 0,
            "customers_at_end": new > 0,
            "customers_lost": old > 0 and new == 0,
        }
        if kind:
            adds[kind] = amount
        for name, value in adds.items():
            if value:
                found[Key("mrr", product, life.currency, month, month, name)] += int(value)


def _count_cohort(found: Tallies, product: str, known: Sequence[Life], until: datetime) -> None:
    """By the month of the first payment: there, and still paying at the end of each month since."""
    paid = [at for life in known for at, value in zip(life.moments, life.values, strict=True) if value > 0]
    if not paid:
        return
    first = month_of(min(paid))
    found[Key("cohort", product, "", first, first, "size")] += 1
    for month in months_between(first, until):
        if any(life.before(next_month(month)) > 0 for life in known):
            found[Key("cohort", product, "", first, month, "kept")] += 1


def _last_paid(life: Life) -> datetime | None:
    return max((at for at, value in zip(life.moments, life.values, strict=True) if value > 0), default=None)


def carried(known: Tallies, since: datetime, until: datetime) -> Tallies:
    """What the months after that of `since` begin with, when nothing happens in them; `known` holds that month."""
    found: Tallies = Counter()
    last = month_of(since)
    ends = {key: value for key, value in known.items() if key.at == last}
    for month in months_between(since, until)[1:]:
        for key, value in ends.items():
            moved = key._replace(at=month)
            if key.kind == "cohort" and key.name == "kept":
                found[moved] += value
            elif key.kind == "mrr" and key.name in CARRIED:
                for name in CARRIED[key.name]:
                    found[moved._replace(first=month, name=name)] += value
    return found


CARRIED = {"end": ("start", "end"), "customers_at_end": ("customers_at_start", "customers_at_end")}


def news(known: Tallies, mark: datetime, until: datetime, *, became: Tallies, was: Tallies) -> Tallies:
    """What has to be added to bring `known` from `mark` to `until`, when some customers were that and are this."""
    found = carried(known, mark, until)
    found.update(became)
    found.subtract(was)
    return found


def months_of(known: Tallies, currency: str, months: Sequence[datetime]) -> list[Month]:
    sums: dict[datetime, Counter[str]] = defaultdict(Counter)
    for key, value in known.items():
        if key.kind == "mrr" and key.about == currency:
            sums[key.at][key.name] += value
    return [
        Month(
            first=first,
            currency=currency,
            start=sums[first]["start"],
            end=sums[first]["end"],
            movements={kind: sums[first][kind] for kind in MOVEMENTS},
            customers_at_start=sums[first]["customers_at_start"],
            customers_at_end=sums[first]["customers_at_end"],
            customers_lost=sums[first]["customers_lost"],
        )
        for first in months
    ]


def cohorts_of(known: Tallies, months: Sequence[datetime]) -> list[Cohort]:
    sizes: Counter[datetime] = Counter()
    kept: Counter[tuple[datetime, datetime]] = Counter()
    for key, value in known.items():
        if key.kind == "cohort" and key.name == "size":
            sizes[key.first] += value
        elif key.kind == "cohort":
            kept[key.first, key.at] += value
    return [
        Cohort(first=first, size=sizes[first], kept=[kept[first, month] for month in months if month >= first])
        for first in months
        if sizes[first]
    ]


def trials_of(known: Tallies, months: Sequence[datetime]) -> list[Trials]:
    sums: Counter[tuple[datetime, str]] = Counter()
    for key, value in known.items():
        if key.kind == "trials":
            sums[key.first, key.name] += value
    return [
        Trials(first=first, started=sums[first, "started"], converted=sums[first, "converted"])
        for first in months
        if sums[first, "started"]
    ]
