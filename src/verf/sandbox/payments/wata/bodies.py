"""What the API accepts. Amounts are JSON numbers; fields we have not heard of are refused."""

import json
import re
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from verf.kit import Money, now
from verf.sandbox.payments.store import Document
from verf.sandbox.payments.wata.errors import Refused, invalid

LEAST = {"RUB": Money(1_000, "RUB"), "USD": Money(100, "USD"), "EUR": Money(100, "EUR")}
LARGEST_MINOR = 99_999_999
SHORTEST, LONGEST, USUAL = timedelta(minutes=10), timedelta(days=30), timedelta(days=3)
ADDRESS = re.compile(r"https?://[^\s]+", re.IGNORECASE)
TEXTS = {"description": 255, "orderId": 255, "email": 255, "phone": 32, "username": 255, "userId": 255}
LINK_FIELDS = {
    *TEXTS,
    "amount",
    "currency",
    "type",
    "successRedirectUrl",
    "failRedirectUrl",
    "expirationDateTime",
    "subscription",
}


def parse(raw: bytes) -> dict[str, Any]:
    try:
        content = json.loads(raw or b"null", parse_float=Decimal)
    except ValueError as error:
        raise invalid("$", "The JSON value could not be converted.") from error
    if not isinstance(content, dict):
        raise invalid("$", "A non-empty request body is required.")
    return {name: value for name, value in content.items() if value is not None}


def new_link(content: dict[str, Any]) -> Document:
    """The link's fields as they were asked for, checked; `amount` in minor units, `expires_at` filled in."""
    _known(content, LINK_FIELDS)
    if "subscription" in content:
        raise Refused(403, "Subscriptions are not enabled for this terminal. Contact your manager.")
    if content.get("currency") not in LEAST:
        raise invalid("currency", "'Currency' must be RUB, EUR or USD.")
    kind = content.get("type", "OneTime")
    if kind not in {"OneTime", "ManyTime"}:
        raise invalid("type", "'Type' must be OneTime or ManyTime.")
    link: Document = {"type": kind, "currency": content["currency"], "amount": _amount(content, content["currency"])}
    least = LEAST[content["currency"]].minor_units
    if not least <= link["amount"] <= LARGEST_MINOR:
        raise Refused(400, "The amount is out of range.", code="Payment:PL_1001")
    for name, longest in TEXTS.items():
        if name in content:
            link[name] = _text(content, name, longest)
    for name in ("successRedirectUrl", "failRedirectUrl"):
        if name in content:
            if not ADDRESS.fullmatch(_text(content, name, 2048)):
                raise invalid(name, f"'{name}' must be an absolute address.")
            link[name] = content[name]
    return link | {"expires_at": _expiry(content).isoformat()}


def new_refund(content: dict[str, Any]) -> tuple[str, Decimal]:
    """The original transaction and the amount, a number."""
    _known(content, {"originalTransactionId", "amount"})
    identity = _text(content, "originalTransactionId", 36)
    try:
        UUID(identity)
    except ValueError as error:
        raise invalid("originalTransactionId", "'Original Transaction Id' must be a UUID.") from error
    return identity, _number(content)


def minor_of(amount: Decimal, currency: str) -> int:
    try:
        return Money.of(amount, currency).minor_units
    except ValueError as error:
        raise Refused(400, "The amount has more than two decimals.", code="Payment:TRA_1005") from error


def _amount(content: dict[str, Any], currency: str) -> int:
    return minor_of(_number(content), currency)


def _number(content: dict[str, Any]) -> Decimal:
    if "amount" not in content:
        raise invalid("amount", "'Amount' is required.")
    amount = content["amount"]
    if isinstance(amount, bool) or not isinstance(amount, int | Decimal):
        raise invalid("amount", "'Amount' must be a number.")
    return Decimal(amount)


def _expiry(content: dict[str, Any]) -> datetime:
    at = now()
    if "expirationDateTime" not in content:
        return at + USUAL
    try:
        expires_at = datetime.fromisoformat(_text(content, "expirationDateTime", 40))
    except ValueError as error:
        raise invalid("expirationDateTime", "'Expiration Date Time' is not a date.") from error
    if expires_at.tzinfo is None:
        raise invalid("expirationDateTime", "'Expiration Date Time' has no time zone.")
    if not at + SHORTEST < expires_at <= at + LONGEST:
        raise invalid("expirationDateTime", "'Expiration Date Time' must be between 10 minutes and 30 days from now.")
    return expires_at


def _text(content: dict[str, Any], name: str, longest: int) -> str:
    value = content.get(name)
    if not isinstance(value, str) or not value or len(value) > longest:
        raise invalid(name, f"'{name}' must be a text of at most {longest} characters.")
    return value


def _known(content: dict[str, Any], names: set[str]) -> None:
    for name in content:
        if name not in names:
            raise invalid(name, f"'{name}' is not known here.")
