"""Money over every currency of ISO 4217: with no decimals, two, three and four."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from verf.kit import Money, exponent_of, smallest_charge
from verf.kit.currencies import EXPONENTS, SMALLEST_CHARGES

CURRENCIES = st.sampled_from(sorted(EXPONENTS))
UNITS = st.integers(-(10**30), 10**30)
MONEY = st.builds(Money, UNITS, CURRENCIES)
WEIGHTS = st.lists(st.integers(0, 10**9), min_size=1, max_size=20).filter(any)


def test_the_table_knows_currencies_with_no_two_three_and_four_decimals() -> None:
    assert {code: exponent_of(code) for code in ("JPY", "USD", "RUB", "KWD", "IQD", "CLF")} == {
        "JPY": 0,
        "USD": 2,
        "RUB": 2,
        "KWD": 3,
        "IQD": 3,
        "CLF": 4,
    }
    assert len(EXPONENTS) > 160
    assert set(EXPONENTS.values()) == {0, 2, 3, 4}
    assert all(len(code) == 3 and code.isupper() for code in EXPONENTS)


def test_metals_and_codes_for_testing_are_no_money() -> None:
    for code in ("XAU", "XTS", "XXX", "usd", "", "DOLLAR"):
        with pytest.raises(ValueError, match="not a currency"):
            exponent_of(code)
        with pytest.raises(ValueError, match="not a currency"):
            Money(1, code)


@given(MONEY)
def test_an_amount_survives_the_way_through_decimal_and_text(money: Money) -> None:
    assert Money.of(money.decimal, money.currency) == money
    assert Money.of(format(money.decimal, "f"), money.currency) == money


@given(MONEY)
def test_the_decimal_has_as_many_decimals_as_the_currency(money: Money) -> None:
    assert money.decimal.as_tuple().exponent == -exponent_of(money.currency)
    assert Fraction(money.decimal) * 10 ** exponent_of(money.currency) == money.minor_units


@given(CURRENCIES)
def test_one_digit_too_many_is_refused(currency: str) -> None:
    finest = Decimal(1).scaleb(-exponent_of(currency) - 1)
    with pytest.raises(ValueError, match="exactly"):
        Money.of(finest, currency)


@pytest.mark.parametrize("amount", ["", "nine", "NaN", "Infinity", "-Infinity", "9,90", "1e"])
def test_what_is_no_amount_is_refused(amount: str) -> None:
    with pytest.raises(ValueError, match=r"amount|exactly"):
        Money.of(amount, "USD")


def test_floats_are_refused_everywhere() -> None:
    with pytest.raises(TypeError):
        Money.of(9.9, "USD")  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        Money(9.0, "USD")  # type: ignore[arg-type]
    with pytest.raises(TypeError):
        Money(True, "USD")
    with pytest.raises(TypeError):
        Money(990, "USD") * 0.5  # type: ignore[operator]


@given(MONEY, UNITS)
def test_sums_are_exact_and_go_back(money: Money, units: int) -> None:
    other = Money(units, money.currency)
    assert money + other - other == money
    assert money - money == Money(0, money.currency)
    assert -money + money == Money(0, money.currency)
    assert (money < other) == (money.minor_units < units)
    assert (money >= other) == (money.minor_units >= units)
    assert bool(money) == (money.minor_units != 0)


def test_different_currencies_never_meet() -> None:
    dollars, yen = Money(100, "USD"), Money(100, "JPY")
    assert dollars != yen
    for meet in (lambda: dollars + yen, lambda: dollars - yen, lambda: dollars < yen, lambda: dollars >= yen):
        with pytest.raises(ValueError, match="cannot be counted together"):
            meet()


@given(MONEY, WEIGHTS)
def test_parts_sum_to_the_whole_and_are_fair_to_a_unit(money: Money, weights: list[int]) -> None:
    parts = money.split(weights)
    assert sum((part.minor_units for part in parts), 0) == money.minor_units
    for part, weight in zip(parts, weights, strict=True):
        assert part.currency == money.currency
        assert abs(part.minor_units - Fraction(money.minor_units * weight, sum(weights))) < 1


def test_units_left_over_go_to_the_largest_remainders() -> None:
    def units(parts: list[Money]) -> list[int]:
        return [part.minor_units for part in parts]

    assert units(Money(100, "USD").split([1, 1, 1])) == [34, 33, 33]
    assert units(Money(-100, "USD").split([1, 1, 1])) == [-34, -33, -33]
    assert units(Money(10, "JPY").split([1, 2, 4])) == [1, 3, 6]
    assert units(Money(5, "USD").split([0, 1])) == [0, 5]
    for wrong in ([], [0, 0], [2, -1]):
        with pytest.raises(ValueError, match="Weights"):
            Money(100, "USD").split(wrong)


@given(MONEY, st.integers(-(10**12), 10**12), st.integers(1, 10**12))
def test_a_share_is_rounded_half_to_even(money: Money, numerator: int, denominator: int) -> None:
    assert money.share(numerator, denominator).minor_units == round(
        Fraction(money.minor_units * numerator, denominator)
    )


@given(MONEY, st.integers(0, 10**6), st.integers(1, 10**6))
def test_a_share_and_what_is_left_make_the_whole(money: Money, numerator: int, denominator: int) -> None:
    part = money.share(numerator, denominator)
    assert part + (money - part) == money


def test_halves_go_to_the_even_neighbour() -> None:
    assert [Money(units, "USD").share(1, 2).minor_units for units in (1, 3, 5, -1, -3)] == [0, 2, 2, 0, -2]
    with pytest.raises(ValueError, match="positive"):
        Money(1, "USD").share(1, 0)


@given(MONEY, st.integers(0, 1000))
def test_a_quantity_is_a_repeated_sum(money: Money, quantity: int) -> None:
    assert (money * quantity).minor_units == money.minor_units * quantity


def test_smallest_charges_are_of_known_currencies_and_zero_where_none_is_known() -> None:
    assert set(SMALLEST_CHARGES) <= set(EXPONENTS)
    assert smallest_charge("USD") == Money.of("0.50", "USD")
    assert smallest_charge("JPY") == Money.of("50", "JPY")
    assert smallest_charge("KZT") == Money(0, "KZT")
