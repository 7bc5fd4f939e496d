"""Only Stripe's own signature counts, and only near the time it was made."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from verf.billing.providers.events import Forged, Stale
from verf.billing.providers.stripe.signatures import check, sign

DATA = Path(__file__).parents[2] / "data"
VECTOR = json.loads((DATA / "stripe-signature-vector.json").read_text())
BODY = (DATA / VECTOR["body_file"]).read_bytes()
SIGNED_AT = datetime.fromtimestamp(VECTOR["timestamp"], UTC)
SECRET = VECTOR["secret"]
HEADER = VECTOR["header"]


def judge(header=HEADER, body=BODY, secrets=(SECRET,), **away):
    check(header, body, secrets, now=SIGNED_AT + timedelta(**away))


def test_the_saved_signature_verifies():
    judge()
    assert sign(BODY, SECRET, at=SIGNED_AT) == HEADER


@pytest.mark.parametrize("seconds", [300, -300])
def test_five_minutes_either_way_are_fine(seconds):
    judge(seconds=seconds)


@pytest.mark.parametrize("seconds", [301, -301, 86400, -86400])
def test_older_or_from_the_future_is_stale(seconds):
    with pytest.raises(Stale):
        judge(seconds=seconds)


def test_during_rotation_any_of_our_secrets_and_any_of_their_signatures_will_do():
    judge(secrets=["whsec_new", SECRET])
    judge(header=HEADER.replace(",v1=", f",v1={'0' * 64},v1="))


def test_another_secret_is_forged_however_fresh():
    with pytest.raises(Forged):
        judge(secrets=["whsec_another"])
    with pytest.raises(Forged):
        judge(secrets=[])


@pytest.mark.parametrize("body", [BODY[:-1], BODY + b" ", b"", BODY.replace(b"900", b"901", 1)])
def test_one_byte_less_or_more_is_forged(body):
    with pytest.raises(Forged):
        judge(body=body)


@pytest.mark.parametrize(
    "header",
    [
        "",
        "t=1793404800",
        HEADER.split(",")[1],
        HEADER.replace("v1=", "v0="),
        HEADER.replace("t=1793404800", "t=now"),
        HEADER.replace("t=1793404800", "t=1793404801"),
        HEADER.replace("t=1793404800", "t=١٧٩٣"),
        "t=" + "9" * 40 + ",v1=00",
        HEADER[:-1],
        HEADER.upper(),
        "v1=é,t=1793404800",
        ",,,===,",
    ],
)
def test_a_header_that_is_not_theirs_is_forged_and_breaks_nothing(header):
    with pytest.raises(Forged):
        judge(header=header)


def test_a_forgery_is_not_told_that_it_is_late():
    with pytest.raises(Forged):
        judge(secrets=["whsec_another"], days=2)
