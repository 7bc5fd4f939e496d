"""What is simulated has the shape of what Paddle publishes: the same names, kinds of values and ways of writing."""

import json
import re
from pathlib import Path

import pytest
from paddle_seller import MONTH

from verf.sandbox.payments.cards import Outcome

DATA = Path(__file__).parents[3] / "billing/data"
API = json.loads((DATA / "paddle-api-fixtures.json").read_text())["fixtures"]
FORMATS = {
    "time": re.compile(r"^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$"),
    "id": re.compile(r"^[a-z]+_[a-z\d]{26}$"),
    "amount": re.compile(r"^-?\d+$"),
    "uuid": re.compile(r"^[\da-f]{8}(-[\da-f]{4}){3}-[\da-f]{12}$"),
    "url": re.compile(r"^https?://"),
}
# In some of Paddle's examples and not in others, which are of different age.
NEWER = {
    "credit_applied_to_balance",
    "proration",
    "type",
    "import_meta",
    "custom_data",
    "underlying_details",
    "product",
}
RATES = {"exchange_rate", "tax_rate", "fee_rate", "rate"}
# Only when asked for by `include`.
ASKED = {"discount", "available_payment_methods", "recurring_transaction_details", "next_transaction"}
FREE = {"custom_data", "billing_details"}


def kind(value):
    if isinstance(value, str):
        return next((name for name, pattern in FORMATS.items() if pattern.match(value)), "text")
    return type(value).__name__


def differences(ours, theirs, where=""):
    """What ours has another name or kind for; values may differ, and null stands for anything."""
    if ours is None or theirs is None or where.rpartition(".")[2] in FREE:
        return []
    if isinstance(theirs, dict) and isinstance(ours, dict):
        missing = [f"{where}.{name} is missing" for name in theirs.keys() - ours.keys() - ASKED]
        new = [f"{where}.{name} is unknown" for name in ours.keys() - theirs.keys() - NEWER]
        inner = [differences(ours[name], theirs[name], f"{where}.{name}") for name in ours.keys() & theirs.keys()]
        return missing + new + [each for part in inner for each in part]
    if isinstance(theirs, list) and isinstance(ours, list):
        return differences(ours[0], theirs[0], f"{where}[]") if ours and theirs else []
    if where.rpartition(".")[2] in RATES:
        return [] if re.match(r"^\d+(\.\d+)?$", ours) else [f"{where} is no rate"]
    if kind(ours) == kind(theirs) or {kind(ours), kind(theirs)} <= {"text", "url"}:
        return []
    return [f"{where}: {kind(ours)}, theirs is {kind(theirs)}"]


@pytest.fixture
async def lived(seller):
    """A subscription to which everything has happened that notifications tell of."""
    subscription = await seller.bought()
    await seller.passes(days=10)
    dear = await seller.price(3000)
    path = f"/subscriptions/{subscription['id']}"
    items = [{"price_id": dear["id"], "quantity": 1}]
    await seller.patch(path, {"items": items, "proration_billing_mode": "prorated_immediately"})
    await seller.post(f"{path}/pause", {"effective_from": "immediately"})
    await seller.post(f"{path}/resume", {"effective_from": "immediately"})
    declined = await seller.transaction(dear)
    await seller.simulator.pay_checkout(declined["id"], Outcome.INSUFFICIENT_FUNDS, Outcome.PAYS)
    seller.simulator.steer_subscription(subscription["id"], "fail-next")
    await seller.passes(days=31)
    await seller.post(f"{path}/cancel", {"effective_from": "immediately"})
    await seller.bought(await seller.price(trial_period={"interval": "day", "frequency": 14}))
    await seller.passes(seconds=1)
    return seller


@pytest.mark.parametrize("path", sorted(DATA.glob("paddle-event-*.json")), ids=lambda path: path.stem[13:])
async def test_a_notification_is_shaped_like_paddles(lived, shop, path):
    theirs = json.loads(path.read_text())
    told = [body for body in shop.bodies if body["event_type"] == theirs["event_type"]]
    assert told, f"{theirs['event_type']} was never told"
    seen = [differences(each, theirs, theirs["event_type"]) for each in told]
    assert [] in seen, min(seen, key=len)


@pytest.mark.parametrize("name", ["transaction.get", "transaction.minimal"])
async def test_a_transaction_is_shaped_like_paddles(seller, name):
    subscription = await seller.bought()
    (transaction,) = await seller.transactions(subscription)
    assert differences(transaction, API[name]["data"], name) == []


async def test_a_draft_is_shaped_like_paddles(seller):
    draft = await seller.transaction(await seller.price())
    theirs = API["transaction.minimal"]["data"]
    assert differences(draft, theirs, "transaction") == []
    for field in ("status", "origin", "collection_mode", "billed_at", "address_id", "invoice_id", "payments"):
        assert draft[field] == theirs[field], field


@pytest.mark.parametrize("name", ["subscription.get", "subscription.get.includes"])
async def test_a_subscription_is_shaped_like_paddles(seller, name):
    subscription = await seller.bought()
    path, theirs = f"/subscriptions/{subscription['id']}", API[name]["data"]
    more = [each for each in ("next_transaction", "recurring_transaction_details") if each in theirs]
    whole = await seller.get(path, include=",".join(more))
    assert differences(whole, theirs, name) == []


async def test_a_preview_is_shaped_like_paddles(seller):
    subscription = await seller.bought()
    await seller.passes(days=10)
    items = [{"price_id": (await seller.price(3000))["id"], "quantity": 1}]
    body = {"items": items, "proration_billing_mode": "prorated_immediately"}
    preview = await seller.patch(f"/subscriptions/{subscription['id']}/preview", body)
    assert preview["immediate_transaction"]["adjustments"]
    assert differences(preview, API["subscription.preview_update"]["data"], "preview") == []


async def test_an_adjustment_is_shaped_like_paddles(seller):
    (transaction,) = await seller.transactions(await seller.bought())
    body = {**API["adjustment.create.request"], "transaction_id": transaction["id"]}
    body["items"] = [{**body["items"][0], "item_id": transaction["details"]["line_items"][0]["id"]}]
    adjustment = await seller.post("/adjustments", body)
    assert differences(adjustment, API["adjustment.get"]["data"], "adjustment") == []
    assert adjustment["status"] == API["adjustment.get"]["data"]["status"]


async def test_a_portal_session_is_shaped_like_paddles(seller):
    subscription = await seller.bought()
    path = f"/customers/{subscription['customer_id']}/portal-sessions"
    session = await seller.post(path, {"subscription_ids": [subscription["id"]]})
    assert differences(session, API["portal.session"]["data"], "session") == []


async def test_a_list_is_shaped_like_paddles(seller):
    await seller.bought()
    answer = (await seller.http.get("/events", params={"per_page": 1})).json()
    assert differences(answer["meta"], API["event.list"]["meta"], "meta") == []
    assert answer["data"][0].keys() == API["event.list"]["data"][0].keys()


@pytest.mark.parametrize("name", ["cancel", "pause", "resume"])
async def test_the_requests_of_paddles_own_tests_are_taken(seller, name):
    subscription = await seller.bought()
    path = f"/subscriptions/{subscription['id']}"
    body = dict(API[f"subscription.{name}.request"])
    if name == "pause":
        body["resume_at"] = "2099-10-09T16:30:00.000000Z"
    if name == "resume":
        await seller.post(f"{path}/pause", {"effective_from": "immediately"})
        body["effective_from"] = "2099-10-09T16:30:00.000000Z"
    assert (await seller.post(f"{path}/{name}", body))["scheduled_change"]


async def test_a_transaction_is_asked_for_as_paddles_own_tests_do(seller):
    price = await seller.price(billing_cycle=MONTH)
    body = API["transaction.create.request"]
    items = [{**body["items"][0], "price_id": price["id"]}]
    assert (await seller.post("/transactions", {**body, "items": items}))["status"] == "draft"
