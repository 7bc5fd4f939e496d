"""How Paddle writes times, sums and our own words in its objects."""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from verf.billing.providers import readings
from verf.kit import Money

Json = dict[str, Any]

# What we put into custom_data.
ORDER = "order"
PRICE = "price"
KEY = "key"


def moment(text: str) -> datetime:
    """RFC 3339, with up to nine digits after the second."""
    return readings.moment(text)


def maybe(text: str | None) -> datetime | None:
    """Paddle writes the year 1 where it has not happened yet."""
    return None if not text or text.startswith("0001-") else moment(text)


def written(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def sum_of(amount: str | None, currency: str) -> Money | None:
    """Amounts are strings of minor units."""
    return None if amount is None else Money(int(amount), currency)


def ours(thing: Mapping[str, Any], name: str) -> str:
    value = (thing.get("custom_data") or {}).get(name, "")
    return value if isinstance(value, str) else ""


def order_of(thing: Mapping[str, Any]) -> UUID | None:
    """Ours are made with our key. What a browser has made, with the token that every page shows, names no order."""
    if is_made_in_a_browser(thing):
        return None
    try:
        return UUID(ours(thing, ORDER))
    except ValueError:
        return None


def is_made_in_a_browser(transaction: Mapping[str, Any]) -> bool:
    return transaction.get("origin") == "web"


def price_of(price: Mapping[str, Any]) -> str:
    """The published price. One that was made for a single checkout, to give a trial, names the one it stands for."""
    return ours(price, PRICE) or str(price["id"])
