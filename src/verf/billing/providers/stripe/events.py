"""What an event says of the object to read again. Its values are never believed: only ids are taken from it."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from verf.billing.providers.events import Event, Malformed
from verf.billing.providers.pictures import Subject

Body = Mapping[str, Any]

PARTS_OF_PAYMENT = frozenset(
    {"payment_intent", "charge", "charge.dispute", "charge.refund", "refund", "invoice_payment"}
)


def event_of(raw: bytes, *, account: str, version: str) -> Event:
    """An event of another API version is parked: kept, with its version, and nothing of ours is read because of it."""
    body = _json(raw)
    try:
        thing = body["data"]["object"]
        kind, seen = str(body["type"]), str(body.get("api_version") or "")
        subject = subject_of(kind, thing) if seen == version else None
        return Event(
            id=str(body["id"]),
            kind=kind,
            account=str(body.get("account") or account),
            is_live=_flag(body["livemode"]),
            occurred_at=datetime.fromtimestamp(int(body["created"]), UTC),
            subject=subject,
            key=key_of(subject, thing),
            version=seen,
        )
    except (KeyError, TypeError, ValueError, AttributeError, OverflowError, OSError) as error:
        raise Malformed(f"not an event of Stripe: {type(error).__name__}") from error


def subject_of(kind: str, thing: Body) -> Subject | None:
    family = kind.rpartition(".")[0]
    if family == "checkout.session":
        return Subject("checkout", str(thing["id"]))
    if family in PARTS_OF_PAYMENT:
        return _payment(thing)
    if family == "customer.subscription":
        return _subscription(thing["id"])
    if family == "subscription_schedule":
        return _subscription(thing.get("subscription") or thing.get("released_subscription"))
    return _subscription(_subscription_of_invoice(thing)) if family == "invoice" else None


def key_of(subject: Subject | None, thing: Body) -> str:
    """One at a time for all that belongs to a subscription, as far as the body names it."""
    if subject is None:
        return ""
    if subject.kind == "checkout" and thing.get("subscription"):
        return f"subscription:{ref_of(thing['subscription'])}"
    return str(subject)


def ref_of(value: Any) -> str:
    """The id of something that comes as its id, or whole when it was expanded."""
    if isinstance(value, str) or value is None:
        return value or ""
    return str(value["id"] if isinstance(value, Mapping) else value.id)


def _subscription_of_invoice(invoice: Body) -> Any:
    """Since basil under parent; events listed from before that time still have it at the top."""
    details = (invoice.get("parent") or {}).get("subscription_details") or {}
    return details.get("subscription") or invoice.get("subscription")


def _subscription(value: Any) -> Subject | None:
    ref = ref_of(value)
    return Subject("subscription", ref) if ref else None


def _payment(thing: Body) -> Subject | None:
    if thing.get("object") == "payment_intent":
        return Subject("payment", str(thing["id"]))
    ref = ref_of(thing.get("payment_intent") or (thing.get("payment") or {}).get("payment_intent"))
    return Subject("payment", ref) if ref else None


def _json(raw: bytes) -> Body:
    try:
        body = json.loads(raw)
    except (ValueError, RecursionError) as error:
        raise Malformed("not JSON") from error
    if not isinstance(body, dict) or body.get("object") != "event":
        raise Malformed("not an event")
    return body


def _flag(value: Any) -> bool:
    if not isinstance(value, bool):
        raise TypeError("livemode")
    return value
