"""Reading an Idempotency-Key (draft-ietf-httpapi-idempotency-key-header-07) and a fingerprint of the contents."""

import hashlib
import json
import re
from collections.abc import Iterable
from urllib.parse import parse_qs

from verf.errors import Conflict, Invalid

# An Item of RFC 8941 that is a String; its parameters mean nothing here.
STRING = re.compile(r' *"((?:[\x20\x21\x23-\x5b\x5d-\x7e]|\\["\\])*)" *(?:;[\x20-\x7e]*)?')
LONGEST = 255
FIELD = "idempotency_key"


class IdempotencyKeyMissing(Invalid):
    """This moves money, so it needs a key: a retry must not move it twice."""

    status = 400


class IdempotencyKeyReused(Invalid):
    """The key came before, with other contents."""


class IdempotencyKeyInFlight(Conflict):
    """The first request with this key has not been answered yet."""


def key_in_header(values: Iterable[str]) -> str:
    found = list(values)
    if not found:
        raise IdempotencyKeyMissing("Send an Idempotency-Key header: a new key for each thing you want done once.")
    match = STRING.fullmatch(found[0])
    key = re.sub(r"\\(.)", r"\1", match[1]) if match else ""
    if len(found) > 1 or not 0 < len(key) <= LONGEST:
        raise IdempotencyKeyMissing(
            "The Idempotency-Key header is one quoted string of at most 255 characters, such as a UUID in quotes."
        )
    return key


def key_in_form(body: bytes) -> str:
    """Forms carry it in a hidden field."""
    try:
        found = parse_qs(body.decode(), max_num_fields=200).get(FIELD, [])
    except ValueError:
        found = []
    if len(found) != 1 or len(found[0]) > LONGEST or not found[0].isprintable():
        raise IdempotencyKeyMissing("This form is out of date. Open the page again.")
    return found[0]


def fingerprint(query: bytes, body: bytes) -> bytes:
    """The same for bodies that say the same: JSON is compared by what it means, all else byte by byte."""
    try:
        said = json.dumps(json.loads(body, parse_float=str), sort_keys=True, separators=(",", ":")).encode()
    except (ValueError, RecursionError):
        said = body
    return hashlib.sha256(query + b"\n" + said).digest()
