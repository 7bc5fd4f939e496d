"""A plan is not changed while its subscription is paused: nothing is charged then, so nothing would pay for it."""

import pytest
from lives import DAY, buyer, payments, rows

from verf.billing.changing import PlanChangeRefused, change_plan, preview_change
from verf.billing.ending import pause, resume
from verf.billing.models import Subscription
from verf.testing.site import PASSWORD

CURRENCIES = {"yookassa": "RUB", "stripe": "USD", "paddle": "USD"}


@pytest.fixture(params=CURRENCIES)
async def provider(request):
    return request.param


@pytest.fixture
async def anna(harbour, anna):
    await harbour.live(5 * DAY, step=5 * DAY)
    await pause(anna.organisation, "stock", by=anna.person, key="pause")
    await harbour.settle()
    return anna


async def looks():
    seen = [each for each in await rows(Subscription) if each.provider != "house"]
    return [(each.state, each.price_id, each.pending_price_id, each.changing_since) for each in seen]


@pytest.mark.parametrize("plan", ["enterprise", "starter"])
async def test_neither_up_nor_down_nor_looked_at(harbour, provider, anna, plan):
    price, before = await harbour.price(plan, currency=CURRENCIES[provider]), await looks()
    with pytest.raises(PlanChangeRefused, match="Resume it first"):
        await preview_change(anna.organisation, "stock", price)
    with pytest.raises(PlanChangeRefused, match="Resume it first"):
        await change_plan(buyer(anna), "stock", price, key="change")
    await harbour.settle()
    assert await looks() == before
    assert await payments() == [("initial", "paid")]


async def test_the_api_says_what_to_do_first_and_then_it_goes(harbour, provider, anna):
    sent = {"email": anna.email, "password": PASSWORD}
    answer = await harbour.site.http.post("/api/v1/auth/login", json=sent)
    bearer = {"Authorization": f"Bearer {answer.raise_for_status().json()['access_token']}"}
    body = {"price_id": str(await harbour.price("enterprise", currency=CURRENCIES[provider]))}
    for path in ("change", "change/preview"):
        headers = bearer | {"Idempotency-Key": f'"{path}"'}
        refused = await harbour.site.http.post(f"/api/v1/billing/{path}", json=body, headers=headers)
        assert (refused.status_code, refused.json()["code"]) == (409, "plan-change-refused")
        assert "Resume it first" in refused.json()["detail"]
    await resume(anna.organisation, "stock", by=anna.person, key="resume")
    await harbour.settle()
    headers = bearer | {"Idempotency-Key": '"after"'}
    done = await harbour.site.http.post("/api/v1/billing/change", json=body, headers=headers)
    assert (done.status_code, done.json()["outcome"]) == (200, "done")
