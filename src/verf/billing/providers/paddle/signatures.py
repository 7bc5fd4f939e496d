"""`Paddle-Signature: ts=<unix>;h1=<hex>[;h1=…]`, where h1 is HMAC-SHA256 of "<ts>:<raw body>"."""

import hmac
from collections.abc import Sequence
from datetime import datetime, timedelta
from hashlib import sha256

from verf.billing.providers.events import Forged, Stale

# Paddle's own libraries take five seconds. Ours is that of every provider here: a replay within it is harmless, since
# an event is stored once by its id, while a clock that is a minute off would lose every webhook.
TOLERANCE = timedelta(seconds=300)


def check(header: str, body: bytes, secrets: Sequence[str], *, at: datetime) -> None:
    """Raise unless one of our secrets made one of the signatures, not long before or after `at`."""
    stamp, signatures = _parts(header)
    if not _is_signed(stamp, signatures, body, secrets):
        raise Forged("no signature of ours")
    if abs(at.timestamp() - int(stamp)) > TOLERANCE.total_seconds():
        raise Stale(f"signed at {stamp}")


def _parts(header: str) -> tuple[str, list[str]]:
    """The time and all signatures; what else may come in the header is of no interest."""
    pairs = [part.strip().partition("=") for part in header.split(";")]
    stamps = [value for name, _, value in pairs if name == "ts"]
    signatures = [value for name, _, value in pairs if name == "h1" and value]
    if len(stamps) != 1 or not (stamps[0].isascii() and stamps[0].isdigit()) or not signatures:
        raise Forged("the header is not ts and h1")
    return stamps[0], signatures


def _is_signed(stamp: str, signatures: Sequence[str], body: bytes, secrets: Sequence[str]) -> bool:
    """Every pair is compared, so that the time taken tells nothing."""
    signed = stamp.encode() + b":" + body
    expected = [hmac.new(secret.encode(), signed, sha256).hexdigest() for secret in secrets]
    matches = [hmac.compare_digest(ours.encode(), theirs.encode()) for ours in expected for theirs in signatures]
    return any(matches)
