"""The numbers of the business counted anew from whole lives, the slow and plain way: what the tallies must come to."""

from collections import defaultdict

from verf.billing.metrics import MOVEMENTS, Cohort, Month, Trials, month_of, movement, next_month


def month(lives, currency, first) -> Month:
    end = next_month(first)
    ours = [life for life in lives if life.currency == currency]
    here = {(life.organisation, life.product) for life in lives if life.began_before(first)}
    sums = dict.fromkeys(MOVEMENTS, 0)
    for life in ours:
        kind, amount = movement(life, first, end, was_here=(life.organisation, life.product) in here)
        if kind:
            sums[kind] += amount
    paying = [life for life in ours if life.before(first) > 0]
    return Month(
        first=first,
        currency=currency,
        start=sum(life.before(first) for life in ours),
        end=sum(life.before(end) for life in ours),
        movements=sums,
        customers_at_start=len(paying),
        customers_at_end=sum(life.before(end) > 0 for life in ours),
        customers_lost=sum(life.before(end) == 0 for life in paying),
    )


def cohorts(lives, months) -> list[Cohort]:
    """Customers, in whatever currency, by the month in which they first paid."""
    by_customer = defaultdict(list)
    for life in lives:
        by_customer[life.organisation, life.product].append(life)
    begun = defaultdict(list)
    for known in by_customer.values():
        moments = [at for life in known for at, value in zip(life.moments, life.values, strict=True) if value > 0]
        if moments:
            begun[month_of(min(moments))].append(known)
    return [_cohort(first, begun[first], months) for first in months if begun[first]]


def _cohort(first, customers, months) -> Cohort:
    ends = [next_month(each) for each in months if each >= first]
    kept = [sum(any(life.before(end) > 0 for life in known) for known in customers) for end in ends]
    return Cohort(first=first, size=len(customers), kept=kept)


def trials(begun, lives, months) -> list[Trials]:
    """By the month in which they were begun; converted: paid at any time after."""
    paid = {}
    for life in lives:
        moments = [at for at, value in zip(life.moments, life.values, strict=True) if value > 0]
        if moments:
            key = (life.organisation, life.product)
            paid[key] = max(paid.get(key, moments[-1]), moments[-1])
    found = defaultdict(list)
    for trial in begun:
        last = paid.get((trial.organisation, trial.product))
        found[month_of(trial.started_at)].append(last is not None and last >= trial.started_at)
    return [Trials(first=each, started=len(found[each]), converted=sum(found[each])) for each in months if found[each]]
