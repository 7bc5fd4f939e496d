"""The one clock. Production never moves it; the sandbox and tests do."""

from datetime import UTC, datetime, timedelta

_offset = timedelta()


def now() -> datetime:
    """The present moment in UTC, as the business lives it."""
    return datetime.now(UTC) + _offset


def advance(by: timedelta) -> timedelta:
    """Move the clock of this process forward; return the offset from the real time."""
    return set_offset(_offset + by)


def set_offset(offset: timedelta) -> timedelta:
    global _offset
    _offset = offset
    return _offset
