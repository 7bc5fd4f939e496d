"""Time is paid for once: periods are contiguous, and the database refuses a second over the same moment."""

import itertools
import random
from dataclasses import replace
from datetime import timedelta

import pytest
from books import MONTH, mirrored, payment
from lives import DAY, buyer, live_until_due, methods_come_to, paid_subscription, rows, somebody
from sqlalchemy import text
from sqlalchemy.exc import IntegrityError

from verf.billing.changing import change_plan
from verf.billing.ending import pause, resume
from verf.billing.models import Finding, PaidPeriod, Payment, Subscription
from verf.billing.states import PaymentKind
from verf.database import transaction
from verf.kit import Money, new_id


async def spans():
    found = sorted(await rows(PaidPeriod), key=lambda each: each.starts_at)
    return [(each.starts_at, each.ends_at, each.follows) for each in found]


async def test_renewals_follow_each_other_without_a_gap(harbour):
    anna = await somebody(harbour)
    await harbour.buy(anna, provider="yookassa")
    await harbour.live(150 * DAY, step=5 * DAY)
    found = await spans()
    assert len(found) == 5
    assert [start for start, _end, _follows in found[1:]] == [end for _start, end, _follows in found[:-1]]
    assert [follows for _start, _end, follows in found] == [None, *[start for start, _end, _follows in found[1:]]]


async def test_after_a_pause_the_next_period_follows_nothing(harbour):
    anna = await somebody(harbour)
    await harbour.buy(anna, provider="yookassa")
    await pause(anna.organisation, "stock", by=anna.person, key="p")
    await harbour.live(45 * DAY, step=5 * DAY)
    await resume(anna.organisation, "stock", by=anna.person, key="r")
    await harbour.live(DAY)
    [first, second] = await spans()
    assert second[0] > first[1]
    assert second[2] is None


async def test_another_length_of_period_cuts_the_one_that_ran(harbour):
    anna = await somebody(harbour)
    await harbour.buy(anna, "pro", provider="yookassa")
    await harbour.live(10 * DAY, step=10 * DAY)
    before = await paid_subscription()
    year = await harbour.price("pro", currency="RUB", interval="year")
    assert (await change_plan(buyer(anna), "stock", year, key="longer")).outcome == "done"
    await harbour.settle()
    [month, longer] = await spans()
    row = await paid_subscription()
    assert month == (before.period_start, row.period_start, None)
    assert longer == (row.period_start, row.period_end, row.period_start)


async def test_a_period_paid_late_is_the_one_that_was_owed(harbour):
    anna = await somebody(harbour)
    await harbour.buy(anna, provider="yookassa")
    due = (await live_until_due(harbour)).period_end
    await methods_come_to(harbour, "insufficient_funds")
    await harbour.live(DAY)
    await methods_come_to(harbour, "pays")
    await harbour.live(2 * DAY)
    [first, second] = await spans()
    assert first[1] == second[0] == second[2] == due


async def test_a_period_that_a_provider_lets_pay_twice_is_kept_once_and_told(books):
    order, at = await books.intent(), books.start
    first = payment("p1", order, at)
    again = replace(payment("p2", None, at + timedelta(days=3)), kind=PaymentKind.RENEWAL)
    await books.apply(mirrored(at + DAY, order, first, start=at))
    for hours in range(4):
        await books.apply(mirrored(at + timedelta(days=4, hours=hours), order, first, again, start=at))
    assert [(start, end) for start, end, _follows in await spans()] == [(at, at + MONTH)]
    assert [(each.kind, each.subject) for each in await books.rows(Finding)] == [("period_paid_twice", "payment:p2")]
    assert (await books.ledger())["cash:stripe"] == 2 * 2990


@pytest.mark.parametrize("seed", range(10))
async def test_whatever_a_provider_shows_no_moment_is_paid_for_twice(books, seed):
    dice = random.Random(seed)
    order, at, seen = await books.intent(), books.start, []
    for number in range(12):
        start = at + timedelta(days=dice.randrange(60))
        kind = dice.choice([PaymentKind.RENEWAL, PaymentKind.RENEWAL, PaymentKind.PRORATION])
        length = timedelta(days=dice.choice([1, 7, 31, 365]))
        money = Money(dice.choice([0, 990, 2990]), "USD")
        one = payment(f"p{number}", None, start, period_end=start + length, money=money)
        seen.append(replace(one, kind=kind, occurred_at=at + timedelta(hours=number)))
    first = payment("first", order, at)
    for hours in range(1, 5):
        told = [first, *seen[: 3 * hours]]
        dice.shuffle(told)
        await books.apply(mirrored(at + timedelta(hours=hours), order, *told, start=at))
    found = await spans()
    assert found
    assert all(end <= start for (_, end, _), (start, _, _) in itertools.pairwise(found))
    assert len(await books.rows(Payment)) == 13


async def test_the_database_refuses_a_second_period_over_the_same_time(books):
    order, at = await books.intent(), books.start
    await books.apply(mirrored(at, order, payment("p1", order, at), payment("p2", None, at + 2 * MONTH), start=at))
    row = await books.one(Subscription)
    [_first, second] = await books.rows(Payment)
    async with transaction(system="test makes room for the payment") as session:
        await session.execute(text("DELETE FROM billing.paid_periods WHERE payment_id = :id"), {"id": second.id})

    async def write(start, end, follows=None):
        async with transaction(organisation=books.organisation) as session:
            session.add(
                PaidPeriod(
                    id=new_id(),
                    organisation_id=books.organisation,
                    subscription_id=row.id,
                    payment_id=second.id,
                    starts_at=start,
                    ends_at=end,
                    follows=follows,
                )
            )

    second_long = timedelta(microseconds=1)
    with pytest.raises(IntegrityError, match="never_overlap"):
        await write(at + MONTH - second_long, at + 2 * MONTH)
    with pytest.raises(IntegrityError, match="contiguous"):
        await write(at + MONTH + second_long, at + 2 * MONTH, at + MONTH)
    with pytest.raises(IntegrityError, match="follows"):
        await write(at + 3 * MONTH, at + 4 * MONTH, at + 3 * MONTH)
    await write(at + MONTH, at + 2 * MONTH, at + MONTH)
