"""A notification of Paddle, and which object of ours it is about."""

import json
from collections.abc import Mapping
from typing import Any

from verf.billing.providers.events import Event, Malformed
from verf.billing.providers.paddle.fields import moment
from verf.billing.providers.paddle.settings import Connection
from verf.billing.providers.pictures import Subject

NEEDED = ("event_id", "event_type", "occurred_at")


def event_of(body: bytes, connection: Connection) -> Event:
    try:
        told = json.loads(body)
    except (ValueError, RecursionError) as error:
        raise Malformed("not JSON") from error
    if not isinstance(told, dict) or not all(isinstance(told.get(name), str) for name in NEEDED):
        raise Malformed("not a notification")
    try:
        occurred_at = moment(told["occurred_at"])
    except ValueError as error:
        raise Malformed("a time that is none") from error
    subject = subject_of(told["event_type"], told.get("data"))
    return Event(
        id=told["event_id"],
        kind=told["event_type"],
        account=connection.account,
        # Neither the account nor the mode stands in the body: the secret that signed it is of one of them.
        is_live=connection.is_live,
        occurred_at=occurred_at,
        subject=subject,
        key=str(subject or ""),
    )


def subject_of(kind: str, data: object) -> Subject | None:
    """The root object: a subscription when there is one, since its picture holds all payments and refunds."""
    if not isinstance(data, Mapping):
        return None
    family = kind.partition(".")[0]
    if family == "subscription":
        return _subject("subscription", data.get("id"))
    if family == "transaction":
        return _subject("subscription", data.get("subscription_id")) or _subject("checkout", data.get("id"))
    if family == "adjustment":
        return _subject("subscription", data.get("subscription_id")) or _subject("payment", data.get("transaction_id"))
    return None


def _subject(kind: Any, ref: object) -> Subject | None:
    return Subject(kind, ref) if isinstance(ref, str) and ref else None
