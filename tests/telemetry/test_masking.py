import base64
import json
import os

import pytest
from cryptography.fernet import Fernet
from hypothesis import assume, given
from hypothesis import strategies as st

from verf.telemetry import HIDDEN, mask, mask_text

LETTERS = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
secrets = st.text(LETTERS, min_size=12, max_size=40).map(lambda text: f"zq{text}")
keys = st.sampled_from(
    ["password", "new_password", "Authorization", "x-api-key", "refresh_token", "client_secret", "Set-Cookie", "csrf"]
)
fillers = st.text(max_size=30)


@given(secrets, keys, fillers, st.integers(0, 4))
def test_no_value_of_a_secret_key_survives_at_any_depth(secret, key, filler, depth):
    event = {key: secret, "event": filler}
    for level in range(depth):
        event = {"inside": [event, filler]} if level % 2 else {"more": (event,), "note": filler}
    assume(secret not in filler)
    assert secret not in repr(mask(event))


@given(
    secrets,
    keys,
    fillers,
    st.sampled_from(["{key}={secret}", "{key}: {secret}", '"{key}": "{secret}"', "'{key}': '{secret}'"]),
)
def test_no_secret_written_into_a_text_survives(secret, key, filler, shape):
    assume(secret not in filler)
    assert secret not in mask_text(f"{filler} {shape.format(key=key, secret=secret)} {filler}")


@given(st.binary(min_size=16, max_size=60), fillers)
def test_no_token_survives_wherever_it_stands(payload, filler):
    body = base64.urlsafe_b64encode(payload).decode().rstrip("=")
    token = f"eyJhbGciOiJIUzI1NiJ9.eyJ{body}.{body}"
    assert body not in mask_text(f"{filler} {token} {filler}".replace(body, body, 1))
    sealed = Fernet(base64.urlsafe_b64encode(os.urandom(32))).encrypt(payload).decode()
    assert sealed not in mask_text(f"{filler}{sealed} {filler}")
    assert body not in mask_text(f"Bearer {body}")


@given(st.text(LETTERS + "._+-", min_size=4, max_size=30), st.sampled_from(["example.com", "почта.рф", "a-b.co.uk"]))
def test_no_person_can_be_told_from_a_log(name, domain):
    masked = mask_text(f"mail to {name}@{domain} bounced")
    assert f"{name}@" not in masked
    assert masked == f"mail to …@{domain} bounced"


@pytest.mark.parametrize(
    "text",
    [
        "postgresql://verf:hunter2hunter@db.example/verf",
        "sk_live_hunter2hunter2hunter2",
        "whsec_hunter2hunter2hunter2",
        "token 123456789:AAhunter2hunter2hunter2hunter2hunter2",
        "GET /verify?token=hunter2hunter&next=/",
        "authorization: Basic hunter2hunter==",
        'password="hunter2 with spaces hunter2"',
    ],
)
def test_known_shapes_of_secrets_are_hidden(text):
    masked = mask_text(text)
    assert "hunter2" not in masked
    assert HIDDEN in masked


def test_ordinary_facts_are_left_alone():
    event = {"event": "sync finished", "products": 1000, "seconds": 1.5, "ok": True, "none": None, "names": ["a", "b"]}
    assert mask(event) == event


def test_what_is_masked_is_json():
    assert json.dumps(mask({"a": {1, 2}, "b": b"xx", "c": object(), 3: {"d": ("e",)}}))


def test_a_thing_that_contains_itself_ends():
    loop = {}
    loop["loop"] = loop
    assert mask(loop)


@pytest.mark.parametrize("text", ["a" * 200_000, "a." * 100_000, "eyJ" * 60_000, "token" * 40_000, "1" * 200_000 + ":"])
def test_a_long_hostile_text_is_cut(text):
    assert len(mask_text(text)) < 9000
