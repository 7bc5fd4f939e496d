"""A person pays, is declined, changes a card and leaves, at pages that look like the sandbox."""

import re

import pytest

from verf.sandbox.payments.cards import Outcome

BACK = "http://127.0.0.1:8000/back?intent=1"


@pytest.fixture
async def page(seller):
    url = f"{seller.simulator.address}/checkout"
    transaction = await seller.transaction(await seller.price(), checkout={"url": f"{url}?return_url={BACK}"})
    return transaction["checkout"]["url"]


async def test_the_page_says_what_is_bought_and_what_it_costs(seller, page):
    answer = await seller.http.get(page)
    assert answer.status_code == 200
    assert "10.00 USD" in answer.text
    assert "form-action 'self' http://127.0.0.1:8000" in answer.headers["content-security-policy"]
    assert not re.search(r"<script|style=|onclick", answer.text)


async def test_who_pays_is_sent_back(seller, page):
    answer = await seller.http.post(page, data={"card": "pays"})
    assert (answer.status_code, answer.headers["location"]) == (303, BACK)
    assert "Paid already" in (await seller.http.get(page)).text
    assert "Paid already" in (await seller.http.post(page, data={"card": "pays"})).text
    assert len(seller.simulator.truth()["subscriptions"]) == 1


@pytest.mark.parametrize("card", ["insufficient-funds", "stolen", "expired", "3ds-fails", "nonsense", ""])
async def test_who_is_declined_may_try_again(seller, page, card):
    answer = await seller.http.post(page, data={"card": card})
    assert (answer.status_code, "declined this card" in answer.text) == (200, True)
    assert (await seller.http.post(page, data={"card": "pays"})).status_code == 303


async def test_the_seller_does_not_need_to_know_who_pays(seller):
    items = [{"price_id": (await seller.price())["id"], "quantity": 1}]
    transaction = await seller.post("/transactions", {"items": items})
    answer = await seller.http.post(transaction["checkout"]["url"], data={"card": "pays"})
    assert "Paid already" in answer.text
    assert (await seller.get(f"/transactions/{transaction['id']}"))["customer_id"]


async def test_a_page_of_nothing_is_not_found(seller):
    assert (await seller.http.get(f"{seller.simulator.address}/checkout?_ptxn=txn_1")).status_code == 404


async def portal(seller, subscription, action):
    path = f"/customers/{subscription['customer_id']}/portal-sessions"
    session = await seller.post(path, {"subscription_ids": [subscription["id"]]})
    return session["urls"]["subscriptions"][0][action] if action else session["urls"]["general"]["overview"]


async def test_another_card_pays_what_is_owed_at_once(seller):
    subscription = await seller.bought(later=Outcome.STOLEN)
    await seller.passes(days=31)
    url = await portal(seller, subscription, "")
    assert "past due" in (await seller.http.get(url)).text
    assert "declined" in (await seller.http.post(url, data={"card": "expired"})).text
    assert "from now on" in (await seller.http.post(url, data={"card": "pays"})).text
    assert (await seller.get(f"/subscriptions/{subscription['id']}"))["status"] == "active"
    assert [each["status"] for each in await seller.transactions(subscription)] == ["completed", "completed"]


async def test_the_portal_ends_a_subscription_with_its_period(seller):
    subscription = await seller.bought()
    for url in (await portal(seller, subscription, "cancel_subscription"), subscription["management_urls"]["cancel"]):
        assert "End it" in (await seller.http.get(url)).text
    await seller.http.post(url)
    assert (await seller.get(f"/subscriptions/{subscription['id']}"))["scheduled_change"]["action"] == "cancel"


async def test_the_portal_opens_for_its_session_only(seller):
    url = await portal(seller, await seller.bought(), "")
    assert (await seller.http.get(f"{url}x")).status_code == 404
