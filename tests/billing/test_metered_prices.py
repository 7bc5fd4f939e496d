"""What is used by the unit stands on the invoice at the end of the period, and in the ledger."""

from dataclasses import replace

import pytest
from lives import CALENDAR, DAY, HOUR, buyer, live_until_due, paid_subscription, rows
from shop import CALLS, LARGE, SHOP
from sqlalchemy import func, select

from verf.billing import configure, consume
from verf.billing.catalogue import forget_catalogue, publish
from verf.billing.changing import change_plan
from verf.billing.declarations import products
from verf.billing.ending import cancel
from verf.billing.ledger import unbalanced
from verf.billing.messages import ReportAllUsage
from verf.billing.models import Finding, Grant, LedgerEntry, Payment, PlanVersion
from verf.database import transaction
from verf.kit import Money
from verf.manifest import Entitlement

CENTS = {"starter": 2, "pro": 1}


@pytest.fixture
async def anna(harbour):
    """Pays for pro at Stripe, where each token costs a cent, and two in the plan below."""
    before = products()
    configure([_by_the_token(each) for each in before])
    forget_catalogue()
    await publish()
    harbour.schedules = [*CALENDAR, ReportAllUsage]
    anna = await harbour.member()
    await harbour.buy(anna, "pro", provider="stripe")
    yield anna
    configure(before)
    forget_catalogue()


def _by_the_token(product):
    tokens = Entitlement(feature="tokens", title="Tokens", kind="quota", is_hard=False, reports_to="tokens")
    plans = [
        replace(
            plan,
            gives={**plan.gives, "tokens": None},
            metered={"tokens": (Money(CENTS[plan.name], "USD"),)} if plan.name in CENTS else {},
        )
        for plan in product.plans
    ]
    return replace(product, entitlements=(*product.entitlements, tokens), plans=tuple(plans))


async def use(member, amount):
    async with transaction(organisation=member.organisation) as session:
        await consume(session, member.organisation, "stock", "tokens", amount)


async def paid():
    return [each.amount for each in await rows(Payment) if each.state == "paid"]


async def test_the_checkout_asks_for_the_plan_alone_and_the_next_invoice_for_the_units(harbour, anna):
    assert await paid() == [2_990]
    await use(anna, 250)
    await harbour.live(HOUR, step=HOUR)
    await use(anna, 50)
    await live_until_due(harbour, before=-3 * HOUR)
    assert await paid() == [2_990, 2_990 + 300]
    await use(anna, 7)
    await live_until_due(harbour, before=-3 * HOUR)
    assert await paid() == [2_990, 2_990 + 300, 2_990 + 7]
    await live_until_due(harbour, before=-3 * HOUR)
    assert (await paid())[3:] == [2_990]
    async with transaction(system="test adds up") as session:
        query = select(func.sum(LedgerEntry.amount)).where(LedgerEntry.ledger == "revenue:stock")
        assert -int(await session.scalar(query)) == 4 * 2_990 + 307
        assert await unbalanced(session) == []
    assert await rows(Finding) == []


async def test_the_units_of_the_last_hour_are_on_it_too(harbour, anna):
    await live_until_due(harbour, before=HOUR / 6)
    await use(anna, 40)
    await harbour.live(3 * HOUR, step=HOUR / 6)
    assert await paid() == [2_990, 2_990 + 40]


async def test_access_follows_the_price_of_the_plan_and_not_that_of_the_units(harbour, anna):
    await use(anna, 100_000)
    row = await live_until_due(harbour, before=-3 * HOUR)
    grants = [each for each in await rows(Grant) if each.source == "payment"]
    plans = {each.id: each.plan for each in await rows(PlanVersion)}
    assert [plans[each.plan_version_id] for each in grants] == ["pro", "pro"]
    assert grants[1].ends_at == row.period_end
    assert await paid() == [2_990, 2_990 + 100_000]


async def test_who_leaves_pays_what_was_used_until_the_end(harbour, anna):
    await use(anna, 120)
    await cancel(anna.organisation, "stock", when="period_end", reason="", by=anna.person, key="k")
    await live_until_due(harbour, before=-3 * HOUR)
    assert (await paid_subscription()).state == "ended"
    assert await paid() == [2_990, 120]
    assert len([each for each in await rows(Grant) if each.source == "payment"]) == 1


async def test_another_plan_has_its_own_price_for_the_units(harbour, anna):
    starter = await harbour.price("starter")
    await change_plan(buyer(anna), "stock", starter, key="down")
    await use(anna, 10)
    await live_until_due(harbour, before=-3 * HOUR)
    assert await paid() == [2_990, 990 + 10]
    await use(anna, 10)
    await live_until_due(harbour, before=-3 * HOUR)
    assert (await paid())[2:] == [990 + 20]


async def test_a_plan_without_such_a_price_asks_for_none(harbour, anna):
    enterprise = await harbour.price("enterprise")
    await harbour.live(DAY, step=DAY)
    assert (await change_plan(buyer(anna), "stock", enterprise, key="up")).outcome == "done"
    before = len(await paid())
    await use(anna, 500)
    await live_until_due(harbour, before=-3 * HOUR)
    assert (await paid())[before:] == [9_990]


def test_a_price_for_what_no_meter_counts_stops_the_start():
    plan = replace(LARGE, metered={"calls": (Money(1, "USD"),)})
    with pytest.raises(ValueError, match="no meter counts"):
        configure([replace(SHOP, plans=(plan,), trial_plan="")])
    assert not CALLS.reports_to
