"""Stripe-Signature: t=<unix>,v1=<hex HMAC-SHA256 of "t.body">, one v1 for each secret of the endpoint."""

import hmac
from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256

from verf.billing.providers.events import Forged, Stale

# Stripe's own SDK looks at the past only; a signature from the far future would work for ever.
TOLERANCE = 300


def check(header: str, body: bytes, secrets: Sequence[str], *, now: datetime) -> None:
    """Raises Forged or Stale. The signature is judged first: only the true sender may learn that it is late."""
    timestamp, signatures = _parts(header)
    if not timestamp or not signatures:
        raise Forged("signature header missing or malformed")
    signed = timestamp.encode() + b"." + body
    expected = [hmac.new(secret.encode(), signed, sha256).hexdigest().encode() for secret in secrets]
    # All pairs are compared, so that time tells nothing about which one matched.
    matches = [hmac.compare_digest(one, given.encode()) for one in expected for given in signatures]
    if not any(matches):
        raise Forged("no signature matches")
    if abs(int(now.timestamp()) - int(timestamp)) > TOLERANCE:
        raise Stale("signed more than five minutes away from now")


def sign(body: bytes, secret: str, *, at: datetime) -> str:
    timestamp = int(at.timestamp())
    digest = hmac.new(secret.encode(), f"{timestamp}.".encode() + body, sha256).hexdigest()
    return f"t={timestamp},v1={digest}"


def _parts(header: str) -> tuple[str, list[str]]:
    timestamp, signatures = "", []
    for part in header.split(","):
        name, _, value = part.strip().partition("=")
        if name == "t" and value.isascii() and value.isdigit() and len(value) < 13:
            timestamp = value
        elif name == "v1" and value.isascii():
            signatures.append(value)
    return timestamp, signatures
