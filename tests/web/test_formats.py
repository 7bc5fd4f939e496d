from datetime import UTC, date, datetime, timedelta

import pytest

from verf.kit import Money, now
from verf.web import formats, speak


@pytest.fixture(autouse=True)
def _english_again():
    yield
    speak("en")


@pytest.mark.parametrize(
    ("language", "shown"), [("en", "₽1,234.50"), ("ru", "1\xa0234,50\xa0₽"), ("uk", "1\xa0234,50\xa0₽")]
)
def test_money_reads_as_in_the_language(language, shown):
    speak(language)
    assert formats.format_money(Money(123450, "RUB")) == shown


def test_money_knows_the_decimals_of_its_currency():
    assert formats.format_money(Money(990, "USD")) == "$9.90"
    assert formats.format_money(Money(990, "JPY")) == "¥990"
    assert formats.format_money(Money(9_900, "KWD")).endswith("9.900")
    assert formats.format_money(Money(990, "ISK")).endswith("990")
    # CLDR shows no decimals for it; what is charged has two.
    assert formats.format_money(Money(990, "RSD")).endswith("9.90")
    assert formats.format_money(Money(123450, "RUB"), 0) == "₽1,234"
    assert formats.format_compact_money(Money(1_250_000_00, "RUB")) == "₽1.2M"


@pytest.mark.parametrize(
    ("language", "value", "shown"),
    [
        ("en", 1, "1 day"),
        ("en", 17.6, "17.6 days"),
        ("ru", 17.6, "17,6 дня"),
        ("ru", 5, "5 дней"),
        ("uk", 21, "21 день"),
    ],
)
def test_units_follow_the_grammar(language, value, shown):
    speak(language)
    assert formats.format_unit(value, "day") == shown


def test_shares_keep_the_space_of_the_language():
    speak("ru")
    assert formats.format_percent(0.36) == "36\xa0%"
    assert formats.format_percent(0.125, 1) == "12,5\xa0%"


def test_numbers_and_shares():
    assert formats.format_number(1234567.5) == "1,234,567.5"
    assert formats.format_number(3, 2) == "3.00"
    assert formats.format_percent(0.125) == "12%"
    assert formats.format_percent(0.125, 1) == "12.5%"
    assert formats.format_compact(12_500) == "12.5K"
    assert formats.format_list(["a", "b", "c"]) == "a, b, and c"


def test_a_moment_is_shown_in_the_zone_of_its_reader_and_says_so():
    moment = datetime(2026, 3, 1, 22, 30, tzinfo=UTC)
    assert formats.format_date(moment, zone=formats.MOSCOW) == "Mar 2, 2026"
    assert formats.format_date(date(2026, 3, 1)) == "Mar 1, 2026"
    assert formats.format_datetime(moment, zone=formats.MOSCOW).endswith("MSK")
    assert formats.format_datetime(moment).endswith("UTC")
    assert "1:30" in formats.format_time(moment, zone=formats.MOSCOW)


def test_time_passed():
    assert formats.format_ago(now() - timedelta(hours=3)) == "3 hours ago"
    assert formats.format_duration(timedelta(days=12)) == "12 days"
    assert formats.format_duration(timedelta(seconds=90)) == "90 seconds"
    assert formats.format_duration(timedelta(0)) == "0 seconds"
