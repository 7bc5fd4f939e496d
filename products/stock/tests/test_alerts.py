from datetime import timedelta

from market_place import connect, pass_time, until_finished
from sqlalchemy import select, text

from stock.alerts import add_rule, alerts_of, has_recovered, is_low, rules_of
from stock.appraisal import Appraised
from stock.simulators.wildberries import control
from verf.database import transaction
from verf.kit import new_id

SOME = new_id()


def product(cover, quantity=10, state="soon"):
    return Appraised(SOME, quantity, cover, state)


def test_an_alert_is_raised_under_the_threshold_and_cleared_well_above_it():
    assert is_low("days", 14, product(13.9))
    assert not is_low("days", 14, product(14.0))
    assert not has_recovered("days", 14, product(16.8))
    assert has_recovered("days", 14, product(16.9))


def test_no_demand_is_no_alarm():
    assert not is_low("days", 14, product(None, state="quiet"))
    assert has_recovered("days", 14, product(None, state="quiet"))


def test_an_empty_shelf_has_no_days_left():
    assert is_low("days", 1, product(None, quantity=0, state="out"))
    assert is_low("quantity", 1, product(None, quantity=0, state="quiet"))


async def mails() -> int:
    async with transaction() as session:
        query = "SELECT count(*) FROM notifications.notifications WHERE notice = 'low_stock'"
        return int(await session.scalar(text(query)) or 0)


async def test_one_mail_for_each_crossing(market, tenant, seller):
    await connect(tenant, seller.tokens["service"])
    await until_finished(tenant)
    assert await mails() == 0
    async with transaction(organisation=tenant.organisation) as session:
        await add_rule(session, tenant, measure="quantity", threshold=5)
        assert [rule.measure for rule in await rules_of(session)] == ["days", "quantity"]
        target = (await session.execute(text("SELECT nm_id FROM stock.products ORDER BY nm_id LIMIT 1"))).scalar_one()
    found = market.gateway.sellers.find(seller.id)
    control.set_stock(market.gateway, found, control.StockChange(nm_id=target, quantity=500))
    await pass_time(timedelta(hours=1))
    before = await mails()
    control.set_demand(market.gateway, found, control.DemandChange(nm_id=target, factor=0))
    control.set_stock(market.gateway, found, control.StockChange(nm_id=target, quantity=0))
    await pass_time(timedelta(hours=1))
    after = await mails()
    assert after > before
    async with transaction(organisation=tenant.organisation) as session:
        raised = [alert for alert in await alerts_of(session) if alert.measure == "quantity" and alert.value == 0]
        assert raised
    standing = await open_alerts(tenant, target)
    await pass_time(timedelta(hours=1))
    assert await open_alerts(tenant, target) == standing
    control.set_stock(market.gateway, found, control.StockChange(nm_id=target, quantity=500))
    await pass_time(timedelta(hours=1))
    assert await open_alerts(tenant, target) == 0


async def open_alerts(tenant, nm_id) -> int:
    query = select(text("count(*)")).select_from(
        text("stock.alerts a JOIN stock.products p ON p.id = a.product_id AND a.cleared_at IS NULL")
    )
    async with transaction(organisation=tenant.organisation) as session:
        return int(await session.scalar(query.where(text("p.nm_id = :nm")), {"nm": nm_id}) or 0)
