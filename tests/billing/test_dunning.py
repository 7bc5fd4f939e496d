"""What becomes of a subscription whose money did not come, as tables."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from verf.billing.dunning import ENDS_ON, MAILS, TRIES, Arrears, calendar, mail_at, next_try_at, state_at, try_at

SINCE = datetime(2027, 1, 31, 9, 30, tzinfo=UTC)
SOFT = Arrears(since=SINCE)
HARD = Arrears(since=SINCE, is_hard=True)
moments = st.integers(0, 40 * 86_400).map(lambda seconds: SINCE + timedelta(seconds=seconds))


def day(number: float) -> datetime:
    return SINCE + timedelta(days=number)


@pytest.mark.parametrize(
    ("at", "state"),
    [(0, "past_due"), (2.99, "past_due"), (3, "suspended"), (27.99, "suspended"), (28, "ended"), (400, "ended")],
)
def test_access_goes_on_for_the_grace_then_it_stops_then_all_is_over(at, state):
    assert state_at(SOFT, day(at)) == state


def test_the_grace_is_that_of_the_plan():
    patient = Arrears(since=SINCE, grace_days=14)
    assert state_at(patient, day(13.9)) == "past_due"
    assert state_at(patient, day(14)) == "suspended"


def test_a_plan_without_grace_suspends_at_once():
    assert state_at(Arrears(since=SINCE, grace_days=0), SINCE) == "suspended"


@pytest.mark.parametrize(
    ("at", "number", "following"),
    [(0, 0, 2), (1.9, 0, 2), (2, 1, 7), (6.9, 1, 7), (7, 2, 14), (14, 3, 21), (21, 4, None), (27, 4, None)],
)
def test_tries_are_on_days_0_2_7_14_and_21(at, number, following):
    assert try_at(SOFT, day(at)) == number
    assert next_try_at(SOFT, day(at)) == (None if following is None else day(following))


def test_a_hard_decline_is_not_tried_again():
    assert try_at(HARD, day(2)) is None
    assert next_try_at(HARD, SINCE) is None


def test_nothing_is_tried_before_it_is_due_nor_after_the_end():
    assert try_at(SOFT, day(-0.1)) is None
    assert next_try_at(SOFT, day(-0.1)) == SINCE
    assert try_at(SOFT, day(ENDS_ON)) is None


@pytest.mark.parametrize(
    ("at", "mail"),
    [(-1, None), (0, 0), (2.9, 0), (3, 3), (7, 7), (13, 7), (14, 14), (26.9, 14), (27, 27), (28, None), (90, None)],
)
@pytest.mark.parametrize("arrears", [SOFT, HARD], ids=["soft", "hard"])
def test_mails_are_on_days_0_3_7_14_and_the_day_before_the_end_whatever_was_declined(arrears, at, mail):
    assert mail_at(arrears, day(at)) == mail


def test_a_house_that_slept_makes_up_for_the_last_try_only():
    """Down from day 1 to day 15: one try, that of day 14, and then that of day 21."""
    assert try_at(SOFT, day(15)) == 3
    assert next_try_at(SOFT, day(15)) == day(21)


def test_the_calendar_holds_everything_that_will_be_done():
    assert calendar(SOFT) == [day(number) for number in (0, 2, 3, 7, 14, 21, 27, 28)]
    assert calendar(HARD) == [day(number) for number in (0, 3, 7, 14, 27, 28)]


@given(moments)
def test_between_two_days_of_the_calendar_nothing_changes(moment):
    last = max(at for at in calendar(SOFT) if at <= moment)
    told = (state_at(SOFT, moment), try_at(SOFT, moment), mail_at(SOFT, moment))
    assert told == (state_at(SOFT, last), try_at(SOFT, last), mail_at(SOFT, last))


@given(st.lists(moments, min_size=1, max_size=60))
def test_however_rarely_the_house_wakes_each_try_and_mail_happens_at_most_once_and_in_order(wakings):
    numbers = [try_at(SOFT, moment) for moment in sorted(wakings)]
    tries = [number for number in numbers if number is not None]
    mails = [mail for mail in (mail_at(SOFT, moment) for moment in sorted(wakings)) if mail is not None]
    assert tries == sorted(tries)
    assert mails == sorted(mails)
    assert set(tries) <= set(range(len(TRIES)))
    assert set(mails) <= {*MAILS, 27}


def test_the_guide_tells_the_same_days():
    guide = (Path(__file__).parents[2] / "docs/guides/subscriptions-and-dunning.md").read_text()
    told = guide.partition("## When the money does not come")[2].partition("\n## ")[0]
    lines = [[cell.strip() for cell in line.split("|")] for line in told.splitlines() if re.match(r"\| \d", line)]
    assert [int(cells[1]) for cells in lines] == [(at - SINCE).days for at in calendar(SOFT)]
    assert tuple(int(cells[1]) for cells in lines if cells[2].startswith("yes")) == TRIES
    assert [int(cells[1]) for cells in lines if cells[3]] == [*MAILS, ENDS_ON - 1, ENDS_ON]
