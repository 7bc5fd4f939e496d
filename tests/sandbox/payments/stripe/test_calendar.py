"""What the simulated Stripe does by itself, and when."""

from datetime import UTC, datetime

import pytest

from verf.kit import now, set_offset
from verf.sandbox.payments.cards import Outcome
from verf.sandbox.payments.knobs import Knob
from verf.sandbox.payments.stripe.periods import boundary, following


def second(*parts):
    return int(datetime(*parts, tzinfo=UTC).timestamp())


def test_boundaries_count_from_the_anchor():
    anchor = second(2026, 1, 31, 10)
    ends = [datetime.fromtimestamp(boundary(anchor, "month", 1, number), UTC) for number in (1, 2, 3, 12)]
    assert [(each.month, each.day) for each in ends] == [(2, 28), (3, 31), (4, 30), (1, 31)]
    assert boundary(second(2028, 2, 29), "year", 1, 1) == second(2029, 2, 28)
    assert boundary(second(2028, 2, 29), "year", 1, 4) == second(2032, 2, 29)
    assert boundary(anchor, "week", 2, 1) - anchor == 14 * 86400
    assert following(anchor, "month", 1, second(2026, 2, 28, 10)) == second(2026, 3, 31, 10)


async def seen(api, subscription):
    return await api.get(f"subscriptions/{subscription['id']}")


async def test_the_period_moves_before_the_money(api, later):
    subscription = await api.buy()
    end = subscription["items"]["data"][0]["current_period_end"]
    set_offset(datetime.fromtimestamp(end + 60, UTC) - datetime.now(UTC))
    await api.tick()
    moved = await seen(api, subscription)
    assert moved["items"]["data"][0]["current_period_start"] == end
    assert moved["status"] == "active"
    invoice = (await api.invoices(subscription))[-1]
    assert (invoice["status"], invoice["billing_reason"]) == ("draft", "subscription_cycle")
    later(hours=1)
    await api.tick()
    invoice = (await api.invoices(subscription))[-1]
    assert invoice["status"] == "paid"
    assert invoice["status_transitions"]["paid_at"] == end + 3600


async def test_a_jump_over_months_charges_each_of_them_at_its_time(api, later):
    subscription = await api.buy()
    later(days=93)
    await api.tick()
    invoices = await api.invoices(subscription)
    assert [each["amount_paid"] for each in invoices] == [900] * 4
    starts = [each["lines"]["data"][0]["period"]["start"] for each in invoices]
    ends = [each["lines"]["data"][0]["period"]["end"] for each in invoices]
    assert starts[1:] == ends[:-1]
    assert [each["created"] for each in invoices] == starts
    assert [each["number"][-4:] for each in invoices] == ["0001", "0002", "0003", "0004"]


async def test_a_renewal_that_fails_is_tried_for_two_weeks_and_then_cancelled(api, later):
    subscription = await api.buy(later=Outcome.INSUFFICIENT_FUNDS)
    later(days=31, hours=2)
    await api.tick()
    assert (await seen(api, subscription))["status"] == "past_due"
    invoice = (await api.invoices(subscription))[-1]
    assert (invoice["attempt_count"], invoice["status"]) == (1, "open")
    assert invoice["next_payment_attempt"] - invoice["created"] == 3 * 86400 + 3600
    later(days=12)
    await api.tick()
    assert (await seen(api, subscription))["status"] == "past_due"
    later(days=3)
    await api.tick()
    over = await seen(api, subscription)
    assert (over["status"], over["cancellation_details"]["reason"]) == ("canceled", "payment_failed")
    assert (await api.invoices(subscription))[-1]["attempt_count"] == 4
    assert len(api.told("invoice.payment_failed")) == 4


async def test_the_account_may_want_it_unpaid_instead(api, later):
    subscription = await api.buy(later=Outcome.INSUFFICIENT_FUNDS)
    api.simulator.knobs.turn("unpaid", Knob())
    later(days=46)
    await api.tick()
    assert (await seen(api, subscription))["status"] == "unpaid"
    later(days=31)
    await api.tick()
    assert (await api.invoices(subscription))[-1]["status"] == "draft"


async def test_a_stolen_card_is_not_asked_again_until_it_is_another(api, later):
    subscription = await api.buy(later=Outcome.STOLEN)
    later(days=31, hours=2)
    await api.tick()
    later(days=9)
    await api.tick()
    assert (await api.invoices(subscription))[-1]["attempt_count"] == 1
    assert (await seen(api, subscription))["status"] == "past_due"


async def test_a_card_that_works_again_brings_it_back(api, later):
    subscription = await api.buy(later=Outcome.INSUFFICIENT_FUNDS)
    later(days=31, hours=2)
    await api.tick()
    api.simulator.set_method_outcome(subscription["default_payment_method"], Outcome.PAYS)
    later(days=4)
    await api.tick()
    assert (await seen(api, subscription))["status"] == "active"
    assert (await api.invoices(subscription))[-1]["attempt_count"] == 2


async def test_a_trial_ends_in_a_payment(api, later):
    subscription = await api.buy(subscription_data={"trial_period_days": 14})
    assert subscription["status"] == "trialing"
    (free,) = await api.invoices(subscription)
    assert (free["amount_due"], free["status"]) == (0, "paid")
    later(days=14, hours=2)
    await api.tick()
    assert (await seen(api, subscription))["status"] == "active"
    assert [each["amount_paid"] for each in await api.invoices(subscription)] == [0, 900]
    assert len(api.told("customer.subscription.trial_will_end")) == 1


async def test_a_trial_for_somebody_who_pays_begins_now_and_moves_the_renewal(api, later):
    subscription = await api.buy()
    later(days=29)
    end = int(now().timestamp()) + 10 * 86400
    trial = await api.post(f"subscriptions/{subscription['id']}", trial_end=end, proration_behavior="none")
    assert (trial["status"], trial["trial_end"], trial["billing_cycle_anchor"]) == ("trialing", end, end)
    assert trial["items"]["data"][0]["current_period_start"] == trial["trial_start"]
    free = (await api.invoices(subscription))[-1]
    assert (free["billing_reason"], free["amount_due"], free["status"]) == ("subscription_update", 0, "paid")
    later(days=10, hours=2)
    await api.tick()
    assert [each["amount_paid"] for each in await api.invoices(subscription)] == [900, 0, 900]


async def test_without_a_word_about_proration_the_unused_rest_is_credited(api, later):
    subscription = await api.buy()
    later(days=15)
    await api.post(f"subscriptions/{subscription['id']}", trial_end=int(now().timestamp()) + 86400)
    later(days=1, hours=2)
    await api.tick()
    assert 400 < (await api.invoices(subscription))[-1]["amount_paid"] < 500


@pytest.mark.parametrize("seconds", [-5, 6 * 365 * 86400])
async def test_a_trial_ends_in_the_future_and_within_five_years(api, seconds):
    subscription = await api.buy()
    end = int(now().timestamp()) + seconds
    refused = await api.refused(f"subscriptions/{subscription['id']}", trial_end=end)
    assert (refused["type"], refused["param"]) == ("invalid_request_error", "trial_end")


async def test_a_trial_without_a_card_does_as_it_was_told(api, later):
    trial = {"trial_period_days": 14, "trial_settings": {"end_behavior": {"missing_payment_method": "cancel"}}}
    subscription = await api.buy(subscription_data=trial)
    await api.post(f"payment_methods/{subscription['default_payment_method']}/detach")
    later(days=15)
    await api.tick()
    assert (await seen(api, subscription))["status"] == "canceled"


async def test_cancelled_at_its_end_it_ends_then_without_a_charge(api, later):
    subscription = await api.buy()
    cancelled = await api.post(f"subscriptions/{subscription['id']}", cancel_at_period_end=True)
    assert cancelled["cancel_at"] == subscription["items"]["data"][0]["current_period_end"]
    later(days=32)
    await api.tick()
    over = await seen(api, subscription)
    assert (over["status"], over["ended_at"]) == ("canceled", cancelled["cancel_at"])
    assert len(await api.invoices(subscription)) == 1
    assert api.kinds()[-1] == "customer.subscription.deleted"


async def test_paused_collection_voids_what_comes(api, later):
    subscription = await api.buy()
    resumes = int(now().timestamp()) + 40 * 86400
    pause = {"behavior": "void", "resumes_at": resumes}
    await api.post(f"subscriptions/{subscription['id']}", pause_collection=pause)
    later(days=31, hours=2)
    await api.tick()
    assert (await api.invoices(subscription))[-1]["status"] == "void"
    later(days=31)
    await api.tick()
    assert (await seen(api, subscription))["pause_collection"] is None
    assert (await api.invoices(subscription))[-1]["status"] == "paid"


async def test_a_page_expires_when_it_was_told_to(api, later):
    session = await api.session()
    later(hours=3)
    await api.tick()
    assert (await api.get(f"checkout/sessions/{session['id']}"))["status"] == "expired"
    assert api.told("checkout.session.expired")[0]["created"] == session["expires_at"]


async def test_a_first_payment_that_fails_expires_after_a_day(api, later):
    bought = await api.buy(later=Outcome.INSUFFICIENT_FUNDS)
    words = {"items": [{"price": bought["items"]["data"][0]["price"]["id"]}]}
    words["default_payment_method"] = bought["default_payment_method"]
    subscription = await api.post("subscriptions", customer=bought["customer"], **words)
    assert subscription["status"] == "incomplete"
    later(hours=24)
    await api.tick()
    assert (await seen(api, subscription))["status"] == "incomplete_expired"
    assert (await api.invoices(subscription))[0]["status"] == "void"


# Changes


async def upgrade(api, subscription, price, **words):
    item = subscription["items"]["data"][0]["id"]
    known = {"proration_behavior": "always_invoice", "payment_behavior": "pending_if_incomplete"}
    items = [{"id": item, "price": price["id"]}]
    return await api.ask("POST", f"subscriptions/{subscription['id']}", items=items, **(known | words))


async def test_a_preview_and_the_change_at_its_second_are_the_same(api, later):
    subscription, price = await api.buy(), await api.price(2990)
    later(days=11, minutes=13)
    at = int(now().timestamp())
    item = subscription["items"]["data"][0]["id"]
    details = {"items": [{"id": item, "price": price["id"]}], "proration_behavior": "always_invoice"}
    details["proration_date"] = at
    preview = await api.post("invoices/create_preview", subscription=subscription["id"], subscription_details=details)
    later(minutes=9)
    await upgrade(api, subscription, price, proration_date=at)
    invoice = (await api.invoices(subscription))[-1]
    assert invoice["amount_paid"] == preview["amount_due"] > 0
    amounts = [each["amount"] for each in invoice["lines"]["data"]]
    assert amounts == [each["amount"] for each in preview["lines"]["data"]]
    period = subscription["items"]["data"][0]
    left, whole = period["current_period_end"] - at, period["current_period_end"] - period["current_period_start"]
    assert abs(-amounts[0] - 900 * left / whole) <= 0.5
    assert abs(amounts[1] - 2990 * left / whole) <= 0.5


async def test_a_preview_changes_nothing(api):
    subscription, price = await api.buy(), await api.price(2990)
    await api.tick()
    before = api.kinds()
    details = {"items": [{"id": subscription["items"]["data"][0]["id"], "price": price["id"]}]}
    for _ in range(2):
        preview = await api.post(
            "invoices/create_preview", subscription=subscription["id"], subscription_details=details
        )
        assert preview["lines"]["total_count"] == 3
    await api.tick()
    assert await seen(api, subscription) == subscription
    assert api.kinds() == before


async def test_a_difference_nobody_pays_waits_a_day_and_is_dropped(api, later):
    subscription, price = await api.buy(later=Outcome.INSUFFICIENT_FUNDS), await api.price(2990)
    answer = (await upgrade(api, subscription, price)).json()
    assert answer["pending_update"]["subscription_items"][0]["price"]["id"] == price["id"]
    assert answer["items"]["data"][0]["price"]["unit_amount"] == 900
    later(hours=24)
    await api.tick()
    assert (await seen(api, subscription))["pending_update"] is None
    assert (await api.invoices(subscription))[-1]["status"] == "void"


async def test_a_difference_paid_later_makes_the_change(api):
    subscription, price = await api.buy(later=Outcome.INSUFFICIENT_FUNDS), await api.price(2990)
    await upgrade(api, subscription, price)
    invoice = (await api.invoices(subscription))[-1]
    assert (await api.refused(f"invoices/{invoice['id']}/pay", status=402))["code"] == "card_declined"
    api.simulator.set_method_outcome(subscription["default_payment_method"], Outcome.PAYS)
    await api.post(f"invoices/{invoice['id']}/pay")
    changed = await seen(api, subscription)
    assert changed["pending_update"] is None
    assert changed["items"]["data"][0]["price"]["id"] == price["id"]


async def test_another_change_takes_the_place_of_one_that_waits(api, later):
    subscription, price = await api.buy(later=Outcome.INSUFFICIENT_FUNDS), await api.price(2990)
    await upgrade(api, subscription, price)
    api.simulator.set_method_outcome(subscription["default_payment_method"], Outcome.PAYS)
    dearer = await api.price(9990)
    answer = (await upgrade(api, subscription, dearer)).json()
    assert answer["pending_update"] is None
    assert answer["items"]["data"][0]["price"]["id"] == dearer["id"]
    assert [each["status"] for each in await api.invoices(subscription)] == ["paid", "void", "paid"]
    later(hours=24)
    await api.tick()
    assert await seen(api, subscription) == answer


async def test_a_change_that_must_be_paid_is_undone_wholly(api):
    subscription, price = await api.buy(later=Outcome.INSUFFICIENT_FUNDS), await api.price(2990)
    await api.tick()
    before = api.kinds()
    answer = await upgrade(api, subscription, price, payment_behavior="error_if_incomplete")
    assert (answer.status_code, answer.json()["error"]["decline_code"]) == (402, "insufficient_funds")
    await api.tick()
    assert await seen(api, subscription) == subscription
    assert api.kinds() == before
    assert len(await api.invoices(subscription)) == 1


async def test_a_change_without_an_invoice_is_on_the_next_one(api, later):
    subscription, price = await api.buy(), await api.price(2990)
    later(days=10)
    words = {"proration_behavior": "create_prorations", "payment_behavior": "allow_incomplete"}
    await upgrade(api, subscription, price, **words)
    assert len(await api.invoices(subscription)) == 1
    later(days=22)
    await api.tick()
    lines = (await api.invoices(subscription))[-1]["lines"]["data"]
    assert [each["amount"] > 0 for each in lines] == [True, False, True]


@pytest.mark.parametrize("days", [-40, 40])
async def test_a_proration_lies_within_the_period(api, days):
    subscription, price = await api.buy(), await api.price(2990)
    answer = await upgrade(api, subscription, price, proration_date=int(now().timestamp()) + days * 86400)
    assert answer.json()["error"]["param"] == "proration_date"


async def test_a_schedule_owns_the_end_of_its_subscription(api):
    subscription = await api.buy()
    schedule = await api.post("subscription_schedules", from_subscription=subscription["id"])
    await api.refused(f"subscriptions/{subscription['id']}", cancel_at_period_end=True)
    await api.refused("subscription_schedules", from_subscription=subscription["id"])
    await api.post(f"subscription_schedules/{schedule['id']}/release")
    await api.post(f"subscriptions/{subscription['id']}", cancel_at_period_end=True)


async def test_what_is_over_cannot_be_changed(api):
    subscription = await api.buy()
    await api.delete(f"subscriptions/{subscription['id']}")
    await api.refused(f"subscriptions/{subscription['id']}", status=404, cancel_at_period_end=True)
    await api.refused(f"subscriptions/{subscription['id']}", status=404, method="DELETE")
