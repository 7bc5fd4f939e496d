"""When a subscription is billed: every boundary is counted from the anchor, so a month's end comes back."""

import calendar
from datetime import datetime, timedelta
from typing import Any

MONTHS = {"month": 1, "year": 12}
DAYS = {"day": 1, "week": 7}


def boundary(anchor: datetime, number: int, cycle: dict[str, Any]) -> datetime:
    """The end of the `number`-th period."""
    count = number * int(cycle["frequency"])
    if cycle["interval"] in DAYS:
        return anchor + timedelta(days=count * DAYS[cycle["interval"]])
    months = anchor.month - 1 + count * MONTHS[cycle["interval"]]
    year, month = anchor.year + months // 12, months % 12 + 1
    return anchor.replace(year=year, month=month, day=min(anchor.day, calendar.monthrange(year, month)[1]))


def minutes_left(start: datetime, end: datetime, at: datetime) -> tuple[int, int]:
    """What is left of a period, and all of it; Paddle counts to the minute."""
    whole = max(1, round((end - start).total_seconds() / 60))
    left = round((end - at).total_seconds() / 60)
    return min(max(left, 0), whole), whole
