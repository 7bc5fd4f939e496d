"""Stripe's own pages: what a person sees there, and what comes of it."""

import pytest

from verf.sandbox.payments.cards import Outcome


async def page(api, url):
    return await api.http.get(url.removeprefix(api.simulator.address))


async def send(api, url, **form):
    return await api.http.post(url.removeprefix(api.simulator.address), data=form)


async def test_who_pays_comes_back_to_the_shop(api):
    session = await api.session()
    shown = await page(api, session["url"])
    assert "9.00 USD" in shown.text
    assert "Thesis Basic" in shown.text
    answer = await send(api, session["url"], card="pays")
    assert answer.status_code == 303
    assert answer.headers["location"] == f"http://shop.example/back?s={session['id']}"
    assert (await api.get(f"checkout/sessions/{session['id']}"))["payment_status"] == "paid"
    await send(api, session["url"], card="pays")
    assert len((await api.get("subscriptions"))["data"]) == 1
    assert "done its work" in (await page(api, session["url"])).text


@pytest.mark.parametrize("card", ["insufficient-funds", "stolen", "expired", "3ds-fails"])
async def test_who_is_declined_may_try_another_card(api, card):
    session = await api.session()
    answer = await send(api, session["url"], card=card)
    assert answer.status_code == 200
    assert 'role="alert"' in answer.text
    assert (await api.get("subscriptions"))["data"] == []
    assert (await send(api, session["url"], card="pays")).status_code == 303


async def test_a_page_that_ran_out_takes_nothing(api):
    session = await api.session()
    await api.post(f"checkout/sessions/{session['id']}/expire")
    assert "run out" in (await page(api, session["url"])).text
    await send(api, session["url"], card="pays")
    assert (await api.get("subscriptions"))["data"] == []


async def test_a_page_that_never_was_is_not_found(api):
    for path in ("/c/pay/cs_1", "/p/session/bps_1", "/i/in_1"):
        assert (await api.http.get(path)).status_code == 404
        assert (await api.http.post(path, data={"card": "pays"})).status_code == 404


async def portal_of(api, subscription):
    words = {"customer": subscription["customer"], "return_url": "http://shop.example/billing"}
    return (await api.post("billing_portal/sessions", **words))["url"]


async def test_at_the_portal_a_subscription_is_ended_and_kept(api):
    subscription = await api.buy()
    url = await portal_of(api, subscription)
    await send(api, url, action="cancel", subscription=subscription["id"])
    seen = await api.get(f"subscriptions/{subscription['id']}")
    assert seen["cancel_at_period_end"]
    await send(api, url, action="keep", subscription=subscription["id"])
    seen = await api.get(f"subscriptions/{subscription['id']}")
    assert (seen["cancel_at_period_end"], seen["cancel_at"]) == (False, None)


async def test_another_card_at_the_portal_pays_what_is_owed(api, later):
    subscription = await api.buy(later=Outcome.STOLEN)
    later(days=31, hours=2)
    await api.tick()
    url = await portal_of(api, subscription)
    assert "declined" in (await send(api, url, action="card", card="stolen")).text
    await send(api, url, action="card", card="pays")
    seen = await api.get(f"subscriptions/{subscription['id']}")
    assert seen["status"] == "active"
    assert seen["default_payment_method"] != subscription["default_payment_method"]
    assert (await api.invoices(subscription))[-1]["status"] == "paid"


async def test_the_portal_shows_and_changes_only_its_customers_own(api):
    mine, other = await api.buy(), await api.buy()
    url = await portal_of(api, mine)
    assert other["id"] not in (await page(api, url)).text
    await send(api, url, action="cancel", subscription=other["id"])
    assert not (await api.get(f"subscriptions/{other['id']}"))["cancel_at_period_end"]


async def test_the_portal_closes_after_an_hour(api, later):
    url = await portal_of(api, await api.buy())
    later(hours=2)
    assert (await page(api, url)).status_code == 404


async def test_an_open_invoice_can_be_paid_at_its_page(api, later):
    subscription = await api.buy(later=Outcome.INSUFFICIENT_FUNDS)
    later(days=31, hours=2)
    await api.tick()
    invoice = (await api.invoices(subscription))[-1]
    assert 'role="alert"' in (await send(api, invoice["hosted_invoice_url"], card="stolen")).text
    await send(api, invoice["hosted_invoice_url"], card="pays")
    assert (await api.get(f"subscriptions/{subscription['id']}"))["status"] == "active"
    assert "This invoice is paid." in (await page(api, invoice["hosted_invoice_url"])).text


async def test_no_page_carries_scripts_or_styles_of_its_own(api):
    subscription, session = await api.buy(), await api.session()
    for url in (session["url"], await portal_of(api, subscription)):
        shown = await page(api, url)
        assert "default-src 'self'" in shown.headers["content-security-policy"]
        assert "<script" not in shown.text
        assert " style=" not in shown.text
