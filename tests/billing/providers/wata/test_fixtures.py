"""Everything that Wata is known to say is understood."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from uuid import UUID

import orjson
import pytest

from verf.billing.providers.calls import Answer
from verf.billing.providers.events import Malformed, ProviderRefused
from verf.billing.providers.pictures import Subject
from verf.billing.providers.wata.answers import checkout_of, link_is_open, payments_of, refund_of
from verf.billing.providers.wata.notifications import read
from verf.billing.providers.wata.wire import number, said_yes
from verf.billing.states import CheckoutState, PaymentState, RefundState
from verf.kit import Money

DATA = Path(__file__).parents[2] / "data"


def saved(name):
    return json.loads((DATA / f"wata-{name}.json").read_text(), parse_float=Decimal)


WEBHOOKS = {each["name"]: each["body"] for each in saved("webhooks")}
REQUESTS = {each["name"]: each for each in saved("requests")}
REFERENCE = saved("reference")
ORDER = "0d3f5d4e-6b0f-4b9d-9d44-0f5f6c2a7a10"


def event_of(body):
    return read(json.dumps(body, default=float, ensure_ascii=False).encode(), is_live=True)


@pytest.mark.parametrize("name", WEBHOOKS)
def test_every_saved_webhook_is_accepted(name):
    body = WEBHOOKS[name]
    event = event_of(body)
    assert event.account == body["terminalPublicId"]
    assert event.id == f"{body['transactionId']}:{event.kind.replace('.', ':')}"
    is_question = body["transactionStatus"] == "Created"
    assert event.subject == (None if is_question else Subject("order", body["orderId"]))
    assert (event.question is not None) == is_question


def test_the_question_before_the_charge_names_order_and_sum():
    question = event_of(WEBHOOKS["pre_payment_created"]).question
    assert (question.order, question.money) == (UUID(ORDER), Money(19900, "RUB"))


def test_a_question_about_an_order_that_is_not_ours_is_about_nobodys():
    question = event_of(WEBHOOKS["pre_payment_created"] | {"orderId": "payment-123"}).question
    assert question.order == UUID(int=0)


def test_a_refund_that_is_paid_is_not_a_payment():
    paid, refund = event_of(WEBHOOKS["post_payment_paid"]), event_of(WEBHOOKS["refund_paid"])
    assert (paid.kind, refund.kind) == ("payment.paid", "refund.paid")
    assert paid.subject == refund.subject
    assert paid.id != refund.id


def transaction(name, **changes):
    """A webhook's transaction as the search would give it."""
    body = WEBHOOKS[name]
    renamed = {"id": body["transactionId"], "status": body["transactionStatus"], "totalCommission": body["commission"]}
    return body | renamed | {"creationTime": "2026-11-30T12:15:00Z"} | changes


def test_refunds_stand_at_the_payment_they_name():
    seen = [transaction("refund_paid"), transaction("post_payment_declined", id="x"), transaction("post_payment_paid")]
    payments = payments_of(seen)
    assert [payment.state for payment in payments] == [PaymentState.PAID, PaymentState.FAILED]
    assert [refund.money for refund in payments[0].refunds] == [Money(19900, "RUB")]
    assert payments[0].refunds[0].state is RefundState.DONE
    assert payments[0].fee == Money(1000, "RUB")
    assert (payments[1].failure.code, payments[1].failure.is_hard) == ("Payment:TRA_2002", False)


def test_a_commission_in_fractions_of_a_kopeck_is_no_fee_we_could_book():
    [payment] = payments_of([transaction("post_payment_paid", totalCommission=Decimal("9.955"))])
    assert payment.fee is None


@pytest.mark.parametrize("wrong", [{"amount": None}, {"amount": Decimal("1.001")}, {"currency": "XXXX"}])
def test_a_question_about_a_sum_that_is_none_is_malformed(wrong):
    with pytest.raises(Malformed):
        event_of(WEBHOOKS["pre_payment_created"] | wrong)


def test_a_declined_attempt_leaves_the_link_open():
    payments = payments_of([transaction("post_payment_declined")])
    link = REQUESTS["create_link_realistic"]["response"]
    before, after = datetime(2026, 12, 1, tzinfo=UTC), datetime(2026, 12, 4, tzinfo=UTC)
    assert checkout_of(ORDER, payments, [link], before).state is CheckoutState.OPEN
    assert checkout_of(ORDER, payments, [link], after).state is CheckoutState.EXPIRED
    assert checkout_of(ORDER, payments, [], before).state is CheckoutState.EXPIRED


def test_a_closed_link_is_not_open():
    link = REQUESTS["create_link_realistic"]["response"]
    assert not link_is_open(link | {"status": "Closed"}, datetime(2026, 12, 1, tzinfo=UTC))


def test_the_saved_search_is_read():
    [payment] = payments_of(REQUESTS["search_transactions_v1"]["response"]["items"])
    assert payment.state is PaymentState.PAID
    assert payment.money == Money(118800, "RUB")
    assert payment.order is None  # "string" is no order of ours


@pytest.mark.parametrize("status", REFERENCE["statuses"]["transaction"])
def test_every_status_is_known_for_payments_and_for_refunds(status):
    [payment] = payments_of([transaction("post_payment_paid", status=status)])
    assert payment.state in PaymentState
    assert refund_of(transaction("refund_paid", status=status)).state in RefundState


def test_cards_that_cannot_pay_again_fail_hard():
    hard = {code for code in REFERENCE["error_codes"] if code.startswith("Payment:TRA")}
    hard = {
        code for code in hard if payments_of([transaction("post_payment_declined", errorCode=code)])[0].failure.is_hard
    }
    assert hard == {"Payment:TRA_2004", "Payment:TRA_2018"}


def test_an_error_tells_its_code_or_the_field_that_was_wrong():
    with pytest.raises(ProviderRefused, match="Amount") as refused:
        said_yes(Answer(400, REQUESTS["error_400"]["response"]))
    assert refused.value.provider_code == "invalid:amount"
    coded = {"error": {"code": "Payment:PL_1001", "message": "Out of range", "validationErrors": None}}
    with pytest.raises(ProviderRefused) as refused:
        said_yes(Answer(400, coded))
    assert refused.value.provider_code == "Payment:PL_1001"


@pytest.mark.parametrize(("money", "written"), [(Money(19900, "RUB"), b"199.00"), (Money(1, "USD"), b"0.01")])
def test_amounts_are_numbers_and_were_never_floats(money, written):
    assert orjson.dumps({"amount": number(money)}) == b'{"amount":' + written + b"}"
