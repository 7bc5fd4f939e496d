"""The pages of billing, fetched as a browser without scripts would."""

import asyncio
import re
from datetime import timedelta
from html import unescape

import pytest
from lives import methods_come_to, somebody
from sqlalchemy import select, update

from verf.billing.models import CheckoutIntent, Grant, Payment, PromoCode, PromoRedemption, Referral, Subscription
from verf.billing.promo_codes import NewPromo, create_promo
from verf.database import transaction
from verf.kit import new_id, now
from verf.organisations.models import MemberRow
from verf.testing.site import PASSWORD

HTML = {"Accept": "text/html"}


async def rows(record):
    async with transaction(system="test looks") as session:
        return list(await session.scalars(select(record).order_by(record.id)))


async def become(member, role):
    async with transaction(system="test changes a role") as session:
        await session.execute(update(MemberRow).where(MemberRow.person_id == member.person).values(role=role))


async def seen(http, path, *, status=200):
    answer = await http.get(path, headers=HTML)
    assert answer.status_code == status, answer.text[-3000:]
    return unescape(re.sub(r"\s+", " ", answer.text))


def form_of(html, action):
    """The hidden fields of the form that posts there."""
    [form] = [each for each in re.findall(r"<form.*?</form>", html) if f'action="{action}"' in each]
    hidden = [tag for tag in re.findall(r"<input[^>]*>", form) if 'type="hidden"' in tag]
    fields = [(re.search(r'name="([^"]*)"', tag), re.search(r'value="([^"]*)"', tag)) for tag in hidden]
    return {name[1]: value[1] for name, value in fields if name and value}


def checkout_form(html):
    """As somebody fills it in who agrees."""
    return {**form_of(html, "/billing/checkout"), "accept_terms": "on"}


async def pay(harbour, provider="yookassa"):
    [*_others, intent] = await rows(CheckoutIntent)
    await harbour.control(provider, f"checkouts/{intent.ref}/pay")
    await harbour.settle()
    return intent


async def signed_in_again(harbour, member):
    """A month is longer than a session."""
    sent = {"email": member.email, "password": PASSWORD}
    answer = await harbour.site.http.post("/api/v1/auth/login", json=sent)
    member.http.headers["Authorization"] = f"Bearer {answer.raise_for_status().json()['access_token']}"
    return member.http


async def test_the_price_page_is_for_everybody(harbour):
    html = await seen(harbour.site.http, "/pricing")
    for word in ("Starter", "Pro", "Enterprise", "$29.90", "10,000", "Start for free"):
        assert word in html
    yearly = await seen(harbour.site.http, "/pricing?currency=RUB&interval=year")
    assert "₽26,900.00" in yearly
    assert "$29.90" not in yearly


@pytest.mark.parametrize("query", ["currency=XXX", "interval=moon", "currency=%00&interval=%27"])
async def test_a_switch_that_is_not_there_shows_the_usual(harbour, query):
    assert "$29.90" in await seen(harbour.site.http, f"/pricing?{query}")


async def test_a_product_that_is_not_there_has_no_prices(harbour):
    await seen(harbour.site.http, "/pricing?product=nothing", status=404)


async def test_a_stranger_who_chooses_signs_in_and_comes_back(harbour):
    price = await harbour.price("pro")
    answer = await harbour.site.http.get(f"/billing/checkout?price={price}", headers=HTML)
    assert answer.status_code == 303
    assert answer.headers["location"].startswith("/sign-in?next=%2Fbilling%2Fcheckout%3Fprice%3D")


async def test_a_plan_is_bought_and_then_it_is_there(harbour):
    anna = await harbour.member()
    price = await harbour.price("pro", currency="RUB")
    html = await seen(anna.http, f"/billing/checkout?price={price}&provider=yookassa")
    assert "recurring charges of ₽2,690.00 a month until I cancel" in html
    sent = {**checkout_form(html), "provider": "yookassa"}
    answers = await asyncio.gather(*(anna.http.post("/billing/checkout", data=sent, headers=HTML) for _ in range(3)))
    assert len({answer.headers["location"] for answer in answers}) == 1
    assert len(await rows(CheckoutIntent)) == 1
    leaving = await seen(anna.http, answers[0].headers["location"])
    assert 'http-equiv="refresh"' in leaving
    [intent] = await rows(CheckoutIntent)
    waiting = await seen(anna.http, f"/billing/return?checkout={intent.id}")
    assert "your payment is on its way" in waiting
    assert "Back to the payment page" in waiting
    await pay(harbour)
    assert "Paid. Thank you!" in await seen(anna.http, f"/billing/return?checkout={intent.id}")
    home = await seen(anna.http, "/billing")
    for word in ("It renews by itself on", "Visa ···· 4242", "₽2,690.00 a month", "Change plan", "Products followed"):
        assert word in home
    assert "Your plan" in await seen(anna.http, "/pricing?currency=RUB")


async def test_the_return_page_finds_out_by_itself(harbour):
    anna = await harbour.member()
    await harbour.control("yookassa", "knobs", drop={"rate": 1})
    opened = await harbour.checkout(anna, provider="yookassa")
    [ref] = await harbour.refs(opened)
    await harbour.control("yookassa", f"checkouts/{ref}/pay")
    assert "Paid. Thank you!" in await seen(anna.http, f"/billing/return?checkout={opened.id}")


async def test_a_page_that_was_declined_says_so_and_offers_another_try(harbour):
    anna = await harbour.member()
    opened = await harbour.checkout(anna, provider="yookassa")
    [ref] = await harbour.refs(opened)
    await harbour.control("yookassa", f"checkouts/{ref}/expire")
    await harbour.settle()
    html = await seen(anna.http, f"/billing/return?checkout={opened.id}")
    assert "Nothing was charged." in html
    assert "Try again" in html


async def test_a_promo_code_that_does_not_hold_is_told_beside_its_field(harbour):
    anna = await harbour.member()
    price = await harbour.price("pro", currency="RUB")
    sent = checkout_form(await seen(anna.http, f"/billing/checkout?price={price}"))
    answer = await anna.http.post("/billing/checkout", data={**sent, "code": "NOTHING"}, headers=HTML)
    assert answer.status_code == 422
    assert "There is no such code." in answer.text
    assert 'id="error-code"' in answer.text


async def test_a_plan_is_changed_after_a_look_at_what_it_costs(harbour):
    anna = await harbour.member()
    await harbour.buy(anna, "starter", provider="yookassa")
    price = await harbour.price("pro", currency="RUB")
    html = await seen(anna.http, f"/billing/change?price={price}")
    assert "Change and pay ₽1,800.00" in html
    sent = form_of(html, "/billing/change")
    for _again in range(2):
        answer = await anna.http.post("/billing/change", data=sent, headers=HTML)
        assert answer.headers["location"] == "/billing?product=stock"
    await harbour.settle()
    assert sorted(row.kind for row in await rows(Payment) if row.state == "paid") == ["initial", "proration"]
    down = await seen(anna.http, f"/billing/change?price={await harbour.price('starter', currency='RUB')}")
    await anna.http.post("/billing/change", data=form_of(down, "/billing/change"), headers=HTML)
    home = await seen(anna.http, "/billing")
    assert "Then it changes to Starter" in home
    await anna.http.post("/billing/keep", data=form_of(home, "/billing/keep"), headers=HTML)
    assert "Then it changes to" not in await seen(anna.http, "/billing")


async def test_a_live_page_says_since_when_it_wants_to_hear(harbour):
    anna = await harbour.member()
    before = now().timestamp()
    shown = (await anna.http.get("/billing")).text
    [since] = re.findall(r"/billing/live\?since=([\d.]+)", shown)
    assert before <= float(since) <= now().timestamp()


async def test_leaving_and_coming_back(harbour):
    anna = await harbour.member()
    await harbour.buy(anna, provider="yookassa")
    sent = form_of(await seen(anna.http, "/billing"), "/billing/cancel")
    await anna.http.post(
        "/billing/cancel", data={**sent, "when": "period_end", "reason": "unused", "comment": "Bye"}, headers=HTML
    )
    home = await seen(anna.http, "/billing")
    assert "It is cancelled and stays yours until" in home
    [row] = [row for row in await rows(Subscription) if row.provider == "yookassa"]
    assert row.cancel_reason == "unused: Bye"
    await anna.http.post("/billing/resume", data=form_of(home, "/billing/resume"), headers=HTML)
    assert "It renews by itself on" in await seen(anna.http, "/billing")


@pytest.mark.parametrize("provider", ["stripe", "yookassa"])
async def test_resting_for_a_while(harbour, provider):
    anna = await harbour.member()
    await harbour.buy(anna, provider=provider)
    sent = form_of(await seen(anna.http, "/billing"), "/billing/pause")
    await anna.http.post("/billing/pause", data=sent, headers=HTML)
    home = await seen(anna.http, "/billing")
    assert "what you have paid for stays open until" in home
    assert ">Paused<" in home
    assert "Next charge" not in home
    assert 'action="/billing/pause"' not in home
    await anna.http.post("/billing/resume", data=form_of(home, "/billing/resume"), headers=HTML)
    assert "It renews by itself on" in await seen(anna.http, "/billing")


async def test_what_nobody_charges_has_no_pause(harbour):
    anna = await harbour.member()
    await harbour.buy(anna, provider="wata")
    assert 'action="/billing/pause"' not in await seen(anna.http, "/billing")


async def test_a_payment_has_a_receipt_to_print(harbour):
    anna = await harbour.member()
    await harbour.buy(anna, provider="yookassa")
    [payment] = [row for row in await rows(Payment) if row.state == "paid"]
    html = await seen(anna.http, f"/billing/receipts/{payment.id}")
    for word in ("Receipt", "Anna & Co", "₽2,690.00", "Stock tracker"):
        assert word in html


async def test_a_failed_renewal_is_told_on_every_page_until_it_is_paid(harbour):
    anna = await somebody(harbour)
    await harbour.buy(anna, provider="yookassa")
    await methods_come_to(harbour, "insufficient_funds")
    assert "The last payment did not go through" not in await seen(anna.http, "/organisation")
    await harbour.live(timedelta(days=32), step=timedelta(days=4))
    told = await seen(await signed_in_again(harbour, anna), "/organisation")
    assert "The last payment did not go through" in told or "Access is closed until it is paid" in told
    home = await seen(anna.http, "/billing")
    [address] = re.findall(r'href="(/billing/checkout\?[^"]*)"[^>]*id="pay-now"', home)
    sent = checkout_form(await seen(anna.http, address))
    assert sent["provider"] == "yookassa"
    await anna.http.post("/billing/checkout", data=sent, headers=HTML)
    await methods_come_to(harbour, "pays")
    await pay(harbour)
    await asyncio.sleep(0.6)
    cured = await seen(anna.http, "/billing")
    assert "The last payment did not go through" not in cured
    assert "It renews by itself on" in cured


async def test_members_look_and_do_not_touch(harbour):
    anna = await harbour.member()
    await harbour.buy(anna, provider="yookassa")
    await become(anna, "member")
    html = await seen(anna.http, "/billing")
    assert "Owners and administrators can change the plan." in html
    assert "/billing/cancel" not in html
    sent = {"product": "stock", "idempotency_key": "x"}
    assert (await anna.http.post("/billing/cancel", data=sent, headers=HTML)).status_code == 403
    await seen(anna.http, f"/billing/checkout?price={new_id()}", status=403)


async def test_addresses_that_make_no_sense_are_explained(harbour):
    anna = await harbour.member()
    for path in ("checkout?price=x", "change", "return", "go?checkout=", "receipts/x"):
        assert "<h1" in await seen(anna.http, f"/billing/{path}", status=422)


async def test_what_is_not_there_or_not_yours_is_not_found(harbour):
    anna = await harbour.member()
    for path in ("checkout?price={}", "change?price={}", "return?checkout={}", "receipts/{}"):
        await seen(anna.http, f"/billing/{path.format(new_id())}", status=404)


async def test_forms_that_make_no_sense_change_nothing(harbour):
    anna = await harbour.member()
    for path in ("checkout", "change", "cancel", "resume", "pause", "keep", "portal", "trial", "redeem"):
        for sent in ({}, {"price": "x", "product": ""}, {"price": str(new_id()), "product": "nothing"}):
            keyed = {**sent, "idempotency_key": str(new_id())}
            answer = await anna.http.post(f"/billing/{path}", data=keyed, headers=HTML)
            assert answer.status_code in (303, 404, 422), answer.text[-2000:]
            assert (await anna.http.post(f"/billing/{path}", data=sent, headers=HTML)).status_code == 400
    assert await rows(CheckoutIntent) == []


async def test_a_link_carries_its_code_to_the_checkout(harbour):
    anna = await harbour.member()
    async with transaction(system="test makes a code") as session:
        await create_promo(session, NewPromo(code="SPRING", kind="percent", value=20), by=None)
    html = await seen(anna.http, "/pricing?currency=RUB&promo=spring")
    assert "20% off your first payment." in html
    [address] = re.findall(r'href="(/billing/checkout\?[^"]*)"', html)[:1]
    sent = checkout_form(await seen(anna.http, address))
    assert address.endswith("&code=SPRING")
    await anna.http.post("/billing/checkout", data={**sent, "code": "SPRING", "provider": "yookassa"}, headers=HTML)
    [intent] = await rows(CheckoutIntent)
    assert (intent.promo_code, intent.amount) == ("SPRING", 71200)
    assert "does not hold any more" in await seen(anna.http, "/pricing?promo=NOTHING")


async def test_the_price_with_a_code_is_seen_before_it_is_paid(harbour):
    anna = await harbour.member()
    async with transaction(system="test makes a code") as session:
        await create_promo(session, NewPromo(code="SPRING", kind="percent", value=20, max_redemptions=1), by=None)
        await create_promo(session, NewPromo(code="LONG", kind="percent", value=50, months=3), by=None)
    checkout = f"/billing/checkout?price={await harbour.price('pro', currency='RUB')}&provider=yookassa"
    assert 'id="due">₽2,690.00<' in await seen(anna.http, checkout)
    for link in (f"{checkout}&promo=spring", f"{checkout}&code=SPRING"):
        html = await seen(anna.http, link)
        assert "Go and pay ₽2,152.00" in html
        assert "−₽538.00" in html
        assert "Next charge: ₽2,690.00 on" in html
    html = await seen(anna.http, f"{checkout}&promo=long")
    assert "off each payment of the first 3 months" in html
    assert "Next charge: ₽1,345.00 on" in html
    assert await rows(PromoRedemption) == []
    assert [row.redeemed for row in await rows(PromoCode)] == [0, 0]


async def test_a_code_that_does_not_hold_is_told_before_it_is_paid(harbour):
    anna, boris = await harbour.member(), await harbour.member("Boris")
    yesterday = now() - timedelta(days=1)
    async with transaction(system="test makes codes") as session:
        await create_promo(session, NewPromo(code="ONE", kind="percent", value=20, max_redemptions=1), by=None)
        await create_promo(session, NewPromo(code="PAST", kind="percent", value=20, ends_at=yesterday), by=None)
    checkout = f"/billing/checkout?price={await harbour.price('pro', currency='RUB')}&provider=yookassa"
    sent = checkout_form(await seen(anna.http, checkout))
    await anna.http.post("/billing/checkout", data={**sent, "provider": "yookassa", "code": "ONE"}, headers=HTML)
    # It is held by Anna's open checkout: theirs still, and nobody else's.
    assert "Go and pay ₽2,152.00" in await seen(anna.http, f"{checkout}&code=ONE")
    for code, told in (("ONE", "used up"), ("PAST", "not valid any more"), ("NONE", "no such code")):
        html = await seen(boris.http, f"{checkout}&code={code}")
        assert told in html
        assert "Go and pay ₽2,690.00" in html
    await pay(harbour)
    assert [(row.promo_code, row.amount) for row in await rows(CheckoutIntent)] == [("ONE", 215200)]


async def test_codes_are_not_guessed_by_looking(harbour):
    anna = await harbour.member()
    checkout = f"/billing/checkout?price={await harbour.price('pro', currency='RUB')}"
    for number in range(20):
        assert "no such code" in await seen(anna.http, f"{checkout}&code=GUESS{number}")
    limited = await anna.http.get(f"{checkout}&code=GUESS", headers=HTML)
    assert (limited.status_code, int(limited.headers["retry-after"]) > 0) == (429, True)
    assert 'id="error-code"' in limited.text
    sent = {"product": "stock", "code": "week", "idempotency_key": "k"}
    assert (await anna.http.post("/billing/redeem", data=sent, headers=HTML)).status_code == 429
    assert "Go and pay" in await seen(anna.http, checkout)


async def test_nobody_pays_without_having_agreed(harbour):
    anna = await harbour.member()
    price = await harbour.price("pro", currency="RUB")
    html = await seen(anna.http, f"/billing/checkout?price={price}&provider=yookassa")
    words = "I agree to recurring charges of ₽2,690.00 a month until I cancel."
    assert words in html
    sent = {**form_of(html, "/billing/checkout"), "provider": "yookassa"}
    refused = await anna.http.post("/billing/checkout", data=sent, headers=HTML)
    assert (refused.status_code, 'id="error-accept_terms"' in refused.text) == (422, True)
    # The tick was for other words than those that hold now.
    another = {**sent, "idempotency_key": "b", "agreement": words.replace("2,690", "1,690"), "accept_terms": "on"}
    stale = await anna.http.post("/billing/checkout", data=another, headers=HTML)
    assert (stale.status_code, "has changed since" in stale.text) == (422, True)
    assert await rows(CheckoutIntent) == []
    before = now()
    agreed = {**sent, "idempotency_key": "c", "accept_terms": "on"}
    assert (await anna.http.post("/billing/checkout", data=agreed, headers=HTML)).status_code == 303
    [intent] = await rows(CheckoutIntent)
    assert (intent.terms_version, intent.terms_words) == ("1", words)
    assert before <= intent.terms_accepted_at <= now()


async def test_what_is_agreed_to_follows_the_provider_and_keeps_its_tick(harbour):
    anna = await harbour.member()
    checkout = f"/billing/checkout?price={await harbour.price('pro', currency='RUB')}"
    html = await seen(anna.http, f"{checkout}&provider=wata")
    assert "I agree to pay ₽2,690.00 once. Nothing is charged later." in html
    words = form_of(html, "/billing/checkout")["agreement"]
    for provider, is_ticked in (("wata", True), ("yookassa", False)):
        query = {"price": checkout.partition("price=")[2], "provider": provider, "accept_terms": "on"}
        again = await anna.http.get("/billing/checkout", params={**query, "agreement": words}, headers=HTML)
        [box] = re.findall(r'<input id="field-accept_terms"[^>]*>', again.text)
        assert (" checked" in box) == is_ticked


async def test_a_code_that_was_not_applied_shows_its_price_before_it_is_agreed_to(harbour):
    """Where one sum is paid once, the box names it. The code lowers it, so the tick stays; who confirms has seen it."""
    anna = await harbour.member()
    async with transaction(system="test makes a code") as session:
        await create_promo(session, NewPromo(code="SPRING", kind="percent", value=20), by=None)
    price = await harbour.price("pro", currency="RUB")
    html = await seen(anna.http, f"/billing/checkout?price={price}&provider=wata")
    sent = {**checkout_form(html), "provider": "wata"}
    told = await anna.http.post("/billing/checkout", data={**sent, "code": "spring"}, headers=HTML)
    assert told.status_code == 422
    assert "The code makes it ₽2,152.00; please confirm." in told.text
    assert "I agree to pay ₽2,152.00 once." in told.text
    assert "Go and pay ₽2,152.00" in told.text
    assert box_of(told.text)
    assert await rows(CheckoutIntent) == []
    again = {**checkout_form(" ".join(told.text.split())), "provider": "wata", "code": "spring"}
    assert (await anna.http.post("/billing/checkout", data=again, headers=HTML)).status_code == 303
    [intent] = await rows(CheckoutIntent)
    assert (intent.amount, intent.promo_code) == (215200, "SPRING")
    assert "₽2,152.00 once" in intent.terms_words


async def test_a_code_that_is_applied_leaves_the_box_as_it_was(harbour):
    anna = await harbour.member()
    async with transaction(system="test makes a code") as session:
        await create_promo(session, NewPromo(code="SPRING", kind="percent", value=20), by=None)
    price = await harbour.price("pro", currency="RUB")
    query = {"price": str(price), "provider": "wata", "code": "spring"}
    words = "I agree to pay ₽2,690.00 once. Nothing is charged later."
    for ticked in ({"accept_terms": "on"}, {}):
        applied = await anna.http.get("/billing/checkout", params={**query, "agreement": words, **ticked}, headers=HTML)
        assert "Go and pay ₽2,152.00" in applied.text
        assert box_of(applied.text) == bool(ticked)


def box_of(html):
    """Whether it is ticked."""
    [box] = re.findall(r'<input id="field-accept_terms"[^>]*>', html)
    return " checked" in box


async def test_free_days_are_redeemed_once(harbour):
    anna = await harbour.member()
    async with transaction(system="test makes a code") as session:
        await create_promo(session, NewPromo(code="WEEK", kind="days", value=7), by=None)
    for number, told in enumerate(("7 days are yours", "already")):
        sent = {"product": "stock", "code": "week", "idempotency_key": str(number)}
        answer = await anna.http.post("/billing/redeem", data=sent, headers=HTML)
        assert answer.headers["location"] == "/billing?product=stock"
        cookie = answer.headers["set-cookie"].split(";")[0].partition("=")[2]
        page = await anna.http.get("/billing", headers={**HTML, "Cookie": f"toast={cookie}"})
        assert told in page.text
    assert [row.source for row in await rows(Grant) if row.source == "promo"] == ["promo"]


async def test_a_friend_is_remembered_until_the_first_checkout(harbour):
    anna, boris = await harbour.member(), await harbour.member("Boris")
    link = re.search(r"/r/(\w+)", await seen(anna.http, "/billing"))[1]
    landed = await boris.http.get(f"/r/{link}", headers=HTML)
    assert landed.status_code == 303
    price = await harbour.price("pro", currency="RUB")
    sent = checkout_form(await seen(boris.http, f"/billing/checkout?price={price}"))
    await boris.http.post("/billing/checkout", data={**sent, "provider": "yookassa"}, headers=HTML)
    [referral] = await rows(Referral)
    assert (referral.inviter, referral.invited) == (anna.organisation, boris.organisation)


async def test_a_trial_is_begun_once_and_without_a_card(harbour):
    anna = await harbour.member()
    home = await seen(anna.http, "/billing")
    assert "Try it for 14 days" in home
    sent = form_of(home, "/billing/trial")
    for number in range(2):
        answer = await anna.http.post("/billing/trial", data={**sent, "idempotency_key": str(number)}, headers=HTML)
        assert answer.headers["location"] == "/billing?product=stock"
    told = await seen(anna.http, "/billing")
    assert "No card is needed, and nothing will be charged." in told
    assert [(row.provider, row.state) for row in await rows(Subscription)] == [("house", "trialing")]
