"""Moments are whole microseconds since 1970 UTC: cheap to compare, exact to print the way Wildberries prints them."""

from datetime import UTC, datetime, timedelta, timezone

SECOND = 1_000_000
MINUTE = 60 * SECOND
HOUR = 60 * MINUTE
DAY = 24 * HOUR
TICK = 30 * MINUTE
MOSCOW = timezone(timedelta(hours=3))
MOSCOW_AHEAD = 3 * HOUR
START = datetime(1970, 1, 1, tzinfo=UTC)
NEVER = "0001-01-01T00:00:00"


def moment_of(when: datetime) -> int:
    return (when - START) // timedelta(microseconds=1)


def when_of(moment: int) -> datetime:
    return START + timedelta(microseconds=moment)


def moscow_day(moment: int) -> int:
    """The number of the calendar day in Moscow; a day begins at 21:00 UTC of the day before."""
    return (moment + MOSCOW_AHEAD) // DAY


def day_start(day: int) -> int:
    return day * DAY - MOSCOW_AHEAD


def weekday(day: int) -> int:
    """Monday is 0; the first day of 1970 was a Thursday."""
    return (day + 3) % 7


def day_name(day: int) -> str:
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(days=day)).date().isoformat()


def naive_moscow(moment: int) -> str:
    """`2026-11-20T15:04:15.5`: no zone, and only as many decimals as there are."""
    text = datetime.fromtimestamp(moment // SECOND, MOSCOW).strftime("%Y-%m-%dT%H:%M:%S")
    fraction = moment % SECOND
    return f"{text}.{fraction:06d}".rstrip("0") if fraction else text


def zoned_moscow(moment: int) -> str:
    return datetime.fromtimestamp(moment // SECOND, MOSCOW).strftime("%Y-%m-%dT%H:%M:%S+03:00")


def zulu(moment: int) -> str:
    """`2023-12-06T11:17:00.96577Z`, the way of cards and of the gateway."""
    text = datetime.fromtimestamp(moment // SECOND, UTC).strftime("%Y-%m-%dT%H:%M:%S")
    fraction = moment % SECOND
    return (f"{text}.{fraction:06d}".rstrip("0") if fraction else text) + "Z"


def read_moment(text: str) -> int:
    """A date or a date with time; without a zone it is Moscow's. Raises ValueError."""
    when = datetime.fromisoformat(text.strip().replace(" ", "+"))
    return moment_of(when if when.tzinfo else when.replace(tzinfo=MOSCOW))
