"""Webhooks of Wata, signed. One of them asks before it charges."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from json import loads
from typing import Any
from uuid import UUID

from verf.billing.providers.events import Event, Malformed, Question
from verf.billing.providers.pictures import Subject
from verf.billing.providers.readings import moment, order_id
from verf.kit import Money, now

KINDS = frozenset({"payment", "refund"})
STATUSES = frozenset({"pending", "paid", "declined"})
# An order that is nobody's: the answer to a question about it is no.
NO_ORDER = UUID(int=0)
LONGEST_ORDER = 128


def read(body: bytes, *, is_live: bool) -> Event:
    said = _parsed(body)
    kind, status = said["kind"].lower(), said["transactionStatus"].lower()
    is_question = (kind, status) == ("payment", "created")
    subject = Subject("order", said["orderId"]) if kind in KINDS and status in STATUSES and said["orderId"] else None
    return Event(
        id=f"{said['transactionId']}:{kind}:{status}",
        kind=f"{kind}.{status}",
        account=said["terminalPublicId"],
        is_live=is_live,
        occurred_at=_time_of(said),
        subject=subject,
        key=str(subject) if subject else "",
        question=_question(said) if is_question else None,
    )


def _question(said: Mapping[str, Any]) -> Question:
    try:
        money = Money.of(said["amount"], said["currency"])
    except (KeyError, TypeError, ValueError) as error:
        raise Malformed("the amount is not an amount") from error
    return Question(order=order_id(said["orderId"]) or NO_ORDER, money=money)


def _parsed(body: bytes) -> dict[str, Any]:
    try:
        said = loads(body, parse_float=Decimal)
    except (ValueError, RecursionError) as error:
        raise Malformed("not JSON") from error
    if not isinstance(said, dict):
        raise Malformed("not an object")
    said.setdefault("orderId", "")
    said["orderId"] = said["orderId"] or ""
    for name in ("kind", "transactionStatus", "transactionId", "terminalPublicId", "orderId"):
        if not isinstance(said.get(name), str):
            raise Malformed(f"{name} is missing")
    if len(said["orderId"]) > LONGEST_ORDER or not said["transactionId"]:
        raise Malformed("an id is too long or empty")
    return said


def _time_of(said: Mapping[str, Any]) -> datetime:
    try:
        return moment(said["paymentTime"])
    except (KeyError, TypeError, ValueError):
        return now()
