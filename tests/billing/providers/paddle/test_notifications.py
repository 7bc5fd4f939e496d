"""Every saved notification is taken in, and says what to read again."""

import hmac
import json
from dataclasses import replace
from hashlib import sha256
from pathlib import Path

import pytest

from verf.billing.providers.events import Forged, Malformed
from verf.billing.providers.paddle import Paddle
from verf.billing.providers.paddle.settings import SANDBOX_SECRET, simulated
from verf.billing.providers.pictures import Subject
from verf.errors import NotFound
from verf.kit import now
from verf.settings import House, load

SAVED = sorted((Path(__file__).parents[2] / "data").glob("paddle-event-*.json"))


@pytest.fixture
def paddle() -> Paddle:
    return Paddle(simulated(load(House)))


def headers(body: bytes, secret: str = SANDBOX_SECRET) -> dict[str, str]:
    stamp = int(now().timestamp())
    signature = hmac.new(secret.encode(), f"{stamp}:".encode() + body, sha256).hexdigest()
    return {"paddle-signature": f"ts={stamp};h1={signature}"}


async def read(paddle: Paddle, **fields):
    body = json.dumps({"event_id": "evt_1", "occurred_at": "2026-11-21T10:00:00.5Z", **fields}).encode()
    return await paddle.verify(headers(body), body, sender="34.232.58.13")


def test_there_are_saved_notifications():
    assert len(SAVED) == 12


@pytest.mark.parametrize("path", SAVED, ids=lambda path: path.stem.removeprefix("paddle-event-"))
async def test_a_saved_notification_is_understood(paddle, path):
    body, told = path.read_bytes(), json.loads(path.read_text())
    event = await paddle.verify(headers(body), body, sender="34.232.58.13")
    assert (event.id, event.kind, event.account, event.is_live) == (
        told["event_id"],
        told["event_type"],
        "sandbox",
        False,
    )
    assert event.occurred_at.tzinfo is not None
    family, data = told["event_type"].partition(".")[0], told["data"]
    expected = {
        "subscription": Subject("subscription", data["id"]),
        "transaction": Subject("subscription", data["subscription_id"])
        if data.get("subscription_id")
        else Subject("checkout", data["id"]),
        "customer": None,
    }[family]
    assert event.subject == expected
    assert await paddle.locate(event) == expected
    assert event.key == str(expected or "")


@pytest.mark.parametrize(
    "data, subject",
    [
        ({"id": "adj_1", "transaction_id": "txn_1", "subscription_id": "sub_1"}, Subject("subscription", "sub_1")),
        ({"id": "adj_1", "transaction_id": "txn_1", "subscription_id": None}, Subject("payment", "txn_1")),
        ({}, None),
        (None, None),
        ([], None),
    ],
)
async def test_an_adjustment_belongs_to_what_was_paid(paddle, data, subject):
    assert (await read(paddle, event_type="adjustment.updated", data=data)).subject == subject


@pytest.mark.parametrize("kind", ["report.created", "price.updated", "whatever", "subscriptions.new"])
async def test_an_unknown_kind_is_an_event_about_nothing_of_ours(paddle, kind):
    event = await read(paddle, event_type=kind, data={"id": "x_1"})
    assert (event.kind, event.subject, event.key) == (kind, None, "")


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b'"text"',
        b"\xff",
        b'{"event_id": "evt_1", "event_type": "customer.created"}',
        b'{"event_id": 1, "event_type": "customer.created", "occurred_at": "2026-11-21T10:00:00Z"}',
        b'{"event_id": "evt_1", "event_type": "customer.created", "occurred_at": "yesterday"}',
    ],
)
async def test_signed_nonsense_is_malformed(paddle, body):
    with pytest.raises(Malformed):
        await paddle.verify(headers(body), body, sender="34.232.58.13")


async def test_another_sellers_secret_does_not_do(paddle):
    body = SAVED[0].read_bytes()
    with pytest.raises(Forged):
        await paddle.verify(headers(body, "pdl_ntfset_other"), body, sender="34.232.58.13")
    with pytest.raises(Forged):
        await paddle.verify({}, body, sender="34.232.58.13")


async def test_without_a_secret_there_is_no_such_address():
    silent = Paddle(replace(simulated(load(House)), secrets=()))
    with pytest.raises(NotFound):
        await silent.verify({}, b"{}", sender="34.232.58.13")


def test_a_live_key_makes_everything_live():
    assert Paddle(replace(simulated(load(House)), api_key="pdl_live_apikey_1")).is_live
    assert not Paddle(simulated(load(House))).is_live
