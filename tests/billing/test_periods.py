"""The calendar: all anchors 1-31 over 48 months in four zones (C6)."""

import itertools
from calendar import monthrange
from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from verf.billing.periods import Calendar, Period, day_of

ZONES = ["UTC", "Europe/Moscow", "America/Los_Angeles", "Pacific/Apia"]
DAYS = range(1, 32)
MONTHS = 48
ANY_ZONE = st.sampled_from(ZONES)
# From before Apia skipped a day and Moscow changed its hours, to after.
MOMENTS = st.datetimes(datetime(2008, 1, 1), datetime(2040, 1, 1)).map(lambda naive: naive.replace(tzinfo=UTC))  # noqa: DTZ001


def anchor_on(day: int, zone: str, *, year: int = 2024, hour: int = 12) -> datetime:
    """In a January, which has every day."""
    return datetime(year, 1, day, hour, 30, tzinfo=ZoneInfo(zone))


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("day", DAYS)
@pytest.mark.parametrize("year", [2009, 2024])
def test_every_month_keeps_the_anchors_day_or_ends_with_the_month(day, zone, year):
    calendar = Calendar(anchor_on(day, zone, year=year), "month", zone=zone)
    for number in range(MONTHS + 1):
        wall = calendar.boundary(number).astimezone(ZoneInfo(zone))
        year_then, month_then = year + number // 12, number % 12 + 1
        expected = datetime(year_then, month_then, min(day, monthrange(year_then, month_then)[1]), 12, 30)  # noqa: DTZ001
        # Apia had no 30 December 2011: its noon was the next day's.
        skipped = zone == "Pacific/Apia" and expected.date() == datetime(2011, 12, 30).date()  # noqa: DTZ001
        assert wall.replace(tzinfo=None) == expected + timedelta(days=skipped)


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("day", DAYS)
def test_periods_follow_each_other_without_gap_or_overlap(day, zone):
    calendar = Calendar(anchor_on(day, zone, year=2009), "month", zone=zone)
    periods = [calendar.period(number) for number in range(MONTHS)]
    for earlier, later in itertools.pairwise(periods):
        assert earlier.end == later.start
        assert earlier.start < earlier.end
        assert timedelta(days=27) < earlier.end - earlier.start < timedelta(days=32)
        assert earlier.end not in earlier
        assert earlier.end in later
        assert earlier.start in earlier


@pytest.mark.parametrize("zone", ZONES)
def test_the_29th_of_february_comes_back_in_leap_years(zone):
    calendar = Calendar(datetime(2024, 2, 29, 9, tzinfo=ZoneInfo(zone)), "year", zone=zone)
    days = [calendar.boundary(number).astimezone(ZoneInfo(zone)).date().isoformat() for number in range(6)]
    assert days == ["2024-02-29", "2025-02-28", "2026-02-28", "2027-02-28", "2028-02-29", "2029-02-28"]


def test_the_31st_comes_back_after_short_months():
    calendar = Calendar(datetime(2025, 1, 31, tzinfo=UTC), "month")
    days = [calendar.boundary(number).day for number in range(7)]
    assert days == [31, 28, 31, 30, 31, 30, 31]


@given(MOMENTS, MOMENTS, ANY_ZONE, st.sampled_from(["day", "week", "month", "year"]), st.integers(1, 6))
def test_every_moment_lies_in_exactly_one_period(anchor, moment, zone, interval, count):
    calendar = Calendar(anchor, interval, count, zone)
    number = calendar.number_at(moment)
    assert moment in calendar.period(number)
    assert moment not in calendar.period(number - 1)
    assert moment not in calendar.period(number + 1)
    assert calendar.at(moment) == calendar.period(number)


@given(MOMENTS, ANY_ZONE, st.sampled_from(["day", "week", "month", "year"]), st.integers(1, 6), st.integers(-40, 40))
def test_boundaries_only_go_forward(anchor, zone, interval, count, number):
    calendar = Calendar(anchor, interval, count, zone)
    assert calendar.boundary(number) < calendar.boundary(number + 1)
    assert calendar.boundary(0) == anchor


@given(MOMENTS, ANY_ZONE, st.integers(0, 60))
def test_a_quarter_is_three_months_and_a_year_is_twelve(anchor, zone, number):
    months = Calendar(anchor, "month", zone=zone)
    assert Calendar(anchor, "month", 3, zone).boundary(number) == months.boundary(3 * number)
    assert Calendar(anchor, "year", zone=zone).boundary(number) == months.boundary(12 * number)


@given(MOMENTS, st.integers(1, 6), st.integers(0, 400))
def test_days_and_weeks_have_one_length(anchor, count, number):
    assert Calendar(anchor, "day", count).boundary(number) == anchor + timedelta(days=count * number)
    assert Calendar(anchor, "week", count).boundary(number) == anchor + timedelta(weeks=count * number)


@given(MOMENTS, ANY_ZONE, ANY_ZONE, st.integers(1, 48))
def test_a_move_keeps_the_days_on_the_wall(anchor, old, new, number):
    before = Calendar(anchor, "month", zone=old)
    after = before.moved_to(new)
    there, here = (c.boundary(number).astimezone(ZoneInfo(c.zone)).replace(tzinfo=None) for c in (after, before))
    # An hour or a whole day that one of the walls leaves out.
    assert abs(there - here) <= timedelta(days=1)
    if old == new:
        assert after.boundary(number) == before.boundary(number)


def test_summer_time_moves_the_moment_and_not_the_hour():
    zone = "America/Los_Angeles"
    calendar = Calendar(datetime(2026, 2, 8, 2, 30, tzinfo=ZoneInfo(zone)), "month", zone=zone)
    # 8 March 2026, 02:30 does not exist there; April is summer.
    assert [calendar.boundary(n).astimezone(ZoneInfo(zone)).hour for n in range(3)] == [2, 3, 2]
    assert [calendar.boundary(n).hour for n in range(3)] == [10, 10, 9]


@given(MOMENTS, ANY_ZONE)
def test_a_persons_day_holds_the_moment_and_touches_the_next(moment, zone):
    day = day_of(moment, zone)
    assert moment in day
    assert timedelta(hours=22) < day.end - day.start < timedelta(hours=26)
    assert day_of(day.end, zone).start == day.end
    assert day_of(day.start, zone) == day


def test_the_day_that_apia_left_out_is_nobodys():
    last = day_of(datetime(2011, 12, 30, 9, 59, tzinfo=UTC), "Pacific/Apia")
    assert last == Period(datetime(2011, 12, 29, 10, tzinfo=UTC), datetime(2011, 12, 30, 10, tzinfo=UTC))
    assert day_of(last.end, "Pacific/Apia").end == datetime(2011, 12, 31, 10, tzinfo=UTC)


def test_a_boundary_may_lie_in_the_utc_month_of_its_anchor():
    zone = "America/Los_Angeles"
    # 28 February there is 1 March in UTC, and 28 March there is still March in UTC.
    calendar = Calendar(datetime(2026, 2, 28, 17, tzinfo=ZoneInfo(zone)), "month", zone=zone)
    assert calendar.number_at(datetime(2026, 3, 30, tzinfo=UTC)) == 1


def test_seconds_left_stop_at_the_ends():
    period = Period(datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC))
    assert period.seconds == 86_400
    assert period.seconds_left(period.start - timedelta(days=1)) == 86_400
    assert period.seconds_left(period.start + timedelta(hours=6)) == 64_800
    assert period.seconds_left(period.end + timedelta(days=1)) == 0


def test_what_has_no_calendar_is_refused():
    with pytest.raises(ValueError, match="no calendar"):
        Calendar(datetime(2026, 1, 1, tzinfo=UTC), "once").boundary(1)
    with pytest.raises(ValueError, match="time zone"):
        Calendar(datetime(2026, 1, 1), "month")  # noqa: DTZ001
    with pytest.raises(ValueError, match="length"):
        Calendar(datetime(2026, 1, 1, tzinfo=UTC), "month", 0)
