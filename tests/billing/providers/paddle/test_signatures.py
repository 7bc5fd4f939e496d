"""Only Paddle can have written it, and not long ago."""

import hmac
import json
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from pathlib import Path

import pytest

from verf.billing.providers.events import Forged, Stale
from verf.billing.providers.paddle.signatures import check

VECTOR = json.loads((Path(__file__).parents[2] / "data/paddle-signature-vector.json").read_text())
BODY, SECRET, HEADER = VECTOR["raw_body"].encode(), VECTOR["secret"], VECTOR["header"]
SIGNED_AT = datetime.fromtimestamp(1710498758, UTC)
GOOD = HEADER.partition("h1=")[2]


def signed(secret: str, body: bytes = BODY, stamp: int = 1710498758) -> str:
    return hmac.new(secret.encode(), f"{stamp}:".encode() + body, sha256).hexdigest()


def test_the_vector_of_paddles_own_library_verifies():
    check(HEADER, BODY, [SECRET], at=SIGNED_AT)


@pytest.mark.parametrize("seconds", [-300, 300])
def test_five_minutes_are_forgiven_both_ways(seconds):
    check(HEADER, BODY, [SECRET], at=SIGNED_AT + timedelta(seconds=seconds))


@pytest.mark.parametrize("seconds", [-301, 301, 86400])
def test_more_than_five_minutes_are_not(seconds):
    with pytest.raises(Stale):
        check(HEADER, BODY, [SECRET], at=SIGNED_AT + timedelta(seconds=seconds))


def test_while_a_secret_is_replaced_both_are_good():
    for secrets in ([SECRET, "new"], ["new", SECRET]):
        check(HEADER, BODY, secrets, at=SIGNED_AT)


def test_one_good_signature_among_several_is_enough():
    check(f"ts=1710498758;h1={signed('other')};h1={GOOD}", BODY, [SECRET], at=SIGNED_AT)
    check(f"ts=1710498758;h1={GOOD};h1={signed('other')}", BODY, [SECRET], at=SIGNED_AT)


def test_what_else_stands_in_the_header_is_of_no_interest():
    check(f"ts=1710498758;h2=abc;h1={GOOD};note", BODY, [SECRET], at=SIGNED_AT)


@pytest.mark.parametrize(
    "header",
    [
        "",
        "h1=abc",
        "ts=1710498758",
        "ts=1710498758;h1=",
        f"ts=soon;h1={GOOD}",
        f"ts=١٧١٠٤٩٨٧٥٨;h1={GOOD}",
        f"ts=1710498759;h1={GOOD}",
        f"ts=1710498758;ts=1710498758;h1={GOOD}",
        f"ts=1710498758;h1={GOOD[:-1]}",
        f"ts=1710498758;h1={signed('other')}",
        "ts=1710498758;h1=подпись",
    ],
)
def test_anything_else_is_forged(header):
    with pytest.raises(Forged):
        check(header, BODY, [SECRET], at=SIGNED_AT)


def test_one_changed_byte_is_noticed():
    with pytest.raises(Forged):
        check(HEADER, BODY.replace(b"John", b"Joan"), [SECRET], at=SIGNED_AT)


def test_nobody_signs_with_a_secret_that_we_do_not_have():
    with pytest.raises(Forged):
        check(f"ts=1710498758;h1={signed('')}", BODY, [], at=SIGNED_AT)
