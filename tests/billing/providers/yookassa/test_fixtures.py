"""Everything that YooKassa is known to say is understood."""

import json
from pathlib import Path

import pytest
from pydantic import SecretStr

from verf.billing.providers.calls import Answer
from verf.billing.providers.events import ProviderRefused
from verf.billing.providers.pictures import Subject
from verf.billing.providers.yookassa import YooKassa, YooKassaSettings
from verf.billing.providers.yookassa.answers import (
    HARD,
    NOT_TRIED,
    checkout_of,
    failure_of,
    payment_of,
    refund_of,
    without_secrets,
)
from verf.billing.providers.yookassa.settings import NETWORKS
from verf.billing.providers.yookassa.wire import said_yes
from verf.billing.states import CheckoutState, PaymentState, RefundState
from verf.kit import Money

DATA = Path(__file__).parents[2] / "data"


def saved(name):
    return json.loads((DATA / f"yookassa-{name}.json").read_text())


REFERENCE = saved("reference")
WEBHOOKS = {each["name"]: each["body"] for each in saved("webhooks")}
PAYMENTS = {each["name"]: each["object"] for each in saved("payment-objects")}
REQUESTS = {each["name"]: each for each in saved("requests")}
# Of these notifications the object is a payment.
PAID_FOR = [name for name, body in WEBHOOKS.items() if body["event"].startswith("payment.")]
INSIDE = "185.71.76.5"


@pytest.fixture
def shop():
    return YooKassa(YooKassaSettings(shop_id="1239880", secret_key=SecretStr("test_x")))


def sent(body):
    return json.dumps(body, ensure_ascii=False).encode()


@pytest.mark.parametrize("name", WEBHOOKS)
async def test_every_saved_notification_is_accepted(shop, name):
    body = WEBHOOKS[name]
    event = await shop.verify({}, sent(body), sender=INSIDE)
    about = body["object"]
    assert event.kind == body["event"]
    assert event.subject == {
        "payment": Subject("payment", about["id"]),
        "refund": Subject("payment", about.get("payment_id", "")),
        "payment_method": Subject("method", about["id"]),
    }.get(body["event"].partition(".")[0])
    assert event.key == str(event.subject)


async def test_a_notification_says_whose_it_is_and_in_which_mode(shop):
    foreign = await shop.verify({}, sent(WEBHOOKS["payment.canceled_expired_on_confirmation"]), sender=INSIDE)
    assert (foreign.account, foreign.is_live) == ("466593", False)
    ours = await shop.verify({}, sent(WEBHOOKS["payment_method.active"]), sender=INSIDE)
    assert (ours.account, ours.is_live) == (shop.account, shop.is_live)
    live = await shop.verify({}, sent(WEBHOOKS["payment.waiting_for_capture"]), sender=INSIDE)
    assert live.is_live


async def test_every_kind_in_the_reference_is_taken(shop):
    for kind in [*REFERENCE["events"], "invoice.invented"]:
        body = {"type": "notification", "event": kind, "object": {"id": "1-2", "payment_id": "3-4"}}
        event = await shop.verify({}, sent(body), sender=INSIDE)
        is_ours = kind.startswith(("payment.", "refund.", "payment_method."))
        assert (event.subject is not None) == is_ours


@pytest.mark.parametrize("name", PAYMENTS)
def test_every_saved_payment_is_read(name):
    seen = PAYMENTS[name]
    payment = payment_of(seen)
    states = {"pending": "pending", "waiting_for_capture": "pending", "succeeded": "paid", "canceled": "failed"}
    assert payment.state == states[seen["status"]]
    assert payment.money == Money.of(seen["amount"]["value"], seen["amount"]["currency"])
    assert payment.method is None  # none of them was saved
    assert checkout_of(seen) is None  # none of them carries an order of ours


@pytest.mark.parametrize("name", PAID_FOR)
def test_every_payment_of_a_notification_is_read(name):
    seen = WEBHOOKS[name]["object"]
    payment = payment_of(seen)
    assert payment.ref == seen["id"]
    assert (payment.failure is not None) == (seen["status"] == "canceled")


def test_what_is_kept_back_is_a_fee():
    payment = payment_of(WEBHOOKS["payment.succeeded_saved_wallet"]["object"])
    assert payment.fee == Money(427, "RUB")


def test_a_saved_method_has_a_title_and_never_a_whole_number():
    wallet = WEBHOOKS["payment.succeeded_saved_wallet"]["object"]
    payment = payment_of(wallet)
    assert payment.method.title == "YooMoney wallet ···· 1136"
    assert payment.method.can_charge_again
    assert "410011758831136" not in f"{payment}{without_secrets(wallet)}"
    card = payment_of(WEBHOOKS["payment.canceled_insufficient_funds_saved_card"]["object"]).method
    assert (card.title, card.expires, card.kind) == ("Mir ···· 0079", "2030-11", "card")


def test_every_reason_of_a_decline_is_soft_or_hard():
    reasons = {
        reason: failure_of({"status": "canceled", "cancellation_details": {"party": "x", "reason": reason}})
        for reason in REFERENCE["cancellation_reason"]
    }
    assert all(failure.code == reason for reason, failure in reasons.items())
    hard = {reason for reason, failure in reasons.items() if failure.is_hard}
    assert hard == HARD
    soft = {"insufficient_funds", "issuer_unavailable", "internal_timeout", "general_decline", "call_issuer"}
    assert not hard & (soft | NOT_TRIED)


def test_a_page_nobody_paid_on_is_void_and_not_failed():
    seen = WEBHOOKS["payment.canceled_expired_on_confirmation"]["object"]
    assert payment_of(seen).state is PaymentState.VOID
    ours = {**seen, "metadata": {"order_id": "0d3f5d4e-6b0f-4b9d-9d44-0f5f6c2a7a10"}}
    assert checkout_of(ours).state is CheckoutState.EXPIRED


def test_succeeded_without_paid_is_not_paid():
    seen = {**PAYMENTS["succeeded"], "paid": False}
    assert payment_of(seen).state is PaymentState.PENDING


def test_a_saved_refund_is_read():
    refund = refund_of(REQUESTS["refund_response"]["body"])
    assert (refund.state, refund.money) == (RefundState.DONE, Money(200, "RUB"))
    assert refund_of(WEBHOOKS["refund.succeeded"]["object"]).money == Money(25000, "RUB")


def test_our_networks_are_those_of_the_reference():
    ours = {each.removesuffix("/32") for each in NETWORKS.split(",")}
    assert ours == set(REFERENCE["webhook_source_networks"])


def test_an_error_tells_its_code():
    from_docs = REFERENCE["error_body"]["body"]
    with pytest.raises(ProviderRefused, match="Idempotence key duplicated") as refused:
        said_yes(Answer(400, from_docs))
    assert refused.value.provider_code == "invalid_request"
