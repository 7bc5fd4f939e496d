"""Our own engine under the moved clock, with YooKassa's simulator: charged once, on time, for the next period."""

from datetime import timedelta

import pytest
from sqlalchemy import select, text

from verf.billing.models import Grant, Payment, Subscription
from verf.database import transaction
from verf.kit import now

DAY = timedelta(days=1)


async def rows(record):
    async with transaction(system="test looks") as session:
        return list(await session.scalars(select(record).order_by(record.id)))


async def paid_subscription():
    [row] = [each for each in await rows(Subscription) if each.provider != "house"]
    return row


async def payments():
    return [(each.kind, each.state) for each in await rows(Payment)]


async def mails(*names):
    """What was said, in order, without receipts unless asked for."""
    async with transaction(system="test looks") as session:
        found = await session.execute(text("SELECT notice FROM notifications.notifications ORDER BY id"))
        return [notice for (notice,) in found if (notice in names if names else notice != "payment_receipt")]


async def answer(harbour, outcome):
    """What the saved method comes to from now on."""
    for method in (await harbour.truth("yookassa"))["methods"]:
        await harbour.control("yookassa", f"methods/{method['id']}", outcome=outcome)


@pytest.fixture
async def anna(harbour):
    anna = await harbour.member()
    await harbour.buy(anna, provider="yookassa")
    return anna


async def test_a_year_is_twelve_charges_and_contiguous_access(harbour, anna):
    first = await paid_subscription()
    await harbour.live(timedelta(days=335), step=2 * DAY)
    assert await payments() == [("initial", "paid"), *[("renewal", "paid")] * 11]
    grants = [grant for grant in await rows(Grant) if grant.source == "payment"]
    assert [grant.starts_at for grant in grants[1:]] == [grant.ends_at for grant in grants[:-1]]
    row = await paid_subscription()
    assert (row.state, row.period_index) == ("active", 11)
    assert row.anchor_at == first.anchor_at
    assert row.period_start <= now() < row.period_end


async def test_money_that_does_not_come_is_asked_for_on_days_0_2_7_14_and_21_and_then_it_ends(harbour, anna):
    row = await paid_subscription()
    await harbour.live(row.period_end - now() - timedelta(hours=1), step=5 * DAY)
    await answer(harbour, "insufficient_funds")
    due = row.period_end
    states = {}
    for day in range(30):
        await harbour.live(DAY, step=timedelta(hours=6))
        states[day] = (await paid_subscription()).state
    tries = [each for each in await rows(Payment) if each.kind == "renewal"]
    assert [each.state for each in tries] == ["failed"] * 5
    assert [(each.created_at - due).days for each in tries] == [0, 2, 7, 14, 21]
    assert {day for day, state in states.items() if state == "past_due"} == {0, 1, 2}
    assert states[3] == states[26] == "suspended"
    assert states[29] == "ended"
    assert (await paid_subscription()).ended_because == "unpaid"
    told = await mails("payment_failed", "access_suspended", "subscription_ended")
    assert sorted(told) == ["access_suspended", *["payment_failed"] * 5, "subscription_ended"]
