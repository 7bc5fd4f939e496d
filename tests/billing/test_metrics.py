"""Recurring revenue: whatever happened, a month's movements sum to the difference of its ends."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import recount
from hypothesis import given, settings
from hypothesis import strategies as st

from verf.billing.metric_sources import takings_of
from verf.billing.metrics import (
    MOVEMENTS,
    Fold,
    PriceKnown,
    Step,
    Trial,
    lives_of,
    monthly_value,
    months_between,
    next_month,
)
from verf.billing.tallies import Tallies, carried, cohorts_of, months_of, news, tallies_of, trials_of
from verf.kit import Money

JANUARY = datetime(2026, 1, 1, tzinfo=UTC)
YEAR = months_between(JANUARY, datetime(2026, 12, 31, tzinfo=UTC))


END = YEAR[-1] + timedelta(days=30)


def month(lives, currency, first):
    return months_of(tallies_of(lives, [], END), currency, [first])[0]


def cohorts(lives, months):
    return cohorts_of(tallies_of(lives, [], months[-1]), months)


def trials(begun, lives, months):
    return trials_of(tallies_of(lives, begun, months[-1]), months)


def organisation(number):
    return UUID(int=number)


def step(who, day, monthly, *, subscription=None, currency="USD"):
    return Step(
        at=JANUARY + timedelta(days=day),
        organisation=organisation(who),
        product="stock",
        subscription=UUID(int=subscription or who),
        currency=currency,
        monthly=monthly,
    )


steps = st.builds(
    step,
    st.integers(1, 6),
    st.integers(0, 364),
    st.sampled_from([0, 0, 825, 990, 2990, 9990]),
    subscription=st.integers(1, 9),
    currency=st.sampled_from(["USD", "RUB"]),
)


@given(st.lists(steps, max_size=60), st.sampled_from(["USD", "RUB"]))
@settings(max_examples=300, deadline=None)
def test_movements_sum_to_the_difference(known, currency):
    lives = lives_of(known)
    told = [month(lives, currency, first) for first in YEAR]
    for each in told:
        assert sum(each.movements.values()) == each.end - each.start
        assert all(each.movements[kind] >= 0 for kind in ("new", "reactivation", "expansion"))
        assert all(each.movements[kind] <= 0 for kind in ("contraction", "churn"))
        assert each.customers_lost <= each.customers_at_start
    assert [each.end for each in told[:-1]] == [each.start for each in told[1:]]


@given(st.lists(steps, max_size=60))
@settings(max_examples=200, deadline=None)
def test_a_cohort_never_grows_beyond_its_size(known):
    lives = lives_of(known)
    for cohort in cohorts(lives, YEAR):
        assert all(0 <= count <= cohort.size for count in cohort.kept)
        assert len(cohort.kept) == len([first for first in YEAR if first >= cohort.first])


trials_begun = st.lists(
    st.builds(
        lambda who, day: Trial(organisation(who), "stock", JANUARY + timedelta(days=day)),
        st.integers(1, 6),
        st.integers(0, 364),
    ),
    max_size=8,
)


@given(st.lists(steps, max_size=60), trials_begun, st.integers(0, 364))
@settings(max_examples=200, deadline=None)
def test_tallies_come_to_what_a_plain_recount_says(known, begun, days):
    until = JANUARY + timedelta(days=days)
    lives = lives_of(each for each in known if each.at < until)
    begun = [each for each in begun if each.started_at < until]
    tallies, months = tallies_of(lives, begun, until), months_between(JANUARY, until)
    for currency in ("USD", "RUB"):
        assert months_of(tallies, currency, months) == [recount.month(lives, currency, first) for first in months]
    assert cohorts_of(tallies, months) == recount.cohorts(lives, months)
    assert trials_of(tallies, months) == recount.trials(begun, lives, months)


@given(st.lists(steps, max_size=60), trials_begun, st.lists(st.integers(0, 364), min_size=1, max_size=6))
@settings(max_examples=300, deadline=None)
def test_tallies_brought_up_to_date_are_those_counted_at_once(known, begun, days):
    """Whenever it is done: what is kept, customers who have changed, and months that pass by themselves."""
    kept, mark = Tallies(), JANUARY
    for day in sorted(days):
        until = JANUARY + timedelta(days=day, hours=1)
        changed = {each.organisation for each in known if mark <= each.at < until}
        changed |= {each.organisation for each in begun if mark <= each.started_at < until}
        became, was = [counted(known, begun, changed, before, until) for before in (until, mark)]
        kept.update(news(kept, mark, until, became=became, was=was))
        mark = until
    everybody = {organisation(number) for number in range(1, 7)}
    at_once = counted(known, begun, everybody, mark, mark)
    assert {key: value for key, value in kept.items() if value} == {
        key: value for key, value in at_once.items() if value
    }


def counted(known, begun, who, before, until):
    lives = lives_of(each for each in known if each.at < before and each.organisation in who)
    theirs = [each for each in begun if each.started_at < before and each.organisation in who]
    return tallies_of(lives, theirs, until)


def test_a_month_in_which_nothing_happens_carries_on():
    tallies = tallies_of(lives_of([step(1, 3, 990)]), [], JANUARY)
    after = carried(tallies, JANUARY, next_month(next_month(JANUARY)))
    [_january, february, march] = months_of(tallies + after, "USD", YEAR[:3])
    assert (february.start, february.end, march.customers_at_end, march.customers_lost) == (990, 990, 1, 0)
    assert cohorts_of(tallies + after, YEAR[:3])[0].kept == [1, 1, 1]


def test_a_year_that_can_be_counted_by_hand():
    lives = lives_of(
        [
            step(1, 3, 990),  # January: new
            step(1, 40, 2990),  # February: upgrade
            step(1, 70, 990),  # March: downgrade
            step(1, 100, 0),  # April: leaves
            step(1, 160, 990),  # June: comes back
            step(2, 35, 2990),  # February: new
        ]
    )
    told = {each.first.month: each for each in (month(lives, "USD", first) for first in YEAR)}
    expected = {
        1: (990, {"new": 990}),
        2: (5980, {"new": 2990, "expansion": 2000}),
        3: (3980, {"contraction": -2000}),
        4: (2990, {"churn": -990}),
        5: (2990, {}),
        6: (3980, {"reactivation": 990}),
    }
    for number, (end, movements) in expected.items():
        assert told[number].end == end
        assert told[number].movements == {**dict.fromkeys(MOVEMENTS, 0), **movements}
    assert (told[4].churn, told[1].churn) == (0.5, None)


def test_another_currency_is_not_a_new_customer():
    lives = lives_of([step(1, 3, 990), step(1, 45, 0), step(1, 45, 89000, currency="RUB")])
    assert month(lives, "USD", YEAR[1]).movements["churn"] == -990
    assert month(lives, "RUB", YEAR[1]).movements["reactivation"] == 89000


def test_prices_are_compared_by_the_month():
    assert monthly_value(Money(990, "USD"), "month", 1) == 990
    assert monthly_value(Money(9900, "USD"), "year", 1) == 825
    assert monthly_value(Money(300, "USD"), "month", 3) == 100
    assert monthly_value(Money(1200, "JPY"), "week", 1) == 5200
    assert monthly_value(Money(500, "USD"), "once", 1) == 0


def test_a_log_is_read_into_steps():
    prices = {"a": PriceKnown(Money(990, "USD"), "month", 1), "b": PriceKnown(Money(29900, "USD"), "year", 1)}
    fold = Fold(organisation(1), "stock", UUID(int=7))
    fold.read(JANUARY, {"state": [None, "trialing"], "price_id": [None, None], "quantity": [None, "1"]}, prices)
    fold.read(JANUARY, {"state": ["trialing", "active"], "price_id": [None, "a"]}, prices)
    fold.read(JANUARY, {"state": ["active", "past_due"]}, prices)
    fold.read(JANUARY, {"state": ["past_due", "active"], "price_id": ["a", "b"], "quantity": ["1", "2"]}, prices)
    fold.read(JANUARY, {"paid_until": ["x", "y"]}, prices)
    fold.read(JANUARY, {"state": ["active", "suspended"]}, prices)
    assert [each.monthly for each in fold.steps] == [990, 990, 4983, 4983, 0]


def test_trials_count_as_converted_when_they_pay_later():
    lives = lives_of([step(1, 20, 990), step(2, 3, 990), step(2, 4, 0)])
    begun = [
        Trial(organisation(1), "stock", JANUARY + timedelta(days=5)),
        Trial(organisation(2), "stock", JANUARY + timedelta(days=10)),
        Trial(organisation(3), "stock", JANUARY + timedelta(days=40)),
    ]
    told = trials(begun, lives, YEAR)
    assert [(each.first.month, each.started, each.converted) for each in told] == [(1, 2, 1), (2, 1, 0)]


def test_takings_are_net_of_tax_refunds_and_lost_disputes():
    month_one = ("stripe", "USD")
    sums = [
        (JANUARY, *month_one, "charge", "cash", 12000),
        (JANUARY, *month_one, "charge", "revenue", -10000),
        (JANUARY, *month_one, "charge", "tax", -2000),
        (JANUARY, *month_one, "fee", "fees", 300),
        (JANUARY, *month_one, "fee", "cash", -300),
        (JANUARY, *month_one, "refund", "cash", -1200),
        (JANUARY, *month_one, "refund", "revenue", 1000),
        (JANUARY, *month_one, "refund", "tax", 200),
    ]
    [line] = takings_of(sums)
    assert (line.gross, line.refunds, line.net, line.tax, line.fees) == (12000, 1200, 9000, 1800, 300)
    assert line.gross - line.refunds == line.net + line.tax
