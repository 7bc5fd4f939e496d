"""What Paddle does not let a seller do, each by its own name."""

import pytest

from verf.errors import Conflict
from verf.kit import now
from verf.sandbox.payments.cards import BY_KEY, Outcome
from verf.sandbox.payments.paddle.errors import Refused
from verf.sandbox.payments.paddle.till import change_card

YEAR = {"interval": "year", "frequency": 1}
BILL_LATER = {"proration_billing_mode": "full_next_billing_period"}
UNBILLED = {"proration_billing_mode": "do_not_bill"}


async def path_of(seller, **how):
    return f"/subscriptions/{(await seller.bought(**how))['id']}"


def item(price, **more):
    return [{"price_id": price["id"], "quantity": 1, **more}]


@pytest.mark.parametrize(
    "terms, body, code",
    [
        ({"billing_cycle": YEAR}, BILL_LATER, "subscription_items_update_invalid_billing_interval"),
        ({"billing_cycle": None}, UNBILLED, "subscription_items_mixed_billing_intervals"),
        ({"currency": "EUR"}, UNBILLED, "subscription_update_different_currency_code"),
    ],
)
async def test_items_that_do_not_fit_are_refused(seller, terms, body, code):
    path = await path_of(seller)
    items = item(await seller.price(**terms))
    assert await seller.refused("PATCH", path, {"items": items, **body}) == (400, code)


async def test_items_of_two_intervals_do_not_stand_together(seller):
    path = await path_of(seller)
    items = item(await seller.price()) + item(await seller.price(billing_cycle=YEAR))
    assert (await seller.refused("PATCH", path, {"items": items, **UNBILLED}))[1] == (
        "subscription_items_mixed_billing_intervals"
    )


async def test_a_quantity_may_be_left_out_for_what_is_there(seller):
    price = await seller.price()
    subscription = await seller.bought(price, quantity=3)
    path, other = f"/subscriptions/{subscription['id']}", await seller.price()
    changed = await seller.patch(path, {"items": [{"price_id": price["id"]}], **UNBILLED})
    assert changed["items"][0]["quantity"] == 3
    body = {"items": [{"price_id": other["id"]}], **UNBILLED}
    assert await seller.refused("PATCH", path, body) == (400, "invalid_field")


async def test_a_price_is_sold_within_its_limits(seller):
    price = await seller.price(quantity={"minimum": 2, "maximum": 3})
    for quantity in (1, 4):
        items = [{"price_id": price["id"], "quantity": quantity}]
        assert await seller.refused("POST", "/transactions", {"items": items}) == (400, "invalid_field")


async def test_a_paused_subscription_is_only_resumed(seller):
    path = await path_of(seller)
    assert (await seller.refused("POST", f"{path}/resume", {}))[1] == "subscription_cannot_be_resumed"
    await seller.post(f"{path}/pause", {"effective_from": "immediately"})
    assert (await seller.refused("POST", f"{path}/pause", {}))[1] == "subscription_cannot_be_paused"
    body = {"items": item(await seller.price()), **UNBILLED}
    assert (await seller.refused("PATCH", path, body))[1] == "subscription_update_when_paused"


async def test_a_period_that_is_over_is_not_continued(seller):
    path = await path_of(seller)
    await seller.post(f"{path}/pause", {"effective_from": "immediately"})
    await seller.passes(days=40)
    body = {"on_resume": "continue_existing_billing_period"}
    code = "subscription_continuing_existing_billing_period_not_allowed"
    assert (await seller.refused("POST", f"{path}/resume", body))[1] == code
    await seller.post(f"{path}/resume", {})
    await seller.post(f"{path}/pause", {})
    await seller.passes(days=40)
    assert (await seller.refused("POST", f"{path}/resume", body))[1] == f"{code}_no_billing_period"


async def test_a_trial_is_not_billed_for_a_change(seller):
    path = await path_of(seller, price=await seller.price(trial_period={"interval": "day", "frequency": 14}))
    body = {"items": item(await seller.price()), "proration_billing_mode": "prorated_immediately"}
    assert (await seller.refused("PATCH", path, body))[1] == "subscription_trialing_items_update_invalid_options"


async def test_dates_are_moved_ahead_and_unbilled(seller):
    path = await path_of(seller)
    soon, later = "2020-01-01T00:00:00Z", "2099-01-01T00:00:00Z"
    refused = await seller.refused("PATCH", path, {"next_billed_at": soon, **UNBILLED})
    assert refused == (400, "subscription_next_billed_at_too_soon")
    body = {"next_billed_at": later, "proration_billing_mode": "prorated_immediately"}
    assert (await seller.refused("PATCH", path, body))[1] == "not_simulated"
    moved = await seller.patch(path, {"next_billed_at": later, **UNBILLED})
    assert moved["current_billing_period"]["ends_at"] == moved["next_billed_at"] == "2099-01-01T00:00:00.000000Z"


async def test_a_scheduled_change_is_only_taken_back(seller):
    path = await path_of(seller)
    assert await seller.refused("PATCH", path, {"scheduled_change": {"action": "cancel"}}) == (400, "invalid_field")
    changed = await seller.patch(path, {"custom_data": {"a": 1}, "scheduled_change": None})
    assert (changed["custom_data"], changed["scheduled_change"]) == ({"a": 1}, None)
    assert (await seller.http.get(path, params={"include": "everything"})).status_code == 400


async def test_a_discount_is_used_as_long_as_it_may_be(seller):
    terms = {"amount": "100", "description": "Off", "type": "flat"}
    assert await seller.refused("POST", "/discounts", terms) == (400, "invalid_field")
    terms |= {"currency_code": "USD", "code": "SPRING", "usage_limit": 1, "expires_at": "2099-01-01T00:00:00+01:00"}
    discount = await seller.post("/discounts", terms)
    assert discount["expires_at"] == "2098-12-31T23:00:00.000000Z"
    assert await seller.refused("POST", "/discounts", terms) == (409, "discount_code_conflict")
    await seller.bought(discount_id=discount["id"])
    body = {"items": item(await seller.price()), "discount_id": discount["id"]}
    assert await seller.refused("POST", "/transactions", body) == (400, "transaction_discount_not_eligible")


async def test_addresses_belong_to_their_customers(seller):
    ann, bob = [await seller.post("/customers", {"email": f"{name}@example.com"}) for name in ("ann", "bob")]
    address = await seller.post(f"/customers/{ann['id']}/addresses", {"country_code": "DE"})
    assert [each["id"] for each in await seller.get(f"/customers/{ann['id']}/addresses")] == [address["id"]]
    assert await seller.get(f"/customers/{bob['id']}/addresses") == []
    body = {"items": item(await seller.price()), "address_id": address["id"]}
    assert await seller.refused("POST", "/transactions", body) == (400, "invalid_field")
    assert (await seller.refused("POST", "/transactions", {**body, "customer_id": bob["id"]}))[0] == 404


async def test_a_draft_is_completed_bit_by_bit(seller):
    draft = await seller.post("/transactions", {"items": item(await seller.price()), "custom_data": {"order": "1"}})
    customer = await seller.post("/customers", {"email": "ann@example.com"})
    path = f"/transactions/{draft['id']}"
    changed = await seller.patch(path, {"customer_id": customer["id"], "custom_data": {"order": "2"}})
    assert (changed["customer_id"], changed["custom_data"]) == (customer["id"], {"order": "2"})
    assert await seller.refused("GET", f"{path}/invoice") == (404, "transaction_invoice_not_found")
    body = {"items": item(await seller.price()), "checkout": {"url": "javascript:alert(1)"}}
    assert (await seller.refused("POST", "/transactions", body))[1] == (
        "transaction_checkout_url_domain_is_not_approved"
    )


async def test_an_invoice_has_an_address(seller):
    (transaction,) = await seller.transactions(await seller.bought())
    assert (await seller.get(f"/transactions/{transaction['id']}/invoice"))["url"].endswith(".pdf")


async def test_what_is_going_to_end_has_no_next_bill(seller):
    path = await path_of(seller)
    await seller.post(f"{path}/cancel", {})
    whole = await seller.get(path, include="next_transaction,recurring_transaction_details")
    assert (whole["next_transaction"], whole["recurring_transaction_details"]) == (None, None)
    preview = await seller.patch(f"{path}/preview", {"items": item(await seller.price(3000)), **UNBILLED})
    assert (preview["immediate_transaction"], preview["update_summary"]) == (None, None)


async def test_the_cabinet_has_its_limits_too(seller):
    simulator, subscription = seller.simulator, await seller.bought()
    (transaction,) = await seller.transactions(subscription)
    for ask in (
        lambda: simulator.refund_payment("txn_1", None),
        lambda: simulator.expire_checkout(transaction["id"]),
        lambda: simulator.steer_subscription("sub_1", "cancel"),
        lambda: simulator.settle_dispute("adj_1", "won"),
        lambda: simulator.set_method_outcome("paymtd_1", Outcome.PAYS),
    ):
        with pytest.raises(Conflict):
            ask()
    refund = simulator.refund_payment(transaction["id"], 100)
    for ask in (
        lambda: simulator.review_refund(refund["id"], "approved"),
        lambda: simulator.settle_dispute(refund["id"], "won"),
    ):
        with pytest.raises(Conflict):
            ask()
    draft = await seller.transaction(await seller.price())
    with pytest.raises(Conflict):
        simulator.dispute_payment(draft["id"], None, "fraudulent")
    assert simulator.expire_checkout(draft["id"])["status"] == "canceled"


@pytest.mark.parametrize("action, status", [("cancel", "canceled"), ("pause", "paused")])
async def test_the_cabinet_steers_at_once(seller, action, status):
    subscription = await seller.bought()
    assert seller.simulator.steer_subscription(subscription["id"], action)["status"] == status


async def test_a_card_is_changed_while_there_is_something_to_pay(seller):
    simulator, told = seller.simulator, await seller.bought()
    subscription = simulator.store.get("subscription", told["id"])
    assert change_card(simulator.world, subscription, BY_KEY["pays"], now())
    simulator.steer_subscription(told["id"], "cancel")
    with pytest.raises(Refused):
        change_card(simulator.world, subscription, BY_KEY["pays"], now())
    url = f"{simulator.address}/portal/{told['id']}/cancel"
    assert "nothing to look after" in (await seller.http.get(url)).text
