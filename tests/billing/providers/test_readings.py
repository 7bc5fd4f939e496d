"""Small readings that providers' answers have in common."""

from datetime import UTC, datetime, timedelta
from uuid import UUID, uuid4

import pytest

from verf.billing.providers.readings import forget_oldest, made_at, moment, order_id, without_numbers, written
from verf.kit import new_id, now


@pytest.mark.parametrize(
    "text", ["2026-01-11T15:44:35.557Z", "2026-01-11T18:44:35.557+03:00", "2026-01-11T15:44:35.557"]
)
def test_times_are_read_in_utc(text):
    assert moment(text) == datetime(2026, 1, 11, 15, 44, 35, 557000, UTC)
    assert written(moment(text)) == "2026-01-11T15:44:35.557Z"


@pytest.mark.parametrize("value", [None, 7, "", "payment-123", [], {}, "0d3f5d4e"])
def test_what_is_not_an_id_of_ours_is_none(value):
    assert order_id(value) is None


def test_an_id_tells_when_it_was_made():
    made = new_id()
    for name in (str(made), f"refund:{made}"):
        assert abs(made_at(name) - now()) < timedelta(minutes=1)
    assert made_at(str(uuid4())) is None
    assert made_at("k") is None
    assert made_at(str(UUID(int=0))) is None


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("YooMoney wallet 410011758831136", "YooMoney wallet ···· 1136"),
        ("Card 4242 4242 4242 4242", "Card ···· 4242"),
        ("Card 4242-4242-4242-4242", "Card ···· 4242"),
        ("+79161234567", "+···· 4567"),
        ("Mir ···· 0079", "Mir ···· 0079"),
        ("expires 2030-11", "expires 2030-11"),
    ],
)
def test_whole_numbers_are_cut_to_their_last_digits(text, shown):
    assert without_numbers(text) == shown


def test_the_oldest_is_forgotten_first():
    kept = dict.fromkeys(range(5), "")
    forget_oldest(kept, 2)
    assert list(kept) == [3, 4]
