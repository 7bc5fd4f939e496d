"""Forms, addresses and bodies that mean no good; and providers that break in the middle of a page."""

import json
import re
from html import unescape

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lives import charged, paid_subscription, rows
from sqlalchemy import update

from verf.billing.models import CheckoutIntent, Payment
from verf.database import transaction
from verf.kit import new_id
from verf.organisations.models import MemberRow

API = "/api/v1/billing"
HTML = {"Accept": "text/html"}
FORMS = (
    "/billing/checkout",
    *(f"/billing/{name}" for name in ("change", "cancel", "resume", "pause", "keep", "portal")),
)


def form(**said):
    return {"_key": str(new_id()), "idempotency_key": str(new_id()), "product": "stock", **said}


def key():
    return {"Idempotency-Key": f'"{new_id()}"'}


async def become(member, role):
    async with transaction(system="test changes a role") as session:
        await session.execute(update(MemberRow).where(MemberRow.person_id == member.person).values(role=role))


def hidden(html, action):
    [found] = [each for each in re.findall(r"<form.*?</form>", html, re.DOTALL) if f'action="{action}"' in each]
    fields = [re.findall(r'(name|value)="([^"]*)"', tag) for tag in re.findall(r"<input[^>]*hidden[^>]*>", found)]
    return {dict(each)["name"]: unescape(dict(each).get("value", "")) for each in fields}


async def test_codes_cannot_be_guessed_one_after_another(harbour):
    anna = await harbour.member()
    price = await harbour.price("pro", currency="RUB")
    body = {"price_id": str(price), "provider": "yookassa"}
    answers = []
    for number in range(23):
        body["promo"] = f"GUESS{number}"
        answers.append(await anna.http.post(f"{API}/checkout-session", json=body, headers=key()))
    codes = [answer.status_code for answer in answers]
    assert codes == [422] * 20 + [429] * 3
    assert answers[-1].headers["retry-after"]
    fields = hidden((await anna.http.get(f"/billing/checkout?price={price}", headers=HTML)).text, "/billing/checkout")
    page = await anna.http.post("/billing/checkout", data={**fields, "code": "ANOTHER"}, headers=HTML)
    assert page.status_code == 429
    del body["promo"]
    assert (await anna.http.post(f"{API}/checkout-session", json=body, headers=key())).status_code == 201


@pytest.mark.parametrize("where", [{"Sec-Fetch-Site": "cross-site"}, {"Origin": "https://evil.example"}])
async def test_forms_of_other_sites_move_nothing(harbour, where):
    anna = await harbour.member()
    await harbour.buy(anna, provider="yookassa")
    # A browser sends cookies by itself, and never a token.
    del anna.http.headers["Authorization"]
    for path in FORMS:
        answer = await anna.http.post(path, data=form(when="now"), headers={**HTML, **where})
        assert answer.status_code == 403, path
    assert (await paid_subscription()).cancel_at is None


@pytest.mark.parametrize("product", ["//evil.example", "https://evil.example", "stock\r\nX: y", "stock&x=1", "🦊"])
async def test_no_form_leads_away(harbour, product):
    anna = await harbour.member()
    for path in FORMS[2:]:
        answer = await anna.http.post(path, data=form(product=product), headers=HTML)
        assert answer.status_code < 500, path
        assert answer.headers.get("location", "/billing").startswith("/billing"), path
        assert "x" not in answer.headers, path


async def test_return_addresses_of_the_customer_count_for_nothing(harbour):
    anna = await harbour.member()
    price = str(await harbour.price("pro", currency="RUB"))
    body = {"price_id": price, "provider": "yookassa", "return_url": "https://evil.example", "amount": 1, "quantity": 0}
    answer = await anna.http.post(f"{API}/checkout-session", json=body, headers=key())
    assert answer.status_code in (201, 422)
    assert "evil.example" not in answer.text
    for row in await rows(CheckoutIntent):
        assert (row.amount, row.quantity) == (269000, 1)


@pytest.mark.parametrize("role", ["viewer", "member"])
async def test_who_may_only_look_moves_no_form(harbour, role):
    anna = await harbour.member()
    await become(anna, role)
    price = str(await harbour.price("pro"))
    for path in FORMS:
        assert (await anna.http.post(path, data=form(price=price), headers=HTML)).status_code == 403, path


async def test_a_stranger_moves_no_form(harbour):
    for path in FORMS:
        answer = await harbour.site.http.post(path, data=form(), headers=HTML)
        assert answer.status_code in (303, 401, 403), path
        assert answer.headers.get("location", "/sign-in").startswith("/sign-in"), path


ODD_KEYS = ["", '""', "x" * 5000, '"' + "x" * 300 + '"', '"\\x00"', "'a'", '"é"', '"a", "b"', "1", "?1"]


@pytest.mark.parametrize("odd", ODD_KEYS, ids=range(len(ODD_KEYS)))
async def test_odd_keys_are_explained(harbour, odd):
    anna = await harbour.member()
    for move in ("checkout-session", "cancel", "resume", "change", "portal-session"):
        answer = await anna.http.post(f"{API}/{move}", json={}, headers={b"Idempotency-Key": odd.encode()})
        assert answer.status_code in (400, 404, 422), (move, answer.text)


JUNK = ["", "\x00", "\ud800", "-1", "9" * 400, "NaN", "🦊", "' OR 1=1 --", "{{7*7}}", "../..", "x" * 5000]
SCALARS = st.one_of(st.none(), st.booleans(), st.integers(), st.floats(), st.sampled_from(JUNK), st.uuids().map(str))
VALUES = st.recursive(
    SCALARS, lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(), inner, max_size=2)
)
NAMES = ("price_id", "provider", "promo", "product", "when", "reason", "token", "unknown")


async def test_no_body_makes_an_error_of_ours(harbour):
    anna = await harbour.member()
    await harbour.buy(anna, provider="yookassa")
    drawn = []

    @settings(max_examples=60, derandomize=True, database=None, deadline=None, suppress_health_check=list(HealthCheck))
    @given(st.fixed_dictionaries({}, optional=dict.fromkeys(NAMES, VALUES)))
    def draw(body):
        drawn.append(body)

    draw()
    for body in drawn:
        for move in ("checkout-session", "resume", "change", "change/preview", "portal-session"):
            answer = await anna.http.post(f"{API}/{move}", content=encoded(body), headers={**key(), **JSON})
            assert answer.status_code < 500, (move, body, answer.text[:500])
    for junk in JUNK[3:]:
        for path in ("/pricing", "/billing", "/billing/change", "/billing/checkout", "/billing/go", "/billing/return"):
            query = dict.fromkeys(("product", "currency", "interval", "cursor", "price", "provider", "checkout"), junk)
            answer = await anna.http.get(path, params=query, headers=HTML)
            assert answer.status_code < 500, (path, junk, answer.text[:500])
    assert (await paid_subscription()).state == "active"
    assert [row.state for row in await rows(Payment)] == ["paid"]


JSON = {"Content-Type": "application/json"}


def encoded(body):
    return json.dumps(body).encode()


@pytest.mark.parametrize("knob", ["fail", "timeout", "fail_after", "timeout_after", "too_many"])
@pytest.mark.parametrize("provider", ["stripe", "yookassa"])
async def test_a_provider_that_breaks_in_the_middle_of_a_page_is_told_plainly(harbour, provider, knob):
    anna = await harbour.member()
    currency = "RUB" if provider == "yookassa" else "USD"
    starter, pro = [await harbour.price(plan, currency=currency) for plan in ("starter", "pro")]
    shown = await anna.http.get(f"/billing/checkout?price={starter}&provider={provider}", headers=HTML)
    buying = {**hidden(shown.text, "/billing/checkout"), "provider": provider, "accept_terms": "on"}
    await harbour.control(provider, "knobs", **{knob: {"rate": 1}})
    await is_plain(await anna.http.post("/billing/checkout", data=buying, headers=HTML))
    await harbour.control(provider, "knobs", "DELETE")
    # The very same form again, as after pressing "reload".
    again = await anna.http.post("/billing/checkout", data=buying, headers=HTML)
    assert again.headers["location"].startswith("/billing/go?checkout=")
    [intent] = await rows(CheckoutIntent)
    await harbour.control(provider, f"checkouts/{intent.ref}/pay")
    await harbour.control(provider, "knobs", **{knob: {"rate": 1}})
    await is_plain(await anna.http.get(f"/billing/return?checkout={intent.id}", headers=HTML))
    await harbour.control(provider, "knobs", "DELETE")
    await harbour.settle()
    before = await charged_by(harbour, provider)
    fields = hidden((await anna.http.get(f"/billing/change?price={pro}", headers=HTML)).text, "/billing/change")
    await harbour.control(provider, "knobs", **{knob: {"rate": 1}})
    await is_plain(await anna.http.get(f"/billing/change?price={pro}", headers=HTML))
    for path, sent in (("change", fields), ("cancel", form()), ("resume", form()), ("portal", form())):
        await is_plain(await anna.http.post(f"/billing/{path}", data=sent, headers=HTML))
    await is_plain(await anna.http.get("/billing", headers=HTML))
    await harbour.control(provider, "knobs", "DELETE")
    await harbour.settle()
    assert await charged_by(harbour, provider) - before <= 1


async def charged_by(harbour, provider):
    return len(await charged(harbour)) if provider == "yookassa" else len((await harbour.truth(provider))["payments"])


async def is_plain(answer):
    """A page for people, with a status that says so, and nothing of our insides."""
    assert answer.status_code in (200, 303, 404, 409, 422, 503), answer.text[:1500]
    for word in ("Traceback", "httpx", "ReadTimeout", "InternalError", "sk_test"):
        assert word not in answer.text
    if answer.status_code == 503:
        assert "Try again in a moment" in unescape(answer.text) or "cannot be reached" in unescape(answer.text)
