"""Nothing signs a notification: where it comes from is an extra, what it says is a hint."""

import json

import pytest
from pydantic import SecretStr

from verf.billing.providers.events import Forged, Malformed
from verf.billing.providers.yookassa import YooKassa, YooKassaSettings
from verf.billing.providers.yookassa.notifications import came_from
from verf.billing.providers.yookassa.settings import NETWORKS

PAYMENT = {
    "id": "30f5d918-000f-5001-9000-14efbe8f8527",
    "status": "succeeded",
    "created_at": "2026-01-11T15:44:24.482Z",
}


def shop(**settings):
    return YooKassa(YooKassaSettings(shop_id="1", secret_key=SecretStr("test_x"), **settings))


def body(event="payment.succeeded", **changes):
    return json.dumps({"type": "notification", "event": event, "object": PAYMENT | changes}).encode()


@pytest.mark.parametrize(
    "sender", ["77.75.153.1", "77.75.156.11", "185.71.77.31", "2a02:5180:0:1509::7", "::ffff:77.75.156.35"]
)
def test_senders_inside_the_networks_are_let_in(sender):
    came_from(sender, NETWORKS, allow_loopback=False)


@pytest.mark.parametrize(
    "sender", ["77.75.156.12", "8.8.8.8", "127.0.0.1", "::1", "2a02:5180:0:1510::7", "", "testclient"]
)
def test_senders_outside_are_not(sender):
    with pytest.raises(Forged):
        came_from(sender, NETWORKS, allow_loopback=False)


def test_the_sandbox_lets_its_own_machine_in():
    came_from("127.0.0.1", NETWORKS, allow_loopback=True)
    came_from("::1", NETWORKS, allow_loopback=True)


async def test_no_networks_means_anybody_may_give_a_hint():
    event = await shop(networks="").verify({}, body(), sender="8.8.8.8")
    assert event.subject.ref == PAYMENT["id"]


def test_networks_that_cannot_be_read_are_said_at_the_start():
    with pytest.raises(ValueError, match="networks"):
        shop(networks="77.75.153.0/25,nonsense")


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"not json",
        b"[]",
        b"null",
        body()[:-7],
        b"[" * 100_000,
        b'{"type":"notification","event":"payment.succeeded"}',
        b'{"type":"notification","event":7,"object":{"id":"1"}}',
        b'{"type":"letter","event":"payment.succeeded","object":{"id":"1"}}',
        body(id=7),
        body(id="../refunds"),
        body(recipient=["1"]),
        body("refund.succeeded"),
        body("refund.succeeded", payment_id={"a": 1}),
    ],
)
async def test_what_is_not_a_notification_is_malformed(sent):
    with pytest.raises(Malformed):
        await shop().verify({}, sent, sender="127.0.0.1")


async def test_a_redelivery_has_the_same_id_and_another_state_another():
    first = await shop().verify({}, body(), sender="127.0.0.1")
    again = await shop().verify({}, body(), sender="::1")
    later = await shop().verify({}, body(status="canceled"), sender="127.0.0.1")
    assert first.id == again.id != later.id


@pytest.mark.parametrize(("key", "is_live"), [("live_abc", True), ("test_abc", False)])
def test_the_key_tells_the_mode(key, is_live):
    assert YooKassa(YooKassaSettings(shop_id="1", secret_key=SecretStr(key))).is_live is is_live
