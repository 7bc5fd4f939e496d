"""What is on account pays a part of an order on a page: held while it is open, taken once when it is paid."""

import asyncio

import pytest
from lives import DAY, HOUR, buyer, charged, live_until_due, paid_subscription, rows, somebody
from sqlalchemy import func, select, update

from verf.billing import ledger
from verf.billing.changing import change_plan, preview_change
from verf.billing.checkouts import start_checkout
from verf.billing.messages import CheckIntents
from verf.billing.models import CheckoutIntent, Finding, LedgerEntry, Payment
from verf.billing.on_account import credit_of
from verf.billing.providers.registry import forget_providers
from verf.billing.refunds import refund
from verf.database import transaction
from verf.kit import new_id, now
from verf.settings import load

PRO, ENTERPRISE = 269_000, 899_000
LEAST = {"wata": 10_00, "yookassa": 1_00}
HTML = {"Accept": "text/html"}


@pytest.fixture(params=["wata", "yookassa"])
async def provider(request):
    return request.param


@pytest.fixture
async def anna(harbour, provider, monkeypatch):
    """Has bought a month of pro in advance, that nobody renews."""
    if provider == "yookassa":
        monkeypatch.setenv("VERF_YOOKASSA_RECURRING", "false")
        load.cache_clear()
        forget_providers()
    anna = await somebody(harbour)
    await harbour.buy(anna, "pro", provider=provider)
    assert (await paid_subscription()).method_id is None
    yield anna
    monkeypatch.undo()
    load.cache_clear()
    forget_providers()


async def put_on_account(amount):
    """As a change of plan or a refund does it; below zero it is owed."""
    payment = (await rows(Payment))[0]
    async with transaction(organisation=payment.organisation_id) as session:
        given = ledger.credit(payment, str(new_id()), "credit_returned", amount, at=now())
        assert await ledger.post(session, payment, given)


async def credit(member):
    async with transaction(organisation=member.organisation) as session:
        return (await credit_of(session, member.organisation, "stock", "RUB")).minor_units


async def booked_credit():
    async with transaction(system="test adds up") as session:
        assert int(await session.scalar(select(func.sum(LedgerEntry.amount)))) == 0
        query = select(func.coalesce(func.sum(LedgerEntry.amount), 0)).where(LedgerEntry.ledger == "credit")
        return -int(await session.scalar(query))


async def order(harbour, member, plan, provider):
    return await start_checkout(buyer(member), await harbour.price(plan, currency="RUB"), through=provider)


async def pay(harbour, provider, opened):
    [ref] = await harbour.refs(opened)
    await harbour.control(provider, f"checkouts/{ref}/pay")
    await harbour.settle()


async def test_it_lowers_the_next_order_and_is_taken_once(harbour, provider, anna):
    await put_on_account(100_00)
    before = await paid_subscription()
    opened = await order(harbour, anna, "pro", provider)
    assert opened.money.minor_units == PRO - 100_00
    assert (await credit(anna), await booked_credit()) == (0, 100_00)
    await pay(harbour, provider, opened)
    await harbour.settle()
    assert (await credit(anna), await booked_credit()) == (0, 0)
    [_first, second] = await rows(Payment)
    assert (second.state, second.amount, second.credit) == ("paid", PRO - 100_00, 100_00)
    row = await paid_subscription()
    assert row.period_start == before.period_end
    assert (await order(harbour, anna, "pro", provider)).money.minor_units == PRO


async def test_what_is_owed_is_paid_along(harbour, provider, anna):
    await put_on_account(-42)
    opened = await order(harbour, anna, "pro", provider)
    assert opened.money.minor_units == PRO + 42
    await pay(harbour, provider, opened)
    assert (await credit(anna), await booked_credit()) == (0, 0)
    assert (await rows(Payment))[-1].credit == -42


async def test_something_is_paid_in_any_case_and_the_rest_stays(harbour, provider, anna):
    await put_on_account(PRO + 500_00)
    opened = await order(harbour, anna, "pro", provider)
    assert opened.money.minor_units == LEAST[provider]
    assert await credit(anna) == 500_00 + LEAST[provider]
    await pay(harbour, provider, opened)
    assert await credit(anna) == await booked_credit() == 500_00 + LEAST[provider]


async def test_an_order_that_is_given_up_lets_it_go(harbour, provider, anna):
    await put_on_account(100_00)
    await order(harbour, anna, "pro", provider)
    assert await credit(anna) == 0
    other = await order(harbour, anna, "enterprise", provider)
    assert (other.money.minor_units, await credit(anna)) == (ENTERPRISE - 100_00, 0)
    harbour.schedules = [CheckIntents]
    await harbour.live(3 * DAY, step=6 * HOUR)
    assert {each.state for each in await rows(CheckoutIntent)} == {"completed", "expired"}
    assert await credit(anna) == await booked_credit() == 100_00


async def test_fifty_who_order_at_once_spend_it_once(harbour, provider, anna):
    await put_on_account(100_00)
    price = await harbour.price("pro", currency="RUB")
    asked = (start_checkout(buyer(anna), price, through=provider) for _who in range(50))
    opened = await asyncio.gather(*asked)
    assert {each.money.minor_units for each in opened} == {PRO - 100_00}
    assert len({each.id for each in opened}) == 1
    await pay(harbour, provider, opened[0])
    assert sum(each.credit for each in await rows(Payment)) == 100_00
    assert (await credit(anna), await booked_credit()) == (0, 0)
    again = await asyncio.gather(*(start_checkout(buyer(anna), price, through=provider) for _who in range(50)))
    assert {each.money.minor_units for each in again} == {PRO}


async def late(harbour, provider, opened):
    """The house has given it up, and its page takes the money all the same."""
    async with transaction(system="test gives an order up") as session:
        given_up = update(CheckoutIntent).where(CheckoutIntent.id == opened.id)
        await session.execute(given_up.values(state="expired", closed_at=now()))


@pytest.mark.parametrize("provider", ["yookassa"], indirect=True)
async def test_paid_too_late_it_takes_what_is_there_still(harbour, provider, anna):
    await put_on_account(100_00)
    opened = await order(harbour, anna, "pro", provider)
    await late(harbour, provider, opened)
    assert await credit(anna) == 100_00
    await pay(harbour, provider, opened)
    assert await credit(anna) == await booked_credit() == 0
    assert await rows(Finding) == []


@pytest.mark.parametrize("provider", ["yookassa"], indirect=True)
async def test_paid_too_late_for_credit_that_is_gone_is_left_to_a_person(harbour, provider, anna):
    await put_on_account(100_00)
    opened, before = await order(harbour, anna, "pro", provider), await paid_subscription()
    await late(harbour, provider, opened)
    await put_on_account(-99_00)
    await pay(harbour, provider, opened)
    assert await credit(anna) == await booked_credit() == 1_00
    assert [each.kind for each in await rows(Finding)] == ["credit_used"]
    assert (await paid_subscription()).period_end == before.period_end


async def test_all_of_an_order_paid_back_is_credit_again(harbour, provider, anna):
    await put_on_account(100_00)
    await pay(harbour, provider, await order(harbour, anna, "pro", provider))
    last = (await rows(Payment))[-1]
    await refund(anna.organisation, last.id, None, by=anna.person, because="asked for", key="r")
    await harbour.settle()
    await harbour.live(HOUR, step=HOUR)
    assert await credit(anna) == await booked_credit() == 100_00


async def test_the_difference_for_a_dearer_plan_is_lowered_too(harbour, provider, anna):
    await live_until_due(harbour, before=10 * DAY)
    await put_on_account(100_00)
    price = await harbour.price("enterprise", currency="RUB")
    told = await preview_change(anna.organisation, "stock", price)
    change = await change_plan(buyer(anna), "stock", price, key="up")
    assert change.outcome == "to_pay"
    [*_, intent] = await rows(CheckoutIntent)
    assert abs(intent.amount - told.due_now.minor_units) <= 5
    await harbour.control(provider, f"checkouts/{intent.ref}/pay")
    await harbour.settle()
    assert (await paid_subscription()).price_id == price
    assert await credit(anna) == await booked_credit() == 0


async def test_a_difference_that_is_on_account_needs_no_page(harbour, provider, anna):
    await live_until_due(harbour, before=10 * DAY)
    await put_on_account(ENTERPRISE)
    price = await harbour.price("enterprise", currency="RUB")
    told = await preview_change(anna.organisation, "stock", price)
    assert told.due_now.minor_units == 0
    assert (await change_plan(buyer(anna), "stock", price, key="up")).outcome == "done"
    assert (await paid_subscription()).price_id == price
    assert await credit(anna) == await booked_credit() == ENTERPRISE - (await rows(Payment))[-1].credit
    assert len(await charged(harbour, provider)) == 1


async def test_the_page_says_so_before_it_is_paid(harbour, provider, anna):
    await put_on_account(100_00)
    page = f"/billing/checkout?price={await harbour.price('pro', currency='RUB')}"
    for _time in range(2):
        shown = (await anna.http.get(page, headers=HTML)).text
        assert 'id="on-account"' in shown
        due = shown.split('id="due">')[1].split("<")[0]
        assert "2,590" in due
        # An order that is open holds it; this page would let that go.
        await order(harbour, anna, "pro", provider)
