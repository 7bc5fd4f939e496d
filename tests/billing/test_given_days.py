"""Days that were given come before the next charge, wherever the calendar is kept; none is lost and none is paid."""

from datetime import timedelta

import pytest
from killing import dies, moments
from lives import CALENDAR, DAY, HOUR, buyer, live_until_due, paid_subscription, rows, somebody
from sqlalchemy import update
from staging import Shielded

from verf.billing.changing import change_plan
from verf.billing.ending import cancel
from verf.billing.grants import give, grants_of, revoke
from verf.billing.gratuities import give_plan
from verf.billing.messages import PutOff, PutOffDue
from verf.billing.models import Finding, Grant, PaidPeriod, Payment, Price, Subscription
from verf.billing.promo_codes import NewPromo, create_promo, redeem_days
from verf.billing.putting_off import put_off
from verf.billing.standing import standing_of
from verf.database import transaction
from verf.jobs import enqueue, shift
from verf.kit import advance, new_id, now
from verf.outbound import use_transport

WEEK = 7 * DAY
SECOND = timedelta(seconds=1)
everywhere = pytest.mark.parametrize("provider", ["stripe", "paddle", "yookassa"])
mirrored = pytest.mark.parametrize("provider", ["stripe", "paddle"])


async def customer(harbour, provider):
    anna = await somebody(harbour)
    harbour.schedules = [*CALENDAR, PutOffDue]
    await harbour.buy(anna, provider=provider)
    return anna


async def give_a_week(anna, code="WEEK"):
    async with transaction() as session:
        await create_promo(session, NewPromo(code=code, kind="days", value=7), by=None)
    async with transaction(organisation=anna.organisation) as session:
        await redeem_days(session, anna.organisation, code, product="stock", person=anna.person)


async def befriend(anna):
    """As the reward for a friend is given."""
    start = (await paid_subscription()).paid_until
    async with transaction(organisation=anna.organisation) as session:
        [one] = [each for each in await grants_of(session, anna.organisation, "stock") if each.source == "payment"]
        given = {"source": "referral", "source_ref": "friend:inviter", "plan_version": one.plan_version_id}
        await give(session, anna.organisation, "stock", **given, starts_at=start, ends_at=start + WEEK)


async def lose_the_friend(anna):
    async with transaction(organisation=anna.organisation) as session:
        await revoke(
            session, anna.organisation, source="referral", source_ref="friend:inviter", because="the payment went back"
        )


async def renewals():
    return [each for each in await rows(Payment) if each.kind == "renewal" and each.state == "paid"]


async def assert_access_is_whole(until):
    """From the first payment to then, without a gap."""
    spans = sorted((each.starts_at, each.ends_at) for each in await rows(Grant) if each.source != "trial")
    reached = spans[0][0]
    for start, end in spans:
        assert start <= reached + SECOND
        reached = max(reached, end)
    assert reached >= until


@everywhere
async def test_a_week_that_was_given_comes_before_the_next_charge(harbour, provider):
    anna = await customer(harbour, provider)
    await give_a_week(anna)
    due = (await live_until_due(harbour, before=30 * HOUR)).period_end
    assert await renewals() == []
    async with transaction(organisation=anna.organisation) as session:
        assert (await standing_of(session, anna.organisation, "stock")).next_charge_at == due + WEEK
    await harbour.live(8 * DAY, step=6 * HOUR)
    assert await renewals() == []
    row = await paid_subscription()
    assert row.state == "active"
    assert abs(row.period_end - (due + WEEK)) <= SECOND
    await harbour.live(DAY, step=6 * HOUR)
    [renewal] = await renewals()
    assert abs(renewal.period_start - (due + WEEK)) <= SECOND
    assert (await paid_subscription()).period_end == renewal.period_end
    await assert_access_is_whole(renewal.period_end)
    [first, second] = sorted(await rows(PaidPeriod), key=lambda each: each.starts_at)
    assert abs(second.starts_at - first.ends_at - WEEK) <= SECOND
    assert await rows(Finding) == []
    await harbour.live(renewal.period_end - now() + 6 * HOUR, step=2 * DAY)
    assert len(await renewals()) == 2


@everywhere
async def test_days_from_staff_put_it_off_by_what_reaches_past_the_paid_time(harbour, provider):
    anna = await customer(harbour, provider)
    due = (await live_until_due(harbour, before=2 * DAY)).period_end
    async with transaction(organisation=anna.organisation) as session:
        await give_plan(
            session, anna.organisation, "stock", "pro", days=5, by=anna.person, because="an outage", key=str(new_id())
        )
    ends = now() + 5 * DAY
    await harbour.live(4 * DAY, step=6 * HOUR)
    assert await renewals() == []
    await harbour.live(2 * DAY, step=6 * HOUR)
    [renewal] = await renewals()
    assert renewal.period_start > due
    assert abs(renewal.period_start - ends) < HOUR


@mirrored
async def test_told_ten_times_and_dying_in_between_it_is_put_off_once(harbour, provider):
    anna = await customer(harbour, provider)
    await give_a_week(anna)
    due = (await paid_subscription()).period_end
    row = await live_until_due(harbour, before=20 * HOUR)
    for number in range(5):
        await put_off(anna.organisation, row.id)
        async with transaction() as session:
            await enqueue(session, PutOff(anna.organisation, row.id))
        if number == 2:
            # As if whoever asked had died before the answer was written down.
            async with transaction(system="test forgets the answer") as session:
                forget = update(Subscription).where(Subscription.id == row.id)
                await session.execute(forget.values(period_end=due, put_off_until=None, snapshot_at=None))
        await harbour.settle()
    assert abs((await paid_subscription()).period_end - (due + WEEK)) <= SECOND
    assert len(await rows(Payment)) == 1
    await harbour.live(8 * DAY + 6 * HOUR, step=6 * HOUR)
    assert len(await renewals()) == 1


@everywhere
async def test_days_taken_back_before_they_came_change_nothing(harbour, provider):
    anna = await customer(harbour, provider)
    await befriend(anna)
    due = (await live_until_due(harbour, before=30 * HOUR)).period_end
    await lose_the_friend(anna)
    await harbour.live(2 * DAY, step=6 * HOUR)
    [renewal] = await renewals()
    assert abs(renewal.period_start - due) <= SECOND


@everywhere
async def test_days_taken_back_while_they_run_bring_one_charge_at_once(harbour, provider):
    anna = await customer(harbour, provider)
    await befriend(anna)
    due = (await paid_subscription()).period_end
    await live_until_due(harbour, before=20 * HOUR)
    await harbour.live(due + 2 * DAY - now(), step=6 * HOUR)
    assert await renewals() == []
    await lose_the_friend(anna)
    taken = now()
    await harbour.live(DAY, step=HOUR)
    [renewal] = await renewals()
    assert due < taken <= renewal.period_start < taken + 2 * HOUR
    await harbour.live(10 * DAY, step=DAY)
    assert len(await renewals()) == 1
    assert (await paid_subscription()).state == "active"


async def test_days_of_a_lower_plan_put_nothing_off(harbour):
    anna = await customer(harbour, "yookassa")
    async with transaction(organisation=anna.organisation) as session:
        await give_plan(
            session, anna.organisation, "stock", "starter", days=90, by=anna.person, because="x", key=str(new_id())
        )
    await live_until_due(harbour, before=-HOUR)
    assert len(await renewals()) == 1


async def down(anna, harbour):
    change = await change_plan(buyer(anna), "stock", await harbour.price("starter"), key="down")
    assert change.outcome == "scheduled"


async def assert_starter_comes_after_the_week(harbour, due):
    row = await paid_subscription()
    assert abs(row.period_end - (due + WEEK)) <= SECOND
    starter = await harbour.price("starter")
    assert (row.pending_price_id, await renewals()) == (starter, [])
    await harbour.live(due + WEEK - now() - 6 * HOUR, step=DAY)
    assert await renewals() == []
    await harbour.live(12 * HOUR, step=6 * HOUR)
    [renewal] = await renewals()
    assert abs(renewal.period_start - (due + WEEK)) <= SECOND
    row = await paid_subscription()
    assert (row.state, row.price_id, row.pending_price_id) == ("active", starter, None)
    [cheapest] = [each.amount for each in await rows(Price) if each.id == starter]
    assert renewal.amount == cheapest
    await assert_access_is_whole(renewal.period_end)


@mirrored
async def test_a_week_comes_before_the_lower_plan_as_well(harbour, provider):
    anna = await customer(harbour, provider)
    await give_a_week(anna)
    await down(anna, harbour)
    due = (await paid_subscription()).period_end
    await live_until_due(harbour, before=20 * HOUR)
    await harbour.live(HOUR, step=HOUR)
    await assert_starter_comes_after_the_week(harbour, due)
    assert await rows(Finding) == []


@mirrored
async def test_whoever_dies_while_it_is_put_off_the_lower_plan_comes_after_the_week(harbour, provider):
    anna = await customer(harbour, provider)
    await give_a_week(anna)
    due = (await paid_subscription()).period_end
    await down(anna, harbour)
    harbour.schedules = CALENDAR
    row = await live_until_due(harbour, before=23 * HOUR)
    deaths = 0
    with use_transport(provider, Shielded(harbour.sandbox._transport)):
        for moment in moments(growth=1.2):
            if not await dies(put_off(anna.organisation, row.id), after=moment):
                break
            deaths += 1
            advance(timedelta(minutes=5))
            await shift(timedelta(minutes=5))
            await harbour.settle()
            assert (await paid_subscription()).pending_price_id == await harbour.price("starter")
    assert deaths > 5
    harbour.schedules = [*CALENDAR, PutOffDue]
    await harbour.live(HOUR, step=HOUR)
    await assert_starter_comes_after_the_week(harbour, due)


@mirrored
async def test_days_taken_back_before_the_lower_plan_bring_it_at_once(harbour, provider):
    anna = await customer(harbour, provider)
    await befriend(anna)
    due = (await paid_subscription()).period_end
    await down(anna, harbour)
    await live_until_due(harbour, before=20 * HOUR)
    await harbour.live(due + 2 * DAY - now(), step=6 * HOUR)
    assert await renewals() == []
    await lose_the_friend(anna)
    await harbour.live(DAY, step=HOUR)
    [renewal] = await renewals()
    assert renewal.period_start < due + 2 * DAY + 2 * HOUR
    assert (await paid_subscription()).price_id == await harbour.price("starter")


@mirrored
async def test_who_has_cancelled_is_left_alone(harbour, provider):
    anna = await customer(harbour, provider)
    await give_a_week(anna)
    await cancel(anna.organisation, "stock", when="period_end", reason="", by=anna.person, key="k")
    await live_until_due(harbour, before=-6 * HOUR)
    assert (await paid_subscription()).state == "ended"
    assert await renewals() == []
