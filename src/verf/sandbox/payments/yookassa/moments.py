"""Times, identifiers and amounts as YooKassa writes them."""

from datetime import UTC, datetime

from verf.kit import Money
from verf.sandbox.payments.dice import Dice

EPOCH = datetime(2000, 1, 1, tzinfo=UTC)


def zulu(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def identity(dice: Dice, at: datetime, kind: str) -> str:
    """Seconds since the year 2000, what it is, chance: 22e12f66-000f-5000-8000-18db351245c7."""
    seconds = int((at - EPOCH).total_seconds())
    return f"{seconds:08x}-{kind}-5000-{dice.throw('node').choice('89ab')}000-{dice.hex(12)}"


def minor(amount: dict[str, str]) -> int:
    return Money.of(amount["value"], amount["currency"]).minor_units


def money(minor_units: int) -> dict[str, str]:
    return {"value": str(Money(minor_units, "RUB").decimal), "currency": "RUB"}
