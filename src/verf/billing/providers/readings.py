"""Small readings that providers' answers have in common."""

import re
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

MANY_DIGITS = re.compile(r"\d(?:[ -]?\d){9,}")


def moment(text: str) -> datetime:
    """A time with its zone, in UTC; a time without one is UTC."""
    read = datetime.fromisoformat(text)
    try:
        return read.astimezone(UTC) if read.tzinfo else read.replace(tzinfo=UTC)
    except OverflowError as error:
        raise ValueError("a time outside of all calendars") from error


def written(moment: datetime) -> str:
    """A time in UTC as providers write it: milliseconds and Z."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


def order_id(value: Any) -> UUID | None:
    """The id of an order or a charge of ours; None for what somebody else has put there."""
    try:
        return UUID(value)
    except (AttributeError, TypeError, ValueError):
        return None


def made_at(name: str) -> datetime | None:
    """When the UUIDv7 that is a key, or ends one, was made: how long a provider has known it at most.

    By the real clock, so a sandbox that lives ahead of it takes its keys for older than they are: the careful side.
    """
    made = order_id(name[-36:])
    return datetime.fromtimestamp((made.int >> 80) / 1000, UTC) if made and made.version == 7 else None


def without_numbers(text: str) -> str:
    """Numbers of accounts and cards are cut to their last four digits, whoever wrote them into a title."""
    return MANY_DIGITS.sub(lambda match: f"···· {match[0][-4:]}", text)


def forget_oldest(kept: dict[Any, Any], most: int) -> None:
    """What an adapter remembers for itself never outgrows this."""
    while len(kept) > most:
        del kept[next(iter(kept))]
