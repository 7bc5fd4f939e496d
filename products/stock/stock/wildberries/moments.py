"""Moments as Wildberries writes them: naive ones are Moscow time, fractions have any length."""

from datetime import UTC, date, datetime, timedelta, timezone

MOSCOW = timezone(timedelta(hours=3), "MSK")
NEVER_BEFORE = 1970


def moscow_moment(text: object) -> datetime | None:
    """The moment in UTC; None for nothing, for nonsense, and for the year 1 that means "never"."""
    if not isinstance(text, str) or not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        return None
    if moment.year < NEVER_BEFORE:
        return None
    return (moment if moment.tzinfo else moment.replace(tzinfo=MOSCOW)).astimezone(UTC)


def moscow_day(moment: datetime) -> date:
    return moment.astimezone(MOSCOW).date()


def moscow_text(moment: datetime) -> str:
    """As a question to Wildberries wants it: naive, Moscow, whole seconds."""
    return f"{moment.astimezone(MOSCOW):%Y-%m-%dT%H:%M:%S}"
