"""The calendar of subscriptions: every boundary is a function of the stored anchor and a number (C6).

Never of the boundary before: who starts on the 31st is charged on 28 February and on the 31st again in March.
"""

from calendar import monthrange
from dataclasses import dataclass
from datetime import UTC, datetime, time, timedelta, tzinfo
from zoneinfo import ZoneInfo

from verf.billing.providers.orders import Interval

MONTHS = {"month": 1, "year": 12}
LENGTHS = {"day": timedelta(days=1), "week": timedelta(weeks=1)}


@dataclass(frozen=True)
class Period:
    """Half-open: `end` belongs to the next one."""

    start: datetime
    end: datetime

    def __contains__(self, moment: datetime) -> bool:
        return self.start <= moment < self.end

    @property
    def seconds(self) -> int:
        return (self.end - self.start) // timedelta(seconds=1)

    def seconds_left(self, at: datetime) -> int:
        return (self.end - min(max(at, self.start), self.end)) // timedelta(seconds=1)


@dataclass(frozen=True)
class Calendar:
    """Months and years keep the anchor's day and hour on the wall of `zone`; days and weeks are 24 h each."""

    anchor: datetime
    interval: Interval
    count: int = 1
    zone: str = "UTC"

    def __post_init__(self) -> None:
        if self.anchor.tzinfo is None:
            raise ValueError("An anchor says its time zone")
        if self.count < 1:
            raise ValueError("An interval has a length")

    def boundary(self, number: int) -> datetime:
        """The end of that many intervals since the anchor, in UTC; boundary(0) is the anchor."""
        if number == 0:
            return self.anchor.astimezone(UTC)
        if length := LENGTHS.get(self.interval):
            return self.anchor.astimezone(UTC) + number * self.count * length
        wall = self.anchor.astimezone(ZoneInfo(self.zone))
        return _months_later(wall, number * self._months).astimezone(UTC)

    def period(self, number: int) -> Period:
        """The first one is period(0)."""
        return Period(self.boundary(number), self.boundary(number + 1))

    def number_at(self, moment: datetime) -> int:
        """Which period it is at that moment; negative before the anchor."""
        number = self._guess(moment)
        while self.boundary(number) > moment:
            number -= 1
        while self.boundary(number + 1) <= moment:
            number += 1
        return number

    def at(self, moment: datetime) -> Period:
        return self.period(self.number_at(moment))

    def moved_to(self, zone: str) -> "Calendar":
        """The same days and hours on another wall. Applies from the next boundary on, never inside a period."""
        wall = self.anchor.astimezone(ZoneInfo(self.zone)).replace(tzinfo=ZoneInfo(zone))
        return Calendar(wall.astimezone(UTC), self.interval, self.count, zone)

    @property
    def _months(self) -> int:
        if self.interval not in MONTHS:
            raise ValueError(f"What is bought {self.interval} has no calendar")
        return MONTHS[self.interval] * self.count

    def _guess(self, moment: datetime) -> int:
        if length := LENGTHS.get(self.interval):
            return (moment - self.anchor) // (length * self.count)
        return ((moment.year - self.anchor.year) * 12 + moment.month - self.anchor.month) // self._months


def day_of(moment: datetime, zone: str) -> Period:
    """The person's day: from midnight to midnight on the wall, 23 to 25 hours, and never empty."""
    wall = moment.astimezone(ZoneInfo(zone))
    start = _midnight(wall, wall.tzinfo)
    # A day that a country leaves out (Apia, 30 December 2011) ends where it would have begun.
    end = _midnight(wall + timedelta(days=1), wall.tzinfo)
    return Period(start, end if end > start else _midnight(wall + timedelta(days=2), wall.tzinfo))


def _midnight(wall: datetime, zone: tzinfo | None) -> datetime:
    return datetime.combine(wall.date(), time(), zone).astimezone(UTC)


def _months_later(wall: datetime, months: int) -> datetime:
    """A clock time that the zone skips becomes the one an hour on; of a repeated hour, the first is meant."""
    years, month = divmod(wall.month - 1 + months, 12)
    year = wall.year + years
    day = min(wall.day, monthrange(year, month + 1)[1])
    return wall.replace(year=year, month=month + 1, day=day, fold=0)
