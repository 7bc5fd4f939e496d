"""What cannot be charged, or a change of plan leaves over, waits on the customer's account for the next charge."""

import contextlib
import random

import pytest
from lives import DAY, HOUR, buyer, charged, live_until_due, methods_come_to, paid_subscription, rows, somebody
from sqlalchemy import func, select

from verf.billing.changing import AlreadyOnPlan, change_plan, preview_change
from verf.billing.grants import grants_of
from verf.billing.ledger import unbalanced
from verf.billing.models import LedgerEntry, PaidPeriod, Payment, PlanVersion
from verf.billing.on_account import credit_of
from verf.billing.refunds import refund
from verf.billing.standing import standing_of
from verf.database import transaction
from verf.kit import Money, now
from verf.testing.site import PASSWORD

PRO_YEAR, ENTERPRISE = 2_690_000, 899_000


@pytest.fixture
async def anna(harbour):
    """Has paid for a year of pro at YooKassa ten days ago."""
    anna = await somebody(harbour)
    await harbour.buy(anna, "pro", provider="yookassa")
    year = await harbour.price("pro", currency="RUB", interval="year")
    assert (await change_plan(buyer(anna), "stock", year, key="year")).outcome == "done"
    await harbour.settle()
    await harbour.live(10 * DAY, step=10 * DAY)
    return anna


async def credit(member):
    async with transaction(organisation=member.organisation) as session:
        return (await credit_of(session, member.organisation, "stock", "RUB")).minor_units


async def books():
    async with transaction(system="test adds up") as session:
        query = select(LedgerEntry.ledger, func.sum(LedgerEntry.amount)).group_by(LedgerEntry.ledger)
        assert await unbalanced(session) == []
        return {name: int(amount) for name, amount in await session.execute(query)}


async def to_enterprise_by_the_month(harbour, member, key="up"):
    price = await harbour.price("enterprise", currency="RUB")
    told = await preview_change(member.organisation, "stock", price)
    done = await change_plan(buyer(member), "stock", price, key=key)
    await harbour.settle()
    return told, done


async def test_what_a_change_leaves_over_pays_for_the_next_periods(harbour, anna):
    told, done = await to_enterprise_by_the_month(harbour, anna)
    assert (told.when, told.due_now, done.outcome) == ("now", Money(0, "RUB"), "done")
    left = told.credit.minor_units - ENTERPRISE
    assert left > ENTERPRISE
    assert abs(await credit(anna) - left) <= 5
    before, row = await credit(anna), await paid_subscription()
    assert (row.period_end - row.period_start).days in (28, 29, 30, 31)
    await harbour.live(32 * DAY, step=4 * DAY)
    assert await credit(anna) == before - ENTERPRISE
    assert len(await charged(harbour)) == 2
    await harbour.live(31 * DAY, step=4 * DAY)
    [*_, last] = await rows(Payment)
    assert await credit(anna) == 0
    assert last.amount == ENTERPRISE - (before - ENTERPRISE)
    assert last.credit == before - ENTERPRISE
    totals = await books()
    assert sum(totals.values()) == 0
    paid = sum(each.amount for each in await rows(Payment))
    assert totals["cash:yookassa"] + totals["fees"] == paid == -totals["revenue:stock"]


async def test_the_old_plan_ends_where_the_new_one_begins(harbour, anna):
    await to_enterprise_by_the_month(harbour, anna)
    row = await paid_subscription()
    assert row.paid_until == row.period_end
    async with transaction(organisation=anna.organisation) as session:
        found = await grants_of(session, anna.organisation, "stock")
        plans = {each.id: each.plan for each in await session.scalars(select(PlanVersion))}
    open_now = [each for each in found if each.revoked_at is None and each.starts_at <= now() < each.ends_at]
    assert [plans[each.plan_version_id] for each in open_now if each.source == "payment"] == ["enterprise"]
    assert max(each.ends_at for each in found if each.source == "payment") == row.period_end
    assert max(each.ends_at for each in await rows(PaidPeriod)) == row.period_end


async def test_the_page_tells_of_it_and_of_the_next_charge(harbour, anna):
    told, _done = await to_enterprise_by_the_month(harbour, anna)
    async with transaction(organisation=anna.organisation) as session:
        standing = await standing_of(session, anna.organisation, "stock")
    assert standing.credit == Money(await credit(anna), "RUB")
    assert standing.next_charge == told.next_payment == Money(0, "RUB")
    sent = {"email": anna.email, "password": PASSWORD}
    answer = await harbour.site.http.post("/api/v1/auth/login", json=sent)
    bearer = {"Authorization": f"Bearer {answer.raise_for_status().json()['access_token']}", "Accept": "text/html"}
    shown = await anna.http.get("/billing?product=stock", headers=bearer)
    assert "Credit on account" in shown.text


async def test_a_charge_that_fails_leaves_the_credit_where_it_was(harbour, anna):
    await to_enterprise_by_the_month(harbour, anna)
    await harbour.live(32 * DAY, step=4 * DAY)
    before = await credit(anna)
    assert 0 < before < ENTERPRISE
    await live_until_due(harbour)
    await methods_come_to(harbour, "insufficient_funds")
    await harbour.live(DAY, step=6 * HOUR)
    assert await credit(anna) == before
    await methods_come_to(harbour, "pays")
    await harbour.live(2 * DAY, step=6 * HOUR)
    assert await credit(anna) == 0
    assert (await rows(Payment))[-1].amount == ENTERPRISE - before


async def test_what_is_refunded_is_no_credit_any_more(harbour, anna):
    await to_enterprise_by_the_month(harbour, anna)
    before = await credit(anna)
    [year] = [each for each in await rows(Payment) if each.amount > ENTERPRISE]
    money = Money(500_000, "RUB")
    await refund(anna.organisation, year.id, money, by=anna.person, because="goodwill", key="r")
    await harbour.settle()
    assert await credit(anna) == before - min(500_000, year.credited)
    totals = await books()
    assert sum(totals.values()) == 0
    paid = sum(each.amount - each.refunded for each in await rows(Payment))
    assert totals["cash:yookassa"] + totals["fees"] == paid


@pytest.mark.parametrize("seed", range(3))
async def test_however_plans_are_changed_there_is_never_more_credit_than_was_paid(harbour, seed):
    anna, dice = await somebody(harbour), random.Random(seed)
    await harbour.buy(anna, "starter", provider="yookassa")
    for step in range(7):
        plan, interval = dice.choice(["starter", "pro", "enterprise"]), dice.choice(["month", "year"])
        price = await harbour.price(plan, currency="RUB", interval=interval)
        with contextlib.suppress(AlreadyOnPlan):
            await change_plan(buyer(anna), "stock", price, key=f"change {step}")
        await harbour.settle()
        totals, seen = await books(), await rows(Payment)
        paid = sum(each.amount for each in seen if each.state == "paid")
        assert sum(totals.values()) == 0
        assert totals["cash:yookassa"] + totals["fees"] == paid
        assert await credit(anna) == -totals.get("credit", 0)
        assert -99 <= await credit(anna) <= paid
        # What the customer has had so far is worth at least what they have not on account.
        assert -totals["revenue:stock"] == paid - await credit(anna)
        await harbour.live(dice.randrange(1, 40) * DAY, step=10 * DAY)
