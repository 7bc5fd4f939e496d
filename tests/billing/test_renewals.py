"""Our own engine under the moved clock, with YooKassa's simulator: charged once, on time, for the next period."""

import asyncio

import pytest
from lives import (
    DAY,
    HOUR,
    charged,
    live_until_due,
    mails,
    methods_come_to,
    paid_subscription,
    payments,
    rows,
    somebody,
)
from sqlalchemy import update

from verf.billing.ending import cancel, resume
from verf.billing.messages import Attend
from verf.billing.models import Finding, Grant, Payment, Subscription
from verf.billing.renewals import attend
from verf.database import transaction
from verf.jobs import enqueue
from verf.kit import now


@pytest.fixture
async def anna(harbour):
    anna = await somebody(harbour)
    await harbour.buy(anna, provider="yookassa")
    return anna


async def test_a_year_is_twelve_charges_and_contiguous_access(harbour, anna):
    first = await paid_subscription()
    await harbour.live(335 * DAY, step=2 * DAY)
    assert await payments() == [("initial", "paid"), *[("renewal", "paid")] * 11]
    grants = [grant for grant in await rows(Grant) if grant.source == "payment"]
    assert [grant.starts_at for grant in grants[1:]] == [grant.ends_at for grant in grants[:-1]]
    row = await paid_subscription()
    assert (row.state, row.period_index) == ("active", 11)
    assert row.anchor_at == first.anchor_at
    assert row.period_start <= now() < row.period_end


async def test_money_that_does_not_come_is_asked_for_on_days_0_2_7_14_and_21_and_then_it_ends(harbour, anna):
    due = (await live_until_due(harbour)).period_end
    await methods_come_to(harbour, "insufficient_funds")
    states = {}
    for day in range(30):
        await harbour.live(DAY, step=6 * HOUR)
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


async def test_what_is_paid_at_the_second_try_goes_on_as_if_nothing_had_been(harbour, anna):
    due = await live_until_due(harbour)
    await methods_come_to(harbour, "insufficient_funds")
    await harbour.live(DAY)
    owing = await paid_subscription()
    assert (owing.state, (owing.next_charge_at - due.period_end).days) == ("past_due", 2)
    await methods_come_to(harbour, "pays")
    await harbour.live(2 * DAY)
    row = await paid_subscription()
    assert (row.state, row.past_due_since, row.dunning_step) == ("active", None, 0)
    assert row.period_start == due.period_end
    assert row.next_charge_at == row.period_end
    assert await payments() == [("initial", "paid"), ("renewal", "failed"), ("renewal", "paid")]


async def test_a_stolen_card_is_charged_once_and_mails_go_on(harbour, anna):
    await live_until_due(harbour)
    await methods_come_to(harbour, "stolen")
    await harbour.live(2 * DAY, step=12 * HOUR)
    assert (await paid_subscription()).next_charge_at is None
    await harbour.live(28 * DAY, step=12 * HOUR)
    assert await payments("failed") == [("renewal", "failed")]
    assert await mails("payment_failed") == ["payment_failed"] * 5
    assert (await paid_subscription()).ended_because == "unpaid"


async def test_cancelled_an_hour_before_nothing_is_charged(harbour, anna):
    row = await live_until_due(harbour)
    await cancel(anna.organisation, "stock", when="period_end", reason="Too dear", by=anna.person, key="k")
    await harbour.live(3 * DAY)
    assert await payments() == [("initial", "paid")]
    ended = await paid_subscription()
    assert (ended.state, ended.ended_at, ended.cancel_reason) == ("ended", row.period_end, "Too dear")
    assert await mails("cancellation_confirmed", "subscription_ended") == [
        "cancellation_confirmed",
        "subscription_ended",
    ]


async def test_a_cancellation_taken_back_is_charged_as_ever(harbour, anna):
    await cancel(anna.organisation, "stock", when="period_end", reason="", by=anna.person, key="k")
    await live_until_due(harbour)
    await resume(anna.organisation, "stock", by=anna.person, key="r")
    await harbour.live(DAY)
    assert await payments() == [("initial", "paid"), ("renewal", "paid")]


async def test_the_same_job_many_times_at_once_charges_once(harbour, anna):
    await live_until_due(harbour, before=-HOUR)
    row = await paid_subscription()
    async with transaction(system="test makes it due again") as session:
        change = update(Subscription).where(Subscription.id == row.id)
        await session.execute(change.values(next_charge_at=now()))

    async def once():
        async with transaction(organisation=anna.organisation) as session:
            await attend(session, row.id)

    await asyncio.gather(*(once() for _ in range(10)))
    async with transaction() as session:
        for _ in range(5):
            await enqueue(session, Attend(anna.organisation, row.id))
    await harbour.settle()
    assert await payments() == [("initial", "paid"), ("renewal", "paid")]
    assert len(await charged(harbour)) == 2


@pytest.mark.parametrize("knob", ["fail", "timeout", "fail_after", "timeout_after"])
async def test_an_answer_that_never_came_is_asked_for_again_and_never_charged_twice(harbour, anna, knob):
    await live_until_due(harbour)
    await harbour.control("yookassa", "knobs", **{knob: {"path": "POST"}, "drop": {"rate": 1}})
    await harbour.live(6 * HOUR, step=HOUR)
    is_made = knob.endswith("after")
    assert await payments() == [("initial", "paid"), ("renewal", "paid" if is_made else "pending")]
    assert (await paid_subscription()).state == "active"
    await harbour.control("yookassa", "knobs", "DELETE")
    await harbour.live(2 * HOUR, step=HOUR)
    assert await payments() == [("initial", "paid"), ("renewal", "paid")]
    assert len(await charged(harbour)) == 2


@pytest.mark.parametrize("knob", ["fail", "fail_after"])
async def test_a_day_later_it_is_looked_for_and_not_asked_for_again(harbour, anna, knob):
    await live_until_due(harbour)
    await harbour.control("yookassa", "knobs", **{knob: {"path": "POST"}, "drop": {"rate": 1}})
    await harbour.live(HOUR, step=HOUR)
    await harbour.control("yookassa", "knobs", fail={"rate": 1})
    await harbour.live(30 * HOUR, step=2 * HOUR)
    assert await payments() == [("initial", "paid"), ("renewal", "pending")]
    was_made = len(await charged(harbour)) == 2
    assert was_made == (knob == "fail_after")
    await harbour.control("yookassa", "knobs", "DELETE")
    await harbour.live(2 * HOUR, step=HOUR)
    found = ("renewal", "paid") if was_made else ("renewal", "failed")
    assert await payments() == [("initial", "paid"), found]
    await harbour.live(2 * DAY)
    assert (await payments("paid")) == [("initial", "paid"), ("renewal", "paid")]
    assert len(await charged(harbour)) == 2


async def test_a_bank_that_takes_its_time_is_waited_for(harbour, anna):
    await live_until_due(harbour)
    await harbour.control("yookassa", "knobs", slow_charge={"rate": 1, "seconds": 7200}, drop={"rate": 1})
    await harbour.live(2 * HOUR, step=HOUR / 2)
    assert await payments() == [("initial", "paid"), ("renewal", "pending")]
    await harbour.live(6 * HOUR, step=HOUR)
    assert await payments() == [("initial", "paid"), ("renewal", "paid")]


async def test_lost_webhooks_change_nothing(harbour, anna):
    await live_until_due(harbour)
    await harbour.control("yookassa", "knobs", drop={"rate": 1})
    await harbour.live(31 * DAY, step=DAY)
    assert await payments() == [("initial", "paid"), ("renewal", "paid")]


async def test_who_owes_pays_on_a_page_and_the_new_card_is_charged_from_then_on(harbour, anna):
    await live_until_due(harbour)
    await methods_come_to(harbour, "stolen")
    await harbour.live(5 * DAY, step=DAY)
    before = await paid_subscription()
    assert before.state == "suspended"
    await harbour.buy(anna, provider="yookassa")
    row = await paid_subscription()
    assert (row.id, row.state, row.past_due_since) == (before.id, "active", None)
    assert row.method_id != before.method_id
    assert row.next_charge_at == row.period_end > now() + 27 * DAY
    await live_until_due(harbour, before=-HOUR)
    assert len(await payments("paid")) == 3


async def test_a_charge_that_comes_through_after_the_end_is_shown_to_staff(harbour, anna):
    await live_until_due(harbour)
    await harbour.control("yookassa", "knobs", slow_charge={"seconds": 7200})
    await harbour.live(HOUR + HOUR / 2, step=HOUR / 2)
    assert await payments() == [("initial", "paid"), ("renewal", "pending")]
    await cancel(anna.organisation, "stock", when="now", reason="", by=anna.person, key="k")
    await harbour.live(4 * HOUR, step=HOUR)
    assert await payments() == [("initial", "paid"), ("renewal", "paid")]
    assert [each.kind for each in await rows(Finding)] == ["paid_after_end"]
    assert all(grant.revoked_at or grant.ends_at <= now() for grant in await rows(Grant) if grant.source == "payment")
    row = await paid_subscription()
    assert (row.state, row.ended_because) == ("ended", "cancelled")
