"""Every event that is known is taken, and says which object to read again."""

import json
from pathlib import Path

import pytest

from verf.billing.providers.events import Malformed
from verf.billing.providers.pictures import Subject
from verf.billing.providers.stripe import StripeProvider
from verf.billing.providers.stripe.events import subject_of
from verf.billing.providers.stripe.signatures import sign
from verf.kit import now

DATA = Path(__file__).parents[2] / "data"
SECRET = "whsec_of_this_test"
SUBSCRIPTION = Subject("subscription", "sub_1VerfTest00000000000001")
CHECKOUT = Subject("checkout", "cs_test_a1VerfTest0000000000000000000000000000000000000001")
PAYMENT = Subject("payment", "pi_3VerfTest00000000000001")
FILES = sorted(DATA.glob("stripe-event-*.json"))
EXPECTED = {"checkout.session": CHECKOUT, "charge": PAYMENT, "refund": PAYMENT}


def provider(**changes):
    known = {"secret_key": "sk_test_1", "webhook_secrets": [SECRET], "account": "acct_verf"}
    return StripeProvider(**(known | changes))


async def taken(body, **changes):
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    headers = {"stripe-signature": sign(raw, SECRET, at=now())}
    return await provider(**changes).verify(headers, raw, sender="127.0.0.1")


def saved(kind):
    return json.loads((DATA / f"stripe-event-{kind}.json").read_text())


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
async def test_a_saved_event_is_taken_and_names_its_object(path):
    said = json.loads(path.read_text())
    event = await taken(path.read_bytes())
    assert (event.id, event.kind, event.account) == (said["id"], said["type"], "acct_verf")
    assert not event.is_live
    assert event.occurred_at.timestamp() == said["created"]
    assert event.subject == EXPECTED.get(said["type"].rpartition(".")[0], SUBSCRIPTION)


async def test_what_belongs_to_one_subscription_waits_for_each_other():
    completed = await taken(saved("checkout.session.completed"))
    updated = await taken(saved("customer.subscription.updated.renewal"))
    paid = await taken(saved("invoice.paid"))
    assert {completed.key, updated.key, paid.key} == {str(SUBSCRIPTION)}


async def test_an_event_of_another_version_is_parked():
    event = await taken(saved("invoice.paid") | {"api_version": "2025-03-31.basil"})
    assert (event.subject, event.version) == (None, "2025-03-31.basil")
    assert (await taken(saved("invoice.paid"), api_version="2025-03-31.basil")).subject is None


async def test_an_event_of_an_unknown_kind_is_taken_without_an_object():
    event = await taken(saved("invoice.paid") | {"type": "v2.core.thing.invented"})
    assert (event.subject, event.key) == (None, "")


async def test_mode_and_connected_account_are_told():
    event = await taken(saved("invoice.paid") | {"livemode": True, "account": "acct_other"})
    assert event.is_live
    assert event.account == "acct_other"
    assert provider(secret_key="rk_live_1").is_live
    assert not provider().is_live


def without(name):
    return {key: value for key, value in saved("invoice.paid").items() if key != name}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b'"event"',
        b"\xff\xfe",
        b"[" * 100_000,
        {"object": "invoice"},
        without("id"),
        without("livemode"),
        without("data"),
        without("created"),
        saved("invoice.paid") | {"data": {"object": "in_1"}},
        saved("invoice.paid") | {"data": None},
        saved("invoice.paid") | {"created": 10**30},
        saved("invoice.paid") | {"created": "today"},
        saved("invoice.paid") | {"livemode": "false"},
        saved("checkout.session.completed") | {"data": {"object": {}}},
    ],
    ids=range(17),
)
async def test_a_signed_body_that_is_no_event_is_malformed(body):
    with pytest.raises(Malformed):
        await taken(body)


def test_events_from_before_basil_still_name_their_subscription():
    assert subject_of("invoice.paid", {"subscription": "sub_1"}) == Subject("subscription", "sub_1")


@pytest.mark.parametrize(
    "kind, thing, expected",
    [
        ("payment_intent.succeeded", {"object": "payment_intent", "id": "pi_1"}, Subject("payment", "pi_1")),
        ("charge.dispute.created", {"object": "dispute", "payment_intent": "pi_1"}, Subject("payment", "pi_1")),
        ("charge.refund.updated", {"object": "refund", "payment_intent": {"id": "pi_1"}}, Subject("payment", "pi_1")),
        ("invoice_payment.paid", {"payment": {"payment_intent": "pi_1"}}, Subject("payment", "pi_1")),
        ("charge.succeeded", {"object": "charge", "payment_intent": None}, None),
        ("subscription_schedule.updated", {"id": "s", "subscription": "sub_1"}, Subject("subscription", "sub_1")),
        (
            "subscription_schedule.released",
            {"id": "s", "subscription": None, "released_subscription": "sub_1"},
            Subject("subscription", "sub_1"),
        ),
        ("invoice.created", {"parent": None}, None),
        ("customer.updated", {"id": "cus_1"}, None),
        ("price.created", {"id": "price_1"}, None),
    ],
)
def test_a_part_names_the_whole_as_far_as_it_can(kind, thing, expected):
    assert subject_of(kind, thing) == expected
