"""What owners hear before it happens: once for each occasion, and only what is still true."""

from datetime import UTC, datetime, timedelta

import pytest
from lives import DAY, HOUR, live_until_due, mails, paid_subscription, rows, somebody
from sqlalchemy import update

from verf.billing.ending import cancel
from verf.billing.models import PaymentMethod
from verf.billing.reminders import PREPAID_DAYS, Countdown, countdown, expires_before, queue_reminders
from verf.database import transaction
from verf.kit import now

END = datetime(2027, 3, 1, tzinfo=UTC)


@pytest.mark.parametrize(
    ("left", "told"),
    [
        (timedelta(days=8), None),
        (timedelta(days=7), Countdown(7, 7)),
        (timedelta(days=3, seconds=1), Countdown(7, 4)),
        (timedelta(days=3), Countdown(3, 3)),
        (timedelta(days=1, hours=1), Countdown(3, 2)),
        (timedelta(hours=5), Countdown(1, 1)),
        (timedelta(), None),
        (timedelta(days=-1), None),
    ],
)
def test_a_countdown_tells_the_step_and_the_days_that_are_really_left(left, told):
    assert countdown(END, END - left, PREPAID_DAYS) == told


def test_what_has_no_end_is_not_counted_down():
    assert countdown(None, END, PREPAID_DAYS) is None


@pytest.mark.parametrize(
    ("expires", "is_soon"), [("2027-02", True), ("2027-03", False), ("2030-11", False), ("", False)]
)
def test_a_card_is_good_to_the_end_of_its_last_month(expires, is_soon):
    assert expires_before(expires, END) == is_soon


async def test_a_card_that_expires_before_the_next_charge_is_told_of_once(harbour):
    await harbour.buy(await somebody(harbour), "pro", provider="yookassa")
    row = await paid_subscription()
    async with transaction(system="test lets the card grow old") as session:
        month = row.period_end.replace(day=1) - DAY
        await session.execute(update(PaymentMethod).values(expires=f"{month:%Y-%m}"))
    await harbour.live(15 * DAY, step=5 * DAY)
    assert await mails() == []
    await live_until_due(harbour)
    await harbour.live(HOUR / 2, step=HOUR / 4)
    assert await mails() == ["card_expires"]


async def test_who_has_cancelled_is_not_reminded_of_anything(harbour):
    anna = await somebody(harbour)
    await harbour.buy(anna, "pro", provider="wata")
    await cancel(anna.organisation, "stock", when="period_end", reason="", by=anna.person, key="k")
    await live_until_due(harbour)
    assert await mails() == ["cancellation_confirmed"]
    assert len(await rows(PaymentMethod)) == 0


async def test_whoever_has_nothing_coming_costs_no_job(harbour):
    await harbour.buy(await somebody(harbour), "pro", provider="yookassa")
    row = await paid_subscription()
    await harbour.live(row.period_end - now() - 5 * DAY, step=10 * DAY)
    async with transaction(system="test asks who is to be reminded") as session:
        assert await queue_reminders(session) == 0
        await session.execute(update(PaymentMethod).values(expires="2020-01"))
        assert await queue_reminders(session) == 1
