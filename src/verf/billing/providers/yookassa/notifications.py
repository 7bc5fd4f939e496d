"""Notifications of YooKassa. Nothing signs them: they are hints to ask, and only from where YooKassa sends."""

import hashlib
import re
from collections.abc import Mapping
from datetime import datetime
from ipaddress import ip_address, ip_network
from typing import Any

import orjson

from verf.billing.providers.events import Event, Forged, Malformed
from verf.billing.providers.pictures import Subject
from verf.billing.providers.readings import moment
from verf.kit import now

# Ids go into addresses and keys of ours; YooKassa's own have 36 characters of these.
REF = re.compile(r"[0-9A-Za-z_-]{1,64}")


def came_from(sender: str, networks: str, *, allow_loopback: bool) -> None:
    """Forged, unless the address lies in one of the networks, or there are none to lie in."""
    allowed = [ip_network(each) for each in networks.replace(" ", "").split(",") if each]
    if not allowed:
        return
    try:
        address = ip_address(sender)
    except ValueError:
        raise Forged("the sender has no address") from None
    address = getattr(address, "ipv4_mapped", None) or address
    if allow_loopback and address.is_loopback:
        return
    if not any(address in network for network in allowed):
        raise Forged("the sender is not YooKassa")


def read(body: bytes, *, account: str, is_live: bool) -> Event:
    said = _parsed(body)
    kind, seen = said["event"], said["object"]
    subject = subject_of(kind, seen)
    owner = seen.get("recipient") or seen.get("holder") or {}
    return Event(
        id=hashlib.sha256(b"\n".join((kind.encode(), seen["id"].encode(), body))).hexdigest(),
        kind=kind,
        account=str(owner.get("account_id") or account),
        # Refunds and methods do not say; the GET will.
        is_live=not seen["test"] if isinstance(seen.get("test"), bool) else is_live,
        occurred_at=_time_of(seen),
        subject=subject,
        key=str(subject) if subject else "",
    )


def subject_of(kind: str, seen: Mapping[str, Any]) -> Subject | None:
    family = kind.partition(".")[0]
    if family == "payment":
        return Subject("payment", _ref(seen["id"]))
    if family == "refund":
        return Subject("payment", _ref(seen.get("payment_id")))
    if family == "payment_method":
        return Subject("method", _ref(seen["id"]))
    return None


def _parsed(body: bytes) -> dict[str, Any]:
    try:
        said = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise Malformed("not JSON") from error
    is_whole = (
        isinstance(said, dict)
        and said.get("type") == "notification"
        and isinstance(said.get("event"), str)
        and isinstance(said.get("object"), dict)
        and isinstance(said["object"].get("id"), str)
    )
    if not is_whole:
        raise Malformed("not a notification")
    for name in ("recipient", "holder"):
        if not isinstance(said["object"].get(name) or {}, dict):
            raise Malformed(f"{name} is not an object")
    return dict(said)


def _ref(value: Any) -> str:
    if isinstance(value, str) and REF.fullmatch(value):
        return value
    raise Malformed("the id of the object is not an id")


def _time_of(seen: Mapping[str, Any]) -> datetime:
    try:
        return moment(seen.get("captured_at") or seen["created_at"])
    except (KeyError, TypeError, ValueError):
        return now()
