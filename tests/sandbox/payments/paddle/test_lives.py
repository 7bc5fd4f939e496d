"""What Paddle does by itself, under the sandbox clock."""

import hmac
from datetime import timedelta
from hashlib import sha256

import pytest

from verf.sandbox.payments.cards import Outcome
from verf.sandbox.payments.knobs import Knob
from verf.sandbox.payments.paddle.periods import boundary
from verf.sandbox.payments.paddle.world import read


def kinds(shop, subscription=None):
    return [
        body["event_type"]
        for body in shop.bodies
        if subscription is None or subscription["id"] in (body["data"]["id"], body["data"].get("subscription_id"))
    ]


async def now_of(seller, subscription):
    return await seller.get(f"/subscriptions/{subscription['id']}")


async def test_the_first_payment_is_told_in_paddles_order(seller, shop):
    subscription = await seller.bought()
    await seller.passes(seconds=1)
    told = kinds(shop)
    assert told[-6:] == [
        "transaction.ready",
        "transaction.paid",
        "payment_method.saved",
        "subscription.created",
        "subscription.activated",
        "transaction.completed",
    ]
    created = next(body for body in shop.bodies if body["event_type"] == "subscription.created")
    (transaction,) = await seller.transactions(subscription)
    assert created["data"]["transaction_id"] == transaction["id"]


async def test_notifications_are_signed_at_the_time_of_the_attempt(seller, shop):
    shop.statuses = [500]
    await seller.transaction(await seller.price())
    await seller.passes(seconds=1)
    await seller.passes(minutes=3)
    first, again = [each for each in shop.received if each[1] == shop.received[0][1]]
    assert first[1] == again[1]
    for headers, body in shop.received:
        stamp, _, signature = headers["paddle-signature"].removeprefix("ts=").partition(";h1=")
        assert signature == hmac.new(b"pdl_ntfset_sandbox", stamp.encode() + b":" + body, sha256).hexdigest()
    assert first[0]["paddle-signature"] != again[0]["paddle-signature"]


async def test_paddle_tries_sixty_times_in_three_days(seller, shop):
    shop.statuses = [500] * 10_000
    await seller.post("/customers", {"email": "ann@example.com"})
    for _ in range(1600):
        await seller.passes(minutes=3)
    assert len(shop.received) == 60
    assert seller.simulator.outbox.deliveries()[0]["state"] == "gave_up"


async def test_a_renewal_moves_the_period_and_is_paid(seller, shop):
    subscription = await seller.bought()
    await seller.passes(days=31)
    renewed = await now_of(seller, subscription)
    first, second = await seller.transactions(subscription)
    assert renewed["current_billing_period"]["starts_at"] == first["billing_period"]["ends_at"]
    assert (second["origin"], second["status"]) == ("subscription_recurring", "completed")
    assert second["billing_period"] == renewed["current_billing_period"]
    assert second["custom_data"] == renewed["custom_data"]


async def test_a_month_that_is_too_short_is_made_up_for(seller):
    anchor = read("2027-01-31T10:00:00Z")
    ends = [boundary(anchor, number, {"interval": "month", "frequency": 1}).day for number in range(4)]
    assert ends == [31, 28, 31, 30]
    assert boundary(read("2028-02-29T10:00:00Z"), 4, {"interval": "year", "frequency": 1}).day == 29


async def test_what_is_not_paid_is_chased_for_a_month(seller, shop):
    subscription = await seller.bought(later=Outcome.INSUFFICIENT_FUNDS)
    due = read(subscription["next_billed_at"])
    await seller.passes(days=31)
    assert (await now_of(seller, subscription))["status"] == "past_due"
    for _ in range(30):
        await seller.passes(days=1)
    over = await now_of(seller, subscription)
    (owed,) = [each for each in await seller.transactions(subscription) if each["status"] == "canceled"]
    assert over["status"] == "canceled"
    assert read(over["canceled_at"]) - due == timedelta(days=30)
    assert len(owed["payments"]) == 7
    told = kinds(shop, subscription)
    assert told.count("transaction.payment_failed") == 7
    order = [told.index(f"{each}.past_due") for each in ("transaction", "subscription")]
    assert order[0] < order[1] < told.index("subscription.canceled")


async def test_a_stolen_card_is_not_tried_again(seller):
    subscription = await seller.bought(later=Outcome.STOLEN)
    for _ in range(62):
        await seller.passes(days=1)
    assert len((await seller.transactions(subscription))[-1]["payments"]) == 1
    assert (await now_of(seller, subscription))["status"] == "canceled"


async def test_what_is_not_paid_may_be_paused_instead(seller):
    subscription = await seller.bought(later=Outcome.STOLEN)
    seller.simulator.knobs.turn("dunning_pauses", Knob())
    for _ in range(62):
        await seller.passes(days=1)
    assert (await now_of(seller, subscription))["status"] == "paused"


async def test_a_pause_with_an_end_ends_by_itself(seller, shop):
    subscription = await seller.bought()
    resume_at = (read(subscription["next_billed_at"]) + timedelta(days=10)).isoformat()
    await seller.post(f"/subscriptions/{subscription['id']}/pause", {"resume_at": resume_at})
    await seller.passes(days=31)
    paused = await now_of(seller, subscription)
    assert (paused["status"], paused["current_billing_period"]) == ("paused", None)
    assert paused["scheduled_change"]["action"] == "resume"
    await seller.passes(days=10)
    resumed = await now_of(seller, subscription)
    assert (resumed["status"], resumed["scheduled_change"]) == ("active", None)
    assert len(await seller.transactions(subscription)) == 2
    assert "subscription.resumed" in kinds(shop, subscription)


async def test_a_trial_becomes_a_paid_subscription(seller, shop):
    subscription = await seller.bought(await seller.price(trial_period={"interval": "day", "frequency": 14}))
    assert (subscription["status"], subscription["first_billed_at"]) == ("trialing", None)
    await seller.passes(days=15)
    active = await now_of(seller, subscription)
    assert (active["status"], active["items"][0]["trial_dates"]) == ("active", None)
    assert read(active["next_billed_at"]) > read(subscription["next_billed_at"]) + timedelta(days=27)
    told = kinds(shop, subscription)
    assert "subscription.trialing" in told
    assert "subscription.activated" in told


@pytest.mark.parametrize(
    "mode, country, totals",
    [
        ("internal", "DE", ("840", "160", "1000")),
        ("external", "DE", ("1000", "190", "1190")),
        ("account_setting", "GB", ("1000", "200", "1200")),
        ("location", "GB", ("833", "167", "1000")),
        ("location", "US", ("1000", "89", "1089")),
    ],
)
async def test_taxes_are_inside_or_on_top(seller, mode, country, totals):
    customer = await seller.post("/customers", {"email": "tax@example.com"})
    address = await seller.post(f"/customers/{customer['id']}/addresses", {"country_code": country})
    items = [{"price_id": (await seller.price(tax_mode=mode))["id"], "quantity": 1}]
    body = {"items": items, "customer_id": customer["id"], "address_id": address["id"]}
    told = (await seller.post("/transactions", body))["details"]["totals"]
    assert (told["subtotal"], told["tax"], told["total"]) == totals


async def test_fee_and_earnings_come_with_the_money(seller):
    (transaction,) = await seller.transactions(await seller.bought())
    totals = {name: int(value) for name, value in transaction["details"]["totals"].items() if name != "currency_code"}
    assert (totals["fee"], totals["balance"]) == (100, 0)
    assert totals["earnings"] + totals["fee"] + totals["tax"] == totals["grand_total"] == 1000
    assert transaction["details"]["payout_totals"]["earnings"] == str(totals["earnings"])


async def test_a_change_billed_later_stands_on_the_next_bill(seller):
    subscription = await seller.bought()
    await seller.passes(days=15)
    items = [{"price_id": (await seller.price(3000))["id"], "quantity": 1}]
    body = {"items": items, "proration_billing_mode": "prorated_next_billing_period"}
    await seller.patch(f"/subscriptions/{subscription['id']}", body)
    assert len(await seller.transactions(subscription)) == 1
    await seller.passes(days=16)
    totals = (await seller.transactions(subscription))[-1]["details"]["totals"]
    assert (totals["total"], totals["credit"], totals["grand_total"]) == ("4500", "500", "4000")


async def test_an_unpaid_change_may_be_kept_and_owed(seller):
    subscription = await seller.bought(later=Outcome.INSUFFICIENT_FUNDS)
    items = [{"price_id": (await seller.price(3000))["id"], "quantity": 1}]
    body = {"items": items, "proration_billing_mode": "full_immediately", "on_payment_failure": "apply_change"}
    changed = await seller.patch(f"/subscriptions/{subscription['id']}", body)
    assert (changed["status"], changed["items"][0]["price"]["unit_price"]["amount"]) == ("past_due", "3000")


async def test_every_approval_has_its_time(seller, shop):
    (transaction,) = await seller.transactions(await seller.bought())
    body = {"action": "refund", "transaction_id": transaction["id"], "reason": "why", "type": "full"}
    adjustment = await seller.post("/adjustments", body)
    await seller.passes(minutes=9)
    assert (await seller.get("/adjustments"))[0]["status"] == "pending_approval"
    await seller.passes(minutes=1)
    assert (await seller.get("/adjustments"))[0]["status"] == "approved"
    told = [body["event_type"] for body in shop.bodies if body["data"]["id"] == adjustment["id"]]
    assert told == ["adjustment.created", "adjustment.updated"]


async def test_events_are_kept_for_ninety_days(seller):
    await seller.bought()
    await seller.passes(days=31)
    await seller.passes(days=61)
    times = [each["occurred_at"] for each in await seller.get("/events", per_page="200")]
    assert times == sorted(times)
    assert read(times[-1]) - read(times[0]) <= timedelta(days=90)


async def test_its_state_outlives_the_process(seller, tmp_path):
    subscription = await seller.bought()
    again = type(seller.simulator)(tmp_path / "paddle")
    assert again.truth() == seller.simulator.truth()
    assert again.next_due() == read(subscription["next_billed_at"])
