"""As strict as Paddle: keys, fields, pages and errors."""

import pytest

from verf.sandbox.payments.cards import Outcome
from verf.sandbox.payments.knobs import Knob

ABOVE, NO_ITEM = "adjustment_amount_above_remaining_allowed", "txnitm_00000000000000000000000000"
NOBODY = "ctm_00000000000000000000000000"


@pytest.mark.parametrize(
    "headers, code",
    [
        ({}, "authentication_missing"),
        ({"Authorization": "Bearer"}, "authentication_malformed"),
        ({"Authorization": "Basic abc"}, "authentication_malformed"),
        ({"Authorization": "Bearer pdl_live_apikey_1"}, "invalid_token"),
    ],
)
async def test_nobody_comes_in_without_the_key(seller, headers, code):
    seller.http.headers.pop("Authorization")
    answer = await seller.http.get("/products", headers=headers)
    assert (answer.status_code, answer.json()["error"]["code"]) == (403, code)


async def test_there_is_only_version_one(seller):
    answer = await seller.http.get("/products", headers={"Paddle-Version": "2"})
    assert answer.json()["error"]["code"] == "unsupported_api_version"


async def test_an_error_says_where_it_is_explained(seller):
    answer = (await seller.http.get(f"/customers/{NOBODY}")).json()
    assert answer["error"] == {
        "type": "request_error",
        "code": "not_found",
        "detail": f"Entity {NOBODY} not found",
        "documentation_url": "https://developer.paddle.com/errors/shared/not_found",
    }
    assert answer["meta"].keys() == {"request_id"}


async def test_fields_that_are_wrong_or_unknown_are_named(seller):
    answer = await seller.http.post("/products", json={"name": "", "tax_category": "standard", "colour": "red"})
    errors = answer.json()["error"]["errors"]
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "invalid_field")
    assert {each["field"] for each in errors} == {"body.name", "body.colour"}


@pytest.mark.parametrize(
    "body",
    [
        {"items": []},
        {"items": [{"price_id": "pri_1", "quantity": 1}]},
        {"items": [{"quantity": 1}]},
        {"items": [{"price_id": "pri_00000000000000000000000000", "quantity": 0}]},
        {"items": [{"price_id": "pri_00000000000000000000000000", "quantity": 1}], "collection_mode": "manual"},
    ],
)
async def test_a_transaction_of_nothing_is_refused(seller, body):
    assert await seller.refused("POST", "/transactions", body) == (400, "invalid_field")


async def test_unknown_addresses_and_methods_are_answered_in_paddles_words(seller):
    assert await seller.refused("GET", "/unicorns") == (404, "not_found")
    assert await seller.refused("DELETE", "/products") == (405, "method_not_allowed")


async def test_a_customer_has_one_address_of_mail(seller):
    await seller.post("/customers", {"email": "ann@example.com"})
    answer = await seller.http.post("/customers", json={"email": "Ann@example.com"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (409, "customer_already_exists")
    assert "ctm_" in answer.json()["error"]["detail"]


async def test_a_list_comes_in_pages(seller):
    for number in range(5):
        await seller.post("/customers", {"email": f"{number}@example.com"})
    seen, paging = [], {"next": "/customers?per_page=2&order_by=id[ASC]", "has_more": True}
    while paging["has_more"]:
        answer = (await seller.http.get(paging["next"])).json()
        seen += [each["email"] for each in answer["data"]]
        paging = answer["meta"]["pagination"]
        assert (paging["per_page"], paging["estimated_total"]) == (2, 5)
    assert seen == [f"{number}@example.com" for number in range(5)]


@pytest.mark.parametrize(
    "question",
    [{"colour": "red"}, {"per_page": "many"}, {"order_by": "name[ASC]"}, {"created_at[GTE]": "today"}],
)
async def test_a_question_that_makes_no_sense_is_refused(seller, question):
    await seller.transaction(await seller.price())
    answer = await seller.http.get("/transactions", params=question)
    assert answer.json()["error"]["code"] == "invalid_field"


async def test_lists_are_filtered(seller):
    mine = await seller.bought()
    await seller.bought()
    assert len(await seller.get("/transactions", status="completed,paid")) == 2
    (one,) = await seller.get("/transactions", subscription_id=mine["id"], status="completed")
    assert await seller.get("/transactions", **{"created_at[LT]": one["created_at"]}) == []
    assert len(await seller.get("/transactions", **{"created_at[GTE]": one["created_at"]})) == 2
    assert len(await seller.get("/subscriptions", status="active")) == 2
    assert await seller.get("/prices", recurring="false") == []
    assert {each["event_type"] for each in await seller.get("/events", event_type="transaction.paid")} == {
        "transaction.paid"
    }


async def test_prices_of_two_currencies_or_cycles_are_not_sold_together(seller):
    dollar, euro = await seller.price(), await seller.price(currency="EUR")
    yearly = await seller.price(billing_cycle={"interval": "year", "frequency": 1})
    for other, code in (
        (euro, "transaction_currency_mismatch"),
        (yearly, "transaction_recurring_items_billing_cycle_mismatch"),
    ):
        items = [{"price_id": each["id"], "quantity": 1} for each in (dollar, other)]
        assert await seller.refused("POST", "/transactions", {"items": items}) == (400, code)


async def test_an_archived_price_is_not_sold(seller):
    price = await seller.price()
    await seller.patch(f"/prices/{price['id']}", {"status": "archived"})
    items = [{"price_id": price["id"], "quantity": 1}]
    assert await seller.refused("POST", "/transactions", {"items": items}) == (400, "transaction_price_not_active")


async def test_a_draft_cannot_be_canceled_until_it_is_ready(seller):
    draft = await seller.transaction(await seller.price())
    path = f"/transactions/{draft['id']}"
    assert await seller.refused("PATCH", path, {"status": "canceled"}) == (400, "transaction_invalid_status_change")
    address = await seller.post(f"/customers/{draft['customer_id']}/addresses", {"country_code": "DE"})
    assert (await seller.patch(path, {"address_id": address["id"]}))["status"] == "ready"
    assert (await seller.patch(path, {"status": "canceled"}))["status"] == "canceled"
    assert await seller.refused("PATCH", path, {"custom_data": {}}) == (400, "transaction_immutable")


@pytest.mark.parametrize(
    "body, status, code",
    [
        ({}, 400, "subscription_items_update_missing_proration_billing_mode"),
        ({"proration_billing_mode": "whatever"}, 400, "subscription_items_update_missing_proration_billing_mode"),
    ],
)
async def test_a_change_says_how_it_is_billed(seller, body, status, code):
    subscription = await seller.bought()
    items = [{"price_id": (await seller.price(3000))["id"], "quantity": 1}]
    path = f"/subscriptions/{subscription['id']}"
    assert await seller.refused("PATCH", path, {"items": items, **body}) == (status, code)


@pytest.mark.parametrize("mode", ["prorated_next_billing_period", "full_next_billing_period"])
async def test_what_is_going_to_end_is_not_billed_later(seller, mode):
    subscription = await seller.bought()
    path = f"/subscriptions/{subscription['id']}"
    await seller.post(f"{path}/cancel", {})
    items = [{"price_id": (await seller.price(3000))["id"], "quantity": 1}]
    body = {"items": items, "proration_billing_mode": mode}
    assert await seller.refused("PATCH", path, body) == (400, "subscription_invalid_billing_mode_for_scheduled_change")
    assert await seller.refused("POST", f"{path}/pause", {}) == (400, "subscription_locked_pending_changes")
    await seller.patch(path, {**body, "proration_billing_mode": "full_immediately"})


async def test_what_is_owed_stands_before_any_change(seller):
    subscription = await seller.bought(later=Outcome.INSUFFICIENT_FUNDS)
    await seller.passes(days=31)
    items = [{"price_id": (await seller.price(3000))["id"], "quantity": 1}]
    body = {"items": items, "proration_billing_mode": "do_not_bill"}
    path = f"/subscriptions/{subscription['id']}"
    assert await seller.refused("PATCH", path, body) == (409, "subscription_outstanding_transaction")


async def test_what_is_over_stays_over(seller):
    subscription = await seller.bought()
    path = f"/subscriptions/{subscription['id']}"
    await seller.post(f"{path}/cancel", {"effective_from": "immediately"})
    assert await seller.refused("PATCH", path, {"custom_data": {}}) == (400, "subscription_update_when_canceled")
    for verb in ("cancel", "pause", "resume"):
        assert await seller.refused("POST", f"{path}/{verb}", {}) == (400, "subscription_is_canceled_action_invalid")


@pytest.mark.parametrize(
    "body, code",
    [
        ({"type": "full", "items": [{"type": "full", "item_id": "ITEM"}]}, "invalid_field"),
        ({}, "invalid_field"),
        ({"items": [{"type": "partial", "item_id": "ITEM", "amount": "1001"}]}, ABOVE),
        ({"items": [{"type": "partial", "item_id": "ITEM", "amount": "0"}]}, ABOVE),
        ({"items": [{"type": "partial", "item_id": "ITEM"}]}, "invalid_field"),
        ({"items": [{"type": "full", "item_id": NO_ITEM}]}, "adjustment_transaction_item_invalid"),
        ({"type": "full", "action": "credit"}, "adjustment_transaction_invalid_status_for_credit"),
    ],
)  # fmt: skip
async def test_a_refund_is_of_what_was_paid(seller, body, code):
    (transaction,) = await seller.transactions(await seller.bought())
    line = transaction["details"]["line_items"][0]["id"]
    items = [{**item, "item_id": item["item_id"].replace("ITEM", line)} for item in body.get("items", [])]
    given = {"action": "refund", "transaction_id": transaction["id"], "reason": "why", **body}
    if items:
        given["items"] = items
    assert await seller.refused("POST", "/adjustments", given) == (400, code)


async def test_what_was_refused_has_changed_nothing(seller):
    await seller.bought()
    before = seller.simulator.truth()
    await seller.refused("POST", "/customers", {"email": "ann@example.com"})
    await seller.refused("POST", "/transactions", {"items": []})
    assert seller.simulator.truth() == before


async def test_a_bad_day_is_told_in_paddles_words(seller):
    seller.simulator.knobs.turn("too_many", Knob(count=1, seconds=9))
    answer = await seller.http.get("/products")
    assert (answer.status_code, answer.headers["retry-after"]) == (429, "9")
    assert (answer.json()["error"]["type"], answer.json()["error"]["code"]) == ("api_error", "too_many_requests")
    seller.simulator.knobs.turn("fail", Knob(count=1))
    assert await seller.refused("GET", "/products") == (500, "internal_error")
