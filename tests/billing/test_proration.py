"""Changes of plan by the second, on what was paid."""

from datetime import UTC, datetime, timedelta
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as st

from verf.billing.periods import Period
from verf.billing.proration import Paid, quote, settle, unused
from verf.kit import Money, smallest_charge

START = datetime(2026, 1, 31, tzinfo=UTC)
MONTH = Period(START, datetime(2026, 2, 28, tzinfo=UTC))
CURRENCIES = st.sampled_from(["USD", "JPY", "KWD", "RUB"])
UNITS = st.integers(0, 10**9)
SECONDS = st.integers(0, MONTH.seconds)


def at(seconds: int) -> datetime:
    return START + timedelta(seconds=seconds)


def usd(units: int) -> Money:
    return Money(units, "USD")


def test_half_way_through_an_upgrade_costs_half_the_difference():
    middle = at(MONTH.seconds // 2)
    one = quote([Paid(usd(990), MONTH)], usd(2990), at=middle, period=MONTH)
    assert (one.due, one.credit, one.left_over) == (usd(1000), usd(495), usd(0))


def test_a_year_bought_in_the_middle_of_a_month_starts_now():
    middle = at(MONTH.seconds // 2)
    year = Period(middle, middle + timedelta(days=365))
    assert quote([Paid(usd(990), MONTH)], usd(9900), at=middle, period=year).due == usd(9900 - 495)


def test_nothing_comes_back_for_a_payment_that_went_back():
    assert unused([Paid(usd(0), MONTH)], at=START, currency="USD") == usd(0)
    # A refund in the provider's cabinet may leave less than nothing for a while.
    assert unused([Paid(usd(-5), MONTH)], at=START, currency="USD") == usd(0)


def test_a_downgrade_now_leaves_credit_over_and_charges_nothing():
    one = quote([Paid(usd(2990), MONTH)], usd(990), at=START, period=MONTH)
    assert (one.due, one.left_over) == (usd(0), usd(2000))


@given(CURRENCIES, UNITS, UNITS, UNITS, SECONDS)
def test_upgrading_twice_costs_what_upgrading_once_does(currency, first, second, third, seconds):
    small, middle, large = (Money(units, currency) for units in sorted((first, second, third)))
    old = [Paid(small, MONTH)]
    step = quote(old, middle, at=at(seconds), period=MONTH)
    twice = step.due + quote([step.covers], large, at=at(seconds), period=MONTH).due
    assert twice == quote(old, large, at=at(seconds), period=MONTH).due


@given(CURRENCIES, st.tuples(UNITS, UNITS, UNITS), st.tuples(SECONDS, SECONDS))
def test_upgrading_on_two_days_pays_for_each_second_what_it_had(currency, prices, moments):
    small, middle, large = (Money(units, currency) for units in sorted(prices))
    early, late = sorted(moments)
    step = quote([Paid(small, MONTH)], middle, at=at(early), period=MONTH)
    last = quote([step.covers], large, at=at(late), period=MONTH)
    fair = small.minor_units * Fraction(early, MONTH.seconds)
    fair += middle.minor_units * Fraction(late - early, MONTH.seconds)
    fair += large.minor_units * Fraction(MONTH.seconds - late, MONTH.seconds)
    # Four roundings, each half a unit at most.
    assert abs((small + step.due + last.due).minor_units - fair) <= 2


@given(CURRENCIES, UNITS, UNITS, SECONDS)
def test_an_upgrade_paid_by_two_payments_counts_like_one(currency, first, second, seconds):
    """The two ways to keep the books: both payments with their own periods, or what they cover together."""
    small, large = (Money(units, currency) for units in sorted((first, second)))
    step = quote([Paid(small, MONTH)], large, at=at(seconds), period=MONTH)
    rest = Period(at(seconds), MONTH.end)
    apart = unused([Paid(small, MONTH), Paid(step.due, rest)], at=at(seconds), currency=currency)
    assert apart == unused([step.covers], at=at(seconds), currency=currency)


@given(CURRENCIES, st.lists(st.tuples(st.integers(-(10**6), 10**9), SECONDS), max_size=5), SECONDS)
def test_never_more_credit_than_was_paid(currency, payments, seconds):
    paid = [
        Paid(Money(units, currency), Period(at(start), MONTH.end)) for units, start in payments if at(start) < MONTH.end
    ]
    credit = unused(paid, at=at(seconds), currency=currency)
    assert credit.minor_units >= 0
    assert credit.minor_units <= sum(max(0, one.money.minor_units) for one in paid)


@given(CURRENCIES, UNITS, st.lists(st.tuples(UNITS, SECONDS), min_size=1, max_size=6))
def test_no_chain_of_changes_creates_money(currency, first, changes):
    """Up and down in any order: what the last plan covers and what was left over never exceed what was paid in."""
    covers, paid_in, left_over = Paid(Money(first, currency), MONTH), first, 0
    for units, seconds in sorted(changes, key=lambda change: change[1]):
        one = quote([covers], Money(units, currency), at=at(seconds), period=MONTH)
        assert not (one.due and one.left_over)
        covers, paid_in, left_over = one.covers, paid_in + one.due.minor_units, left_over + one.left_over.minor_units
    assert covers.money.minor_units + left_over <= paid_in


@given(CURRENCIES, UNITS, SECONDS, SECONDS)
def test_credit_only_shrinks_with_time(currency, units, one, two):
    early, late = sorted((one, two))
    paid = [Paid(Money(units, currency), MONTH)]
    assert unused(paid, at=at(late), currency=currency) <= unused(paid, at=at(early), currency=currency)


@given(CURRENCIES, st.integers(0, 10**6), st.integers(-(10**6), 10**6))
def test_what_is_not_charged_is_carried_and_nothing_is_lost(currency, due, balance):
    done = settle(Money(due, currency), balance=Money(balance, currency))
    assert (done.charge + done.carried).minor_units == due + balance
    assert not (done.charge and done.carried)
    assert not done.charge or done.charge >= smallest_charge(currency)


def test_too_little_for_a_card_waits_for_the_next_charge():
    assert settle(usd(49), balance=usd(0)).carried == usd(49)
    assert settle(usd(30), balance=usd(49)).charge == usd(79)
    assert settle(usd(500), balance=usd(-2000)).carried == usd(-1500)
    assert settle(Money(1, "KWD"), balance=Money(0, "KWD")).charge == Money(1, "KWD")
