"""What we write to YooKassa has the shape of requests that are known to work."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from uuid import UUID

import pytest
from pydantic import SecretStr

from verf.billing.providers.orders import Charge, Order, PriceTag
from verf.billing.providers.yookassa import YooKassa, YooKassaSettings
from verf.billing.providers.yookassa.bodies import charge_body, checkout_body, refund_body
from verf.billing.providers.yookassa.wire import idempotence_key
from verf.kit import Money

SAVED = json.loads((Path(__file__).parents[2] / "data/yookassa-requests.json").read_text())
REQUESTS = {each["name"]: each["body"] for each in SAVED}
PRICE = PriceTag(
    key="vpn.base.month.rub.v1",
    title="VPN 1 month",
    product="vpn",
    plan="base",
    money=Money(19900, "RUB"),
    interval="month",
)
ORDER = Order(
    id=UUID("0d3f5d4e-6b0f-4b9d-9d44-0f5f6c2a7a10"),
    organisation=UUID(int=7),
    email="user@example.com",
    price=PRICE,
    money=PRICE.money,
    return_url="https://t.me/bot",
    expires_at=datetime(2026, 11, 21, tzinfo=UTC),
)
CHARGE = Charge(
    id=UUID(int=8),
    key="renew:1:2026-11-21:0",
    organisation=UUID(int=7),
    email="user@example.com",
    method="22e12f66-000f-5000-8000-18db351245c7",
    money=Money(200, "RUB"),
    title="Заказ №37",
    metadata={"kind": "renewal"},
)


def settings(**changed):
    return YooKassaSettings(shop_id="1", secret_key=SecretStr("test_x"), **changed)


def test_a_receipt_is_written_as_others_write_it():
    assert checkout_body(ORDER, settings())["receipt"] == REQUESTS["create_with_receipt_54fz"]["receipt"]


def test_a_checkout_saves_its_method_and_carries_the_order():
    body = checkout_body(ORDER, settings(receipts=False))
    known = REQUESTS["create_redirect_unconditional_saving"]
    assert body.keys() == known.keys() - {"merchant_customer_id"}
    assert body["amount"] == known["amount"]
    assert body["capture"] is True
    assert body["save_payment_method"] is True
    assert body["metadata"] == {"order_id": str(ORDER.id), "organisation": str(ORDER.organisation)}
    assert "save_payment_method" not in checkout_body(replace(ORDER, save_method=False), settings())


def test_a_charge_names_its_method_and_needs_no_confirmation():
    body = charge_body(CHARGE, settings(receipts=False))
    assert body.keys() == REQUESTS["charge_saved_method"].keys() | {"metadata"}
    assert body["metadata"]["order_id"] == str(CHARGE.id)
    assert body["metadata"]["kind"] == "renewal"


def test_a_refund_has_a_receipt_of_its_own():
    words = {"description": "asked for", "title": "VPN 1 month"}
    body = refund_body("1-2", Money(200, "RUB"), email="user@example.com", settings=settings(), **words)
    assert body["amount"] == REQUESTS["refund"]["amount"]
    assert body["receipt"]["items"][0]["amount"] == body["amount"]
    assert "receipt" not in refund_body("1-2", Money(200, "RUB"), email="", settings=settings(), **words)


def test_the_tax_of_the_settings_stands_on_the_receipt():
    receipt = checkout_body(ORDER, settings(vat_code=11, tax_system=2))["receipt"]
    assert (receipt["items"][0]["vat_code"], receipt["tax_system_code"]) == (11, 2)


def test_long_titles_are_cut_to_what_is_taken():
    body = checkout_body(replace(ORDER, price=replace(PRICE, title="x" * 300), quantity=3), settings())
    assert len(body["description"]) == len(body["receipt"]["items"][0]["description"]) == 128


@pytest.mark.parametrize("vat", [0, 13])
def test_a_vat_code_that_does_not_exist_is_refused(vat):
    with pytest.raises(ValueError, match="vat_code"):
        settings(vat_code=vat)


def test_keys_are_short_enough_and_stay_different():
    assert idempotence_key("a" * 64) == "a" * 64
    long = [idempotence_key("a" * 65), idempotence_key("a" * 66)]
    assert len(set(long)) == 2
    assert all(len(key) == 64 for key in long)


def test_a_shop_that_may_not_charge_again_does_not_ask_to_keep_the_card():
    assert "save_payment_method" not in checkout_body(ORDER, settings(recurring=False))
    assert not YooKassa(settings(recurring=False)).abilities.can_save_methods
    assert YooKassa(settings()).abilities.can_save_methods
