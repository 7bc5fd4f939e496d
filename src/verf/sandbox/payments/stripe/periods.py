"""Boundaries of billing periods: the n-th counts from the anchor, never from the one before."""

import calendar
from datetime import UTC, datetime, timedelta

DAYS = {"day": 1, "week": 7}


def boundary(anchor: int, interval: str, count: int, number: int) -> int:
    start = datetime.fromtimestamp(anchor, UTC)
    if interval in DAYS:
        return int((start + timedelta(days=DAYS[interval] * count * number)).timestamp())
    months = start.month - 1 + count * number * (12 if interval == "year" else 1)
    year, month = start.year + months // 12, months % 12 + 1
    day = min(start.day, calendar.monthrange(year, month)[1])
    return int(start.replace(year=year, month=month, day=day).timestamp())


def following(anchor: int, interval: str, count: int, after: int) -> int:
    """The first boundary later than this second."""
    number = 1
    while (found := boundary(anchor, interval, count, number)) <= after:
        number += 1
    return found
