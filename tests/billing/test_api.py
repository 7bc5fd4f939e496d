"""The API of billing, asked as a program would, with the simulated providers behind it."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import select, update

from verf.billing.models import CheckoutIntent, Subscription
from verf.database import transaction
from verf.kit import new_id
from verf.organisations.models import MemberRow

API = "/api/v1/billing"
MOVES = {
    "checkout-session": {"price_id": str(new_id())},
    "portal-session": {},
    "cancel": {"when": "period_end"},
    "pause": {},
    "resume": {},
    "change": {"price_id": str(new_id())},
}


def key(name="a"):
    return {"Idempotency-Key": f'"{name}"'}


async def become(member, role):
    async with transaction(system="test changes a role") as session:
        await session.execute(update(MemberRow).where(MemberRow.person_id == member.person).values(role=role))


async def rows(record):
    async with transaction(system="test looks") as session:
        return list(await session.scalars(select(record).order_by(record.id)))


async def test_everybody_may_read_the_price_list(harbour):
    answer = await harbour.site.http.get(f"{API}/plans")
    assert answer.status_code == 200
    plans = answer.json()
    assert (plans["product"], plans["currencies"]) == ("stock", ["USD", "EUR", "RUB"])
    assert [plan["plan"] for plan in plans["items"]] == ["starter", "pro", "enterprise"]
    pro = plans["items"][1]
    assert {"minor_units": 2990, "currency": "USD", "amount": "29.90"} in [price["money"] for price in pro["prices"]]
    assert {given["feature"]: given["amount"] for given in pro["gives"]}["products"] == 1000


async def test_the_price_list_is_narrowed_by_currency_and_interval(harbour):
    answer = await harbour.site.http.get(f"{API}/plans", params={"currency": "rub", "interval": "year"})
    prices = [price for plan in answer.json()["items"] for price in plan["prices"]]
    assert {(price["money"]["currency"], price["interval"]) for price in prices} == {("RUB", "year")}
    assert (await harbour.site.http.get(f"{API}/plans", params={"currency": "XTS"})).json()["items"] == []


@pytest.mark.parametrize(
    "query, status", [({"product": "nothing"}, 404), ({"interval": "moon"}, 422), ({"currency": "DOLLARS"}, 422)]
)
async def test_a_list_that_is_not_there_is_told_so(harbour, query, status):
    answer = await harbour.site.http.get(f"{API}/plans", params=query)
    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"


async def test_a_plan_is_bought_looked_at_and_listed(harbour):
    anna = await harbour.member()
    price = await harbour.price("pro", currency="RUB")
    body = {"price_id": str(price), "provider": "yookassa"}
    opened = await anna.http.post(f"{API}/checkout-session", json=body, headers=key())
    assert opened.status_code == 201, opened.text
    assert opened.json()["url"].startswith("http")
    [intent] = await rows(CheckoutIntent)
    await harbour.control("yookassa", f"checkouts/{intent.ref}/pay")
    await harbour.settle()
    seen = (await anna.http.get(f"{API}/checkout-session/{opened.json()['id']}")).json()
    assert (seen["state"], seen["url"]) == ("completed", "")
    mine = (await anna.http.get(f"{API}/subscription")).json()
    assert (mine["state"], mine["plan"], mine["next_charge"]["amount"]) == ("active", "pro", "2690.00")
    [invoice] = (await anna.http.get(f"{API}/invoices")).json()["items"]
    assert (invoice["state"], invoice["plan"], invoice["money"]["minor_units"]) == ("paid", "Pro", 269000)


async def test_a_consent_is_kept_with_the_checkout(harbour):
    anna = await harbour.member()
    wanted = {"price_id": str(await harbour.price("pro", currency="RUB")), "provider": "yookassa"}
    unsaid = (await anna.http.post(f"{API}/checkout-session", json=wanted, headers=key())).json()
    assert unsaid["terms_accepted_at"] is None
    said = {**wanted, "accept_terms": True}
    first, again = [
        (await anna.http.post(f"{API}/checkout-session", json=said, headers=key(name))).json() for name in ("b", "c")
    ]
    assert first["id"] == unsaid["id"]
    assert first["terms_accepted_at"] == again["terms_accepted_at"] is not None


async def test_the_same_key_opens_one_page_however_often_it_is_sent(harbour):
    anna = await harbour.member()
    body = {"price_id": str(await harbour.price("pro", currency="RUB")), "provider": "yookassa"}
    answers = await asyncio.gather(
        *(anna.http.post(f"{API}/checkout-session", json=body, headers=key()) for _ in range(50))
    )
    assert {answer.status_code for answer in answers} <= {201, 409}
    assert len(await rows(CheckoutIntent)) == 1
    later = await anna.http.post(f"{API}/checkout-session", json=body, headers=key())
    assert later.status_code == 201
    assert later.headers["idempotency-replayed"] == "true"
    other = await anna.http.post(f"{API}/checkout-session", json={**body, "provider": "wata"}, headers=key())
    assert (other.status_code, other.json()["code"]) == (422, "idempotency-key-reused")


async def test_a_subscription_is_cancelled_and_taken_back(harbour):
    anna = await harbour.member()
    await harbour.buy(anna, provider="yookassa")
    left = await anna.http.post(f"{API}/cancel", json={"reason": "expensive"}, headers=key("leave"))
    assert left.status_code == 200, left.text
    assert left.json()["cancel_at"] == left.json()["period_end"]
    assert left.json()["next_charge"] is None
    back = await anna.http.post(f"{API}/resume", json={}, headers=key("back"))
    assert back.json()["cancel_at"] is None
    again = await anna.http.post(f"{API}/resume", json={}, headers=key("again"))
    assert (again.status_code, again.json()["code"]) == (409, "nothing-to-resume")


@pytest.mark.parametrize("provider", ["stripe", "paddle"])
async def test_a_cancellation_is_taken_though_its_provider_is_silent(harbour, provider):
    anna = await harbour.member()
    await harbour.buy(anna, provider=provider)
    await harbour.control(provider, "knobs", fail={"rate": 1})
    left = await anna.http.post(f"{API}/cancel", json={"reason": "expensive"}, headers=key("leave"))
    assert left.status_code == 202, left.text
    assert (left.json()["leaving"], left.json()["cancel_at"]) == ("period_end", None)
    assert left.json()["next_charge"] is None
    again = await anna.http.post(f"{API}/cancel", json={"reason": "expensive"}, headers=key("leave"))
    assert again.status_code == 202
    page = await anna.http.get("/billing", headers={"Accept": "text/html"})
    assert "Your cancellation is noted." in page.text
    assert 'id="resume"' in page.text
    await harbour.control(provider, "knobs", "DELETE")
    await harbour.live(timedelta(hours=1), step=timedelta(minutes=30))
    [row] = [each for each in await rows(Subscription) if each.provider == provider]
    assert (row.leaving, row.cancel_at) == ("", row.period_end)


async def test_a_subscription_is_paused_and_resumed(harbour):
    anna = await harbour.member()
    await harbour.buy(anna, provider="yookassa")
    answers = [await anna.http.post(f"{API}/pause", json={}, headers=key("rest")) for _time in range(2)]
    assert [answer.status_code for answer in answers] == [200, 200]
    paused = answers[0].json()
    assert paused["paused_at"]
    assert (paused["state"], paused["next_charge"]) == ("active", None)
    back = await anna.http.post(f"{API}/resume", json={}, headers=key("back"))
    assert (back.json()["paused_at"], back.json()["next_charge"]["currency"]) == (None, "RUB")


async def test_what_is_not_renewed_by_itself_is_not_paused(harbour):
    anna = await harbour.member()
    await harbour.buy(anna, provider="wata")
    answer = await anna.http.post(f"{API}/pause", json={}, headers=key())
    assert (answer.status_code, answer.json()["code"]) == (409, "cannot-pause")


async def test_a_change_costs_what_the_preview_said(harbour):
    anna = await harbour.member()
    await harbour.buy(anna, "starter", provider="yookassa")
    price = str(await harbour.price("pro", currency="RUB"))
    preview = await anna.http.post(f"{API}/change/preview", json={"price_id": price})
    assert preview.status_code == 200, preview.text
    assert (preview.json()["when"], preview.json()["due_now"]["amount"]) == ("now", "1800.00")
    changed = await anna.http.post(f"{API}/change", json={"price_id": price}, headers=key())
    assert changed.json()["outcome"] == "done", changed.text
    await harbour.settle()
    assert (await anna.http.get(f"{API}/subscription")).json()["plan"] == "pro"
    down = {"price_id": str(await harbour.price("starter", currency="RUB"))}
    assert (await anna.http.post(f"{API}/change", json=down, headers=key("down"))).json()["outcome"] == "scheduled"
    assert (await anna.http.get(f"{API}/subscription")).json()["pending_plan"] == "Starter"


async def test_invoices_come_in_pages(harbour):
    anna = await harbour.member()
    await harbour.buy(anna, "starter", provider="yookassa")
    price = str(await harbour.price("pro", currency="RUB"))
    await anna.http.post(f"{API}/change", json={"price_id": price}, headers=key())
    await harbour.settle()
    first = (await anna.http.get(f"{API}/invoices", params={"limit": 1})).json()
    second = (await anna.http.get(f"{API}/invoices", params={"limit": 1, "cursor": first["next_cursor"]})).json()
    assert [each["kind"] for each in (*first["items"], *second["items"])] == ["proration", "initial"]
    assert second["next_cursor"] is None


async def test_what_moves_money_wants_a_key(harbour):
    anna = await harbour.member()
    for move, body in MOVES.items():
        answer = await anna.http.post(f"{API}/{move}", json=body)
        assert (answer.status_code, answer.json()["code"]) == (400, "idempotency-key-missing")


async def test_members_do_not_move_money(harbour):
    anna = await harbour.member()
    await become(anna, "member")
    for move, body in MOVES.items():
        answer = await anna.http.post(f"{API}/{move}", json=body, headers=key())
        assert (answer.status_code, answer.json()["permission"]) == (403, "organisation:admin")


async def test_strangers_sign_in_first(harbour):
    for move, body in MOVES.items():
        assert (await harbour.site.http.post(f"{API}/{move}", json=body, headers=key())).status_code == 401


async def test_without_a_subscription_there_is_nothing_to_move(harbour):
    anna = await harbour.member()
    for move, body in MOVES.items():
        answer = await anna.http.post(f"{API}/{move}", json=body, headers=key())
        assert answer.status_code in (404, 422), answer.text
        assert answer.json()["code"] in ("not-subscribed", "price-not-offered", "not-for-sale")


BAD_BODIES = [
    b"",
    b"{",
    b"[]",
    b"null",
    b'{"price_id": 1, "product": 2, "when": 3}',
    b'{"product": "' + b"x" * 99 + b'"}',
]


async def test_bad_bodies_are_explained(harbour):
    anna = await harbour.member()
    for move in (*MOVES, "change/preview"):
        for number, body in enumerate(BAD_BODIES):
            headers = {**key(str(number)), "Content-Type": "application/json"}
            answer = await anna.http.post(f"{API}/{move}", content=body, headers=headers)
            assert answer.status_code in (400, 422), answer.text
            assert answer.headers["content-type"] == "application/problem+json"


async def test_bad_questions_are_explained(harbour):
    anna = await harbour.member()
    for query in ({"cursor": "x"}, {"limit": 0}, {"limit": "many"}, {"product": "nothing"}, {"cursor": "A" * 600}):
        answer = await anna.http.get(f"{API}/invoices", params=query)
        assert answer.status_code in (404, 422), answer.text


async def test_nobody_sees_or_moves_what_belongs_to_others(harbour):
    anna, boris = await harbour.member(), await harbour.member("Boris")
    bought = await harbour.buy(anna, provider="yookassa")
    assert (await boris.http.get(f"{API}/checkout-session/{bought.id}")).status_code == 404
    assert (await boris.http.get(f"{API}/invoices")).json()["items"] == []
    assert (await boris.http.get(f"{API}/subscription")).json()["state"] != "active"
    [payment] = (await anna.http.get(f"{API}/invoices")).json()["items"]
    assert (await boris.http.get(f"/billing/receipts/{payment['id']}")).status_code == 404
    assert (await boris.http.post(f"{API}/cancel", json={"when": "now"}, headers=key())).status_code in (200, 404)
    assert [row.state for row in await rows(Subscription) if row.organisation_id == anna.organisation][-1] == "active"


async def test_a_viewer_may_look(harbour):
    anna = await harbour.member()
    await become(anna, "viewer")
    for path in ("subscription", "invoices"):
        assert (await anna.http.get(f"{API}/{path}")).status_code == 200
    assert (await anna.http.get("/billing")).status_code == 200


async def test_the_api_is_described(harbour):
    paths = (await harbour.site.http.get("/openapi.json")).json()["paths"]
    for path in ("plans", "subscription", "invoices", *MOVES, "change/preview"):
        [operation] = paths[f"{API}/{path}"].values()
        assert operation["summary"]
    [header] = [each for each in paths[f"{API}/cancel"]["post"]["parameters"] if each["in"] == "header"]
    assert header["required"]
