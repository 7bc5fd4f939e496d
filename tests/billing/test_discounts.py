"""A code for several months lowers every payment of them, and none after; changing the plan does not lose it."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st
from lives import DAY, HOUR, buyer, paid_subscription, payments, rows, somebody

from verf.billing.changing import change_plan, preview_change
from verf.billing.checkouts import start_checkout
from verf.billing.discounts import lowered
from verf.billing.models import Payment, PromoCode
from verf.billing.periods import Calendar
from verf.billing.promo_codes import NewPromo, PromoRefused, create_promo
from verf.billing.standing import standing_of
from verf.database import transaction
from verf.kit import Money, now, smallest_charge

NEW_YEAR = datetime(2026, 1, 1, tzinfo=UTC)


async def make(**terms):
    wanted = NewPromo(**{"code": "SPRING", "kind": "percent", "value": 50, "months": 3, **terms})
    async with transaction() as session:
        return await create_promo(session, wanted, by=None)


async def buy(harbour, member, plan="pro", provider="yookassa", interval="month"):
    currency = "USD" if provider in ("stripe", "paddle") else "RUB"
    price = await harbour.price(plan, currency=currency, interval=interval)
    opened = await start_checkout(buyer(member), price, through=provider, promo="spring")
    [ref] = await harbour.refs(opened)
    await harbour.control(provider, f"checkouts/{ref}/pay")
    await harbour.settle()


async def amounts():
    return [each.amount for each in await rows(Payment) if each.state == "paid"]


@pytest.mark.parametrize("provider", ["yookassa", "stripe", "paddle"])
@pytest.mark.parametrize("terms", [{}, {"kind": "amount", "value": 1000}], ids=["percent", "amount"])
async def test_each_of_the_months_is_lowered_and_the_next_is_not(harbour, provider, terms):
    anna = await somebody(harbour)
    currency, full = ("RUB", 269_000) if provider == "yookassa" else ("USD", 2_990)
    await make(**terms, **({"currency": currency} if terms else {}))
    await buy(harbour, anna, provider=provider)
    await harbour.live(125 * DAY, step=5 * DAY)
    lowered = full - 1000 if terms else full // 2
    assert await amounts() == [lowered, lowered, lowered, full, full]


async def test_the_page_tells_what_the_next_charge_will_be(harbour):
    anna = await somebody(harbour)
    await make(months=2)
    await buy(harbour, anna)

    async def told():
        async with transaction(organisation=anna.organisation) as session:
            return (await standing_of(session, anna.organisation, "stock")).next_charge

    assert await told() == Money(134_500, "RUB")
    await harbour.live(32 * DAY, step=4 * DAY)
    assert await told() == Money(269_000, "RUB")


async def test_an_upgrade_in_between_keeps_it(harbour):
    anna = await somebody(harbour)
    await make()
    await buy(harbour, anna)
    await harbour.live(10 * DAY, step=10 * DAY)
    row = await paid_subscription()
    price = await harbour.price("enterprise", currency="RUB")
    foreseen = await preview_change(anna.organisation, "stock", price)
    assert foreseen.next_payment == Money(449_500, "RUB")
    assert (await change_plan(buyer(anna), "stock", price, key="up")).outcome == "done"
    await harbour.settle()
    [first, difference] = await amounts()
    left = (row.period_end - now()) / (row.period_end - row.period_start)
    assert first == 134_500
    assert abs(difference - (449_500 - 134_500) * left) <= 5
    await harbour.live(100 * DAY, step=5 * DAY)
    assert (await amounts())[2:] == [449_500, 449_500, 899_000]


async def test_a_failed_month_is_tried_again_at_the_lowered_price(harbour):
    anna = await somebody(harbour)
    await make(months=2)
    await buy(harbour, anna)
    row = await paid_subscription()
    for method in (await harbour.truth("yookassa"))["methods"]:
        await harbour.control("yookassa", f"methods/{method['id']}", outcome="insufficient_funds")
    await harbour.live(row.period_end - now() + HOUR, step=10 * DAY)
    for method in (await harbour.truth("yookassa"))["methods"]:
        await harbour.control("yookassa", f"methods/{method['id']}", outcome="pays")
    await harbour.live(3 * DAY, step=12 * HOUR)
    assert await payments() == [("initial", "paid"), ("renewal", "failed"), ("renewal", "paid")]
    assert {each.amount for each in await rows(Payment)} == {134_500}


async def test_a_code_for_a_year_lowers_one_payment_of_a_year(harbour):
    anna = await somebody(harbour)
    await make(months=12)
    await buy(harbour, anna, provider="paddle", interval="year")
    await harbour.live(366 * DAY, step=30 * DAY)
    [first, second] = await amounts()
    assert first * 2 == second


@pytest.mark.parametrize("terms", [{"months": 0}, {"months": 37}, {"kind": "days", "months": 2}])
async def test_months_that_make_no_sense_are_refused(books, terms):
    with pytest.raises(PromoRefused):
        await make(**terms)


@given(
    st.sampled_from(["percent", "amount"]),
    st.integers(1, 99),
    st.integers(100, 10**7),
    st.integers(2, 36),
    st.integers(0, 364),
)
def test_over_the_months_exactly_the_declared_discount_is_given(kind, value, price, months, day):
    promo = PromoCode(kind=kind, value=value, currency="USD" if kind == "amount" else "", months=months)
    full, calendar = Money(price, "USD"), Calendar(NEW_YEAR + timedelta(days=day), "month")
    until = calendar.boundary(months)
    asked = [lowered(full, promo, until=until, start=calendar.boundary(number)) for number in range(months + 3)]
    declared = full.share(value, 100) if kind == "percent" else Money(value, "USD")
    each = min(declared, full - smallest_charge("USD"))
    assert sum((full - one for one in asked[:months]), Money(0, "USD")) == each * months
    assert asked[months:] == [full] * 3


def test_an_amount_in_another_currency_takes_nothing_off():
    promo = PromoCode(kind="amount", value=500, currency="EUR", months=3)
    full = Money(2990, "USD")
    assert lowered(full, promo, until=NEW_YEAR + DAY, start=NEW_YEAR) == full
