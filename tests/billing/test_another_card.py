"""Who owes us can pay on a page with another card: the subscription goes on, and nothing is charged twice."""

from datetime import timedelta

from lives import somebody
from sqlalchemy import select

from verf.billing.models import Payment, Subscription
from verf.database import transaction


async def rows(record):
    async with transaction(system="test looks") as session:
        return list(await session.scalars(select(record).order_by(record.id)))


async def the_live_one():
    [row] = [row for row in await rows(Subscription) if row.provider == "yookassa"]
    return row


async def test_another_card_pays_what_is_owed_and_is_charged_from_then_on(harbour):
    anna = await somebody(harbour)
    await harbour.buy(anna, "starter", provider="yookassa", later="insufficient_funds")
    await harbour.live(timedelta(days=32), step=timedelta(days=4))
    owing = await the_live_one()
    assert owing.state == "past_due"
    await harbour.buy(anna, "starter", provider="yookassa")
    row = await the_live_one()
    assert (row.state, row.past_due_since) == ("active", None)
    assert row.method_id not in (None, owing.method_id)
    paid = [payment for payment in await rows(Payment) if payment.state == "paid"]
    assert len(paid) == 2
    await harbour.live(timedelta(days=32), step=timedelta(days=4))
    paid = [payment for payment in await rows(Payment) if payment.state == "paid"]
    assert len(paid) == 3
    assert (await the_live_one()).state == "active"
