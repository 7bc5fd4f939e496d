"""What a plan gives is what one gets: products, syncs, calls; and what happens when there is none."""

from datetime import timedelta

from market_place import connect, count, last_run, pass_time, until_finished
from sqlalchemy import select, text, update

from verf.billing import entitlements, start_afresh
from verf.billing.models import Grant, OverrideRow, Subscription, UsageEvent
from verf.database import transaction
from verf.kit import now
from verf.organisations import Tenant


async def allow(tenant: Tenant, feature: str, amount: int) -> None:
    """Staff gives another limit than the plan."""
    async with transaction(organisation=tenant.organisation) as session:
        await session.execute(text("DELETE FROM billing.overrides"))
        row = OverrideRow(
            organisation_id=tenant.organisation,
            product="stock",
            feature=feature,
            is_allowed=True,
            amount=amount,
            because="test",
        )
        session.add(row)
    start_afresh()


async def end_access(tenant: Tenant) -> None:
    async with transaction(organisation=tenant.organisation) as session:
        await session.execute(
            update(Grant).values(ends_at=now() - timedelta(minutes=1), starts_at=now() - timedelta(days=9))
        )
    start_afresh()


async def begin_access(tenant: Tenant) -> None:
    async with transaction(organisation=tenant.organisation) as session:
        await session.execute(update(Grant).values(ends_at=now() + timedelta(days=30)))
    start_afresh()


async def states(client) -> dict[str, int]:
    found: dict[str, int] = {}
    for item in (await client.get("/api/v1/stock/products", params={"limit": 200})).json()["items"]:
        state = "unfollowed" if item["outlook"]["state"] == "unfollowed" else "followed"
        found[state] = found.get(state, 0) + 1
        assert bool(item["stocks"]) is (state == "followed")
    return found


async def test_connecting_a_shop_begins_the_trial_of_pro(tenant, seller):
    assert not (await entitlements(tenant.organisation, "stock")).has_ever
    await connect(tenant, seller.tokens["service"])
    known = await entitlements(tenant.organisation, "stock")
    assert known.plan
    assert (known.plan.plan, known.limit("products"), known.limit("sync-minutes")) == ("pro", 1000, 30)
    async with transaction(organisation=tenant.organisation) as session:
        trial = await session.scalar(select(Subscription))
    assert trial.trial_end - trial.anchor_at == timedelta(days=14)


async def test_looking_around_begins_nothing(client, tenant):
    for page in ("/stock/", "/stock/products", "/stock/connections", "/api/v1/stock/products"):
        assert (await client.get(page)).status_code == 200
    assert not (await entitlements(tenant.organisation, "stock")).has_ever


async def test_products_beyond_the_plan_are_kept_and_not_followed(client, tenant, seller):
    await connect(tenant, seller.tokens["service"])
    await allow(tenant, "products", 5)
    run = await until_finished(tenant)
    assert run.steps["cards"]["note"] == "over-limit"
    assert await states(client) == {"followed": 5, "unfollowed": 7}
    assert await count(tenant, "products") == 12
    assert await count(tenant, "outlooks") == 5
    page = (await client.get("/stock/products")).text
    assert "Your plan follows 5 products" in page
    assert "7 more are kept here without numbers" in page
    assert "Not followed" in (await client.get("/stock/products", params={"state": "unfollowed"})).text
    exported = (await client.get("/api/v1/stock/export.csv")).text
    listed = (await client.get("/api/v1/stock/products", params={"state": "unfollowed"})).json()["items"]
    assert len(listed) == 7
    assert not any(str(item["nm_id"]) in exported for item in listed)
    detail = (await client.get(f"/stock/products/{listed[0]['id']}")).text
    assert "This product is not followed" in detail


async def test_a_larger_plan_brings_everything_back(client, tenant, seller):
    connection = await connect(tenant, seller.tokens["service"])
    await allow(tenant, "products", 5)
    await until_finished(tenant)
    await allow(tenant, "products", 1000)
    await client.post(f"/api/v1/stock/connections/{connection}/sync")
    await until_finished(tenant)
    assert await states(client) == {"followed": 12}


async def test_a_smaller_plan_follows_the_products_that_came_first(client, tenant, seller):
    connection = await connect(tenant, seller.tokens["service"])
    await until_finished(tenant)
    assert await states(client) == {"followed": 12}
    sizes = await count(tenant, "stock_levels")
    await allow(tenant, "products", 3)
    await client.post(f"/api/v1/stock/connections/{connection}/sync")
    await until_finished(tenant)
    assert await states(client) == {"followed": 3, "unfollowed": 9}
    assert await count(tenant, "stock_levels") >= sizes


async def test_syncs_come_as_often_as_the_plan_says(client, tenant, seller):
    connection = await connect(tenant, seller.tokens["service"])
    await until_finished(tenant)

    async def wait() -> timedelta:
        await client.post(f"/api/v1/stock/connections/{connection}/sync")
        await until_finished(tenant)
        shop = (await client.get(f"/api/v1/stock/connections/{connection}")).json()
        return type(now()).fromisoformat(shop["next_sync_at"]) - now()

    assert await wait() < timedelta(minutes=53)
    await allow(tenant, "sync-minutes", 120)
    assert timedelta(minutes=90) < await wait() < timedelta(minutes=143)
    await allow(tenant, "sync-minutes", 10)
    assert await wait() < timedelta(minutes=12)
    assert "every 10 minutes, as your plan says" in (await client.get("/stock/connections")).text


async def test_calls_of_programs_are_counted_and_told(client, tenant, seller):
    await connect(tenant, seller.tokens["service"])
    await allow(tenant, "calls", 3)
    for left in (2, 1, 0):
        answer = await client.get("/api/v1/stock/products")
        assert answer.status_code == 200
        assert f'"calls";r={left};' in answer.headers["ratelimit"]
        assert answer.headers["ratelimit-policy"].startswith('"calls";q=3;w=')
        assert "retry-after" not in answer.headers
    refused = await client.get("/api/v1/stock/products")
    problem = refused.json()
    assert (refused.status_code, problem["code"], problem["limit"]) == (429, "quota-exceeded", 3)
    assert problem["resets_at"]
    assert problem["plans_url"].endswith("/billing?product=stock")
    assert int(refused.headers["retry-after"]) > 60
    assert '"calls";r=0;' in refused.headers["ratelimit"]


async def test_pages_are_not_counted(client, tenant, seller):
    await connect(tenant, seller.tokens["service"])
    for page in ("/stock/", "/stock/products", "/stock/runs"):
        await client.get(page)
    async with transaction(organisation=tenant.organisation) as session:
        assert await session.scalar(select(UsageEvent).limit(1)) is None


async def test_without_a_plan_reading_goes_on_and_writing_says_what_to_do(client, tenant, seller):
    connection = await connect(tenant, seller.tokens["service"])
    await until_finished(tenant)
    await end_access(tenant)
    assert await states(client) == {"followed": 12}
    for method, path, body in (
        ("POST", f"/api/v1/stock/connections/{connection}/sync", None),
        ("POST", "/api/v1/stock/alert-rules", {"measure": "days", "threshold": 7}),
        ("POST", "/api/v1/stock/connections", {"token": seller.tokens["service"]}),
    ):
        refused = await client.request(method, path, json=body)
        problem = refused.json()
        assert (refused.status_code, problem["code"]) == (402, "payment-required"), path
        assert problem["upgrade"] == "starter"
        assert problem["plans_url"].endswith("/billing?product=stock")
        assert "ended" in problem["detail"]
    dashboard = await client.get("/stock/")
    assert "syncing is paused" in dashboard.text
    assert "syncing is paused" in (await client.get("/stock/connections")).text
    page = await client.post(f"/stock/connections/{connection}/sync")
    assert page.status_code == 402
    assert "See the plans" in page.text


async def test_without_a_plan_the_alert_forms_say_which_plan_would_do(client, tenant, seller):
    async def rules() -> list[dict[str, object]]:
        return (await client.get("/api/v1/stock/alert-rules")).json()["items"]

    await connect(tenant, seller.tokens["service"])
    await client.post("/stock/alerts", data={"measure": "days", "threshold": "9"})
    before = await rules()
    [rule] = [each for each in before if each["threshold"] == 9]
    await end_access(tenant)
    assert "syncing is paused" in (await client.get("/stock/alerts")).text
    for path, sent in (("", {"measure": "days", "threshold": "21"}), (f"/{rule['id']}/switch", {})):
        refused = await client.post(f"/stock/alerts{path}", data=sent)
        assert refused.status_code == 402
        assert "ended" in refused.text
        assert 'href="/pricing?product=stock"' in refused.text
    assert await rules() == before
    await client.post(f"/stock/alerts/{rule['id']}/delete")
    assert await rules() == [each for each in before if each != rule]


async def test_without_a_plan_nothing_is_synchronised_until_there_is_one(client, tenant, seller):
    await connect(tenant, seller.tokens["service"])
    first = await until_finished(tenant)
    await end_access(tenant)
    await pass_time(timedelta(hours=2))
    assert (await last_run(tenant)).id == first.id
    await begin_access(tenant)
    await pass_time(timedelta(minutes=10))
    assert (await last_run(tenant)).id != first.id
