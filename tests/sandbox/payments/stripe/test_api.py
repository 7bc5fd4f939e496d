"""The simulated Stripe is as strict as the real one."""

import base64
import hashlib
import hmac

import pytest

from verf.kit import now
from verf.sandbox.payments.cards import Outcome
from verf.sandbox.payments.knobs import Knob

# Who asks, and how


@pytest.mark.parametrize(
    "headers", [{"Authorization": ""}, {"Authorization": "Bearer sk_test_another"}, {"Authorization": "Digest x"}]
)
async def test_nobody_without_the_key_is_answered(api, headers):
    error = await api.refused("prices", method="GET", status=401, headers=headers)
    assert error["type"] == "invalid_request_error"
    assert "sk_test_another" not in error["message"]


async def test_the_key_may_be_the_user_of_basic_authorisation(api):
    basic = base64.b64encode(b"sk_test_sandbox:").decode()
    await api.get("account", headers={"Authorization": f"Basic {basic}"})


async def test_another_version_of_the_api_is_refused(api):
    error = await api.refused("prices", method="GET", headers={"Stripe-Version": "2020-08-27"})
    assert error["code"] == "invalid_api_version"


async def test_an_unknown_path_is_told_by_its_name(api):
    error = await api.refused("subscribtions", method="GET", status=404)
    assert error["message"].startswith("Unrecognized request URL (GET: /v1/subscribtions)")


async def test_a_body_of_json_is_refused(api):
    error = await api.refused("products", name="x", headers={"Content-Type": "application/json"})
    assert "x-www-form-urlencoded" in error["message"]


async def test_every_answer_has_a_request_id(api):
    answer = await api.ask("GET", "account")
    assert answer.headers["request-id"].startswith("req_")


async def test_an_unknown_parameter_is_refused_wherever_it_stands(api):
    price = await api.price()
    error = await api.refused("products", name="x", colour="red")
    assert (error["code"], error["param"]) == ("parameter_unknown", "colour")
    subscription = await api.buy(price)
    item = subscription["items"]["data"][0]["id"]
    error = await api.refused(f"subscriptions/{subscription['id']}", items=[{"id": item, "prise": "x"}])
    assert error["param"] == "items[0][prise]"
    error = await api.refused("invoices", method="GET", subscriptions="x")
    assert error["code"] == "parameter_unknown"


async def test_a_required_parameter_is_missed_by_name(api):
    assert (await api.refused("products"))["code"] == "parameter_missing"
    assert (await api.refused("checkout/sessions", mode="subscription"))["param"] == "line_items"


async def test_a_number_must_be_one(api):
    product = await api.post("products", name="x")
    error = await api.refused("prices", product=product["id"], currency="usd", unit_amount="9.90")
    assert error["code"] == "parameter_invalid_integer"


@pytest.mark.parametrize("currency, amount", [("kwd", 5124), ("isk", 550), ("usd", -1), ("usd", 100_000_000)])
async def test_an_amount_must_be_possible(api, currency, amount):
    product = await api.post("products", name="x")
    await api.refused("prices", product=product["id"], currency=currency, unit_amount=amount)


async def test_what_is_not_there_is_not_found(api):
    error = await api.refused("subscriptions/sub_1", method="GET", status=404)
    assert (error["code"], error["message"]) == ("resource_missing", "No such subscription: 'sub_1'")


async def test_a_refused_change_leaves_nothing_behind(api):
    subscription = await api.buy()
    before = api.kinds()
    words = {"metadata": {"a": "b"}, "cancel_at_period_end": True, "default_payment_method": "pm_nobody"}
    await api.refused(f"subscriptions/{subscription['id']}", status=404, **words)
    await api.tick()
    assert await api.get(f"subscriptions/{subscription['id']}") == subscription
    assert api.kinds() == before


# Keys


async def test_a_key_gets_the_same_answer_again(api):
    first = await api.ask("POST", "products", key="k", name="x")
    again = await api.ask("POST", "products", key="k", name="x")
    assert first.json() == again.json()
    assert again.headers["idempotent-replayed"] == "true"
    assert len((await api.get("products"))["data"]) == 1


async def test_a_key_with_other_parameters_is_an_error_of_its_own(api):
    await api.post("products", key="k", name="x")
    assert (await api.refused("products", key="k", name="y"))["type"] == "idempotency_error"
    assert (await api.refused("customers", key="k", name="x"))["type"] == "idempotency_error"


async def test_a_key_is_free_after_a_day_and_after_a_refusal(api, later):
    await api.refused("products", key="k")
    await api.post("products", key="k", name="x")
    later(hours=25)
    await api.post("products", key="k", name="y")


async def test_work_whose_answer_was_lost_is_not_done_twice(api):
    api.simulator.knobs.turn("fail_after", Knob(count=1))
    assert (await api.ask("POST", "products", key="k", name="x")).status_code == 500
    await api.post("products", key="k", name="x")
    assert len((await api.get("products"))["data"]) == 1


@pytest.mark.parametrize("knob, status", [("fail", 500), ("too_many", 429)])
async def test_a_bad_day_speaks_as_stripe_does(api, knob, status):
    api.simulator.knobs.turn(knob, Knob(count=1))
    error = await api.refused("products", status=status, name="x")
    assert {"message", "type"} <= set(error)


# Lists


async def test_a_list_is_read_in_pages_both_ways(api):
    made = [(await api.post("products", name=f"p{number}"))["id"] for number in range(5)][::-1]
    first = await api.get("products", limit=2)
    assert ([each["id"] for each in first["data"]], first["has_more"]) == (made[:2], True)
    rest = await api.get("products", limit=100, starting_after=made[1])
    assert ([each["id"] for each in rest["data"]], rest["has_more"]) == (made[2:], False)
    back = await api.get("products", limit=2, ending_before=made[4])
    assert ([each["id"] for each in back["data"]], back["has_more"]) == (made[2:4], True)
    await api.refused("products", method="GET", limit=101)
    await api.refused("products", method="GET", status=404, starting_after="prod_nobody")


async def test_a_list_is_cut_by_time(api, later):
    start = int(now().timestamp())
    first = await api.post("products", name="first")
    later(hours=1)
    await api.post("products", name="second")
    found = await api.get("products", created={"gte": start, "lt": start + 1800})
    assert [each["id"] for each in found["data"]] == [first["id"]]


async def test_prices_are_found_by_their_keys(api):
    price = await api.price(lookup_key="basic")
    await api.price(lookup_key="pro")
    found = await api.get("prices", lookup_keys=["basic", "nothing"])
    assert [each["id"] for each in found["data"]] == [price["id"]]
    product = price["product"]
    words = {"product": product, "currency": "usd", "unit_amount": 1, "lookup_key": "basic"}
    assert (await api.refused("prices", **words))["code"] == "resource_already_exists"
    moved = await api.post("prices", **words, transfer_lookup_key=True)
    found = await api.get("prices", lookup_keys=["basic"])
    assert [each["id"] for each in found["data"]] == [moved["id"]]


# Expanding


async def test_ids_become_objects_when_asked(api):
    subscription = await api.buy()
    paths = ["customer.invoice_settings.default_payment_method", "latest_invoice.payments", "default_payment_method"]
    seen = await api.get(f"subscriptions/{subscription['id']}", expand=paths)
    assert seen["customer"]["email"] == "student@example.com"
    assert seen["latest_invoice"]["payments"]["data"][0]["status"] == "paid"
    assert seen["default_payment_method"]["card"]["last4"] == "4242"
    listed = await api.get(
        "payment_intents", customer=subscription["customer"], expand=["data.latest_charge.balance_transaction"]
    )
    assert listed["data"][0]["latest_charge"]["balance_transaction"]["fee"] == 56


async def test_what_cannot_be_expanded_is_said(api):
    subscription = await api.buy()
    path = f"subscriptions/{subscription['id']}"
    error = await api.refused(path, method="GET", expand=["nothing"])
    assert error["code"] == "property_expansion_invalid"
    error = await api.refused(path, method="GET", expand=["latest_invoice.payments.data.payment.payment_intent"])
    assert error["code"] == "property_expansion_max_depth"


async def test_lists_inside_objects_come_only_when_asked(api):
    subscription = await api.buy()
    intent = (await api.get("payment_intents", customer=subscription["customer"]))["data"][0]
    assert "refunds" not in await api.get(f"charges/{intent['latest_charge']}")
    assert "payments" not in (await api.invoices(subscription))[0]


# Checkout, refunds, meters


@pytest.mark.parametrize(
    "words, param",
    [
        ({"mode": "payment"}, "mode"),
        ({"expires_at": 1}, "expires_at"),
        ({"locale": "uk"}, "locale"),
        ({"subscription_data": {"trial_period_days": 0}}, "subscription_data[trial_period_days]"),
        ({"success_url": ""}, "success_url"),
    ],
)
async def test_a_page_is_not_opened_for_what_cannot_be(api, words, param):
    price = await api.price()
    known = {"mode": "subscription", "line_items": [{"price": price["id"]}], "success_url": "http://shop.example/"}
    assert (await api.refused("checkout/sessions", **(known | words)))["param"] == param


async def test_a_page_has_one_customer_and_one_kind_of_discount(api):
    price, customer = await api.price(), await api.post("customers", email="a@example.com")
    known = {"mode": "subscription", "line_items": [{"price": price["id"]}], "success_url": "http://shop.example/"}
    await api.refused("checkout/sessions", **known, customer=customer["id"], customer_email="b@example.com")
    coupon = await api.post("coupons", percent_off=10, duration="once")
    await api.refused("checkout/sessions", **known, discounts=[{"coupon": coupon["id"]}], allow_promotion_codes=True)


async def test_a_coupon_used_up_or_of_another_currency_is_refused(api):
    price = await api.price()
    words = {"mode": "subscription", "line_items": [{"price": price["id"]}], "success_url": "http://shop.example/"}
    euros = await api.post("coupons", amount_off=100, currency="eur", duration="once")
    await api.refused("checkout/sessions", **words, discounts=[{"coupon": euros["id"]}])
    once = await api.post("coupons", percent_off=10, duration="once", max_redemptions=1)
    await api.buy(price, discounts=[{"coupon": once["id"]}])
    error = await api.refused("checkout/sessions", **words, discounts=[{"coupon": once["id"]}])
    assert error["code"] == "coupon_expired"


async def test_a_promotion_code_takes_off_what_its_coupon_says(api):
    coupon = await api.post("coupons", amount_off=400, currency="usd", duration="once")
    code = await api.post("promotion_codes", promotion={"type": "coupon", "coupon": coupon["id"]}, code="FALL")
    session = await api.session(discounts=[{"promotion_code": code["id"]}])
    assert (session["amount_total"], session["total_details"]["amount_discount"]) == (500, 400)


async def test_only_an_open_page_can_expire_or_be_paid(api):
    session = await api.session()
    await api.post(f"checkout/sessions/{session['id']}/expire")
    await api.refused(f"checkout/sessions/{session['id']}/expire")
    assert (await api.get(f"checkout/sessions/{session['id']}"))["url"] is None


async def test_never_more_is_refunded_than_was_paid(api):
    subscription = await api.buy()
    intent = (await api.get("payment_intents", customer=subscription["customer"]))["data"][0]["id"]
    await api.post("refunds", payment_intent=intent, amount=600)
    assert (await api.refused("refunds", payment_intent=intent, amount=301))["param"] == "amount"
    await api.post("refunds", payment_intent=intent)
    assert (await api.refused("refunds", payment_intent=intent))["code"] == "charge_already_refunded"


async def test_money_that_was_disputed_away_is_not_refunded_as_well(api):
    subscription = await api.buy()
    intent = (await api.get("payment_intents", customer=subscription["customer"]))["data"][0]["id"]
    dispute = api.simulator.dispute_payment(intent, None, "fraudulent")
    assert (await api.refused("refunds", payment_intent=intent))["code"] == "charge_disputed"
    api.simulator.settle_dispute(dispute["id"], "won")
    await api.post("refunds", payment_intent=intent)


async def test_a_meter_counts_an_event_once(api):
    customer = await api.post("customers", email="a@example.com")
    known = {"event_name": "calls", "payload": {"stripe_customer_id": customer["id"], "value": 3}, "identifier": "i"}
    await api.refused("billing/meter_events", **known)
    await api.post("billing/meters", display_name="Calls", event_name="calls", default_aggregation={"formula": "sum"})
    await api.post("billing/meter_events", **known)
    assert "already exists" in (await api.refused("billing/meter_events", **known))["message"]
    late = known | {"identifier": "j", "timestamp": int(now().timestamp()) - 36 * 86400}
    assert (await api.refused("billing/meter_events", **late))["param"] == "timestamp"


# Webhooks


async def test_a_webhook_is_signed_and_says_its_version_and_its_request(api):
    subscription = await api.buy()
    await api.post(f"subscriptions/{subscription['id']}", key="the-key", metadata={"a": "b"})
    await api.tick()
    headers, body = api.shop.received[-1]
    timestamp, signature = (part.partition("=")[2] for part in headers["stripe-signature"].split(","))
    expected = hmac.new(b"whsec_sandbox", f"{timestamp}.".encode() + body, hashlib.sha256).hexdigest()
    assert signature == expected
    event = api.shop.bodies[-1]
    assert (event["api_version"], event["livemode"]) == ("2026-10-28.endive", False)
    assert event["request"]["idempotency_key"] == "the-key"
    assert event["data"]["previous_attributes"] == {"metadata": {}}


async def test_a_purchase_is_told_in_stripes_order_within_a_second(api):
    await api.buy()
    kinds = api.kinds()
    order = [
        "customer.subscription.created",
        "charge.succeeded",
        "invoice.paid",
        "customer.subscription.updated",
        "checkout.session.completed",
    ]
    assert [each for each in kinds if each in order] == order
    created, updated = api.told("customer.subscription.")[:2]
    assert created["data"]["object"]["status"] == "incomplete"
    assert updated["data"]["object"]["status"] == "active"
    assert updated["created"] - created["created"] <= 1


async def test_events_are_listed_as_they_were_told(api):
    await api.buy()
    listed = (await api.get("events", limit=100))["data"]
    assert [each["id"] for each in reversed(listed)] == [each["id"] for each in api.shop.bodies]
    only = await api.get("events", types=["invoice.paid", "charge.succeeded"])
    assert {each["type"] for each in only["data"]} == {"invoice.paid", "charge.succeeded"}


async def test_an_unanswered_webhook_comes_again_for_three_days(api, later):
    await api.post("products", name="x")
    api.shop.statuses = [500] * 20
    for _ in range(20):
        await api.tick()
        later(hours=12)
    assert len(api.shop.received) == 11
    assert len({body for _headers, body in api.shop.received}) == 1


async def test_state_survives_a_restart(api, tmp_path, shop):
    subscription = await api.buy(later=Outcome.STOLEN)
    again = type(api)(tmp_path / "stripe", shop)
    async with again.http:
        assert await again.get(f"subscriptions/{subscription['id']}") == subscription
        assert again.simulator.next_due() is not None
