"""However the news of a subscription comes, the rows, the ledger and the access end the same."""

import random
from dataclasses import replace
from datetime import timedelta

import pytest
from books import MONTH, OWN, an_organisation, mirrored, paid_to_us, payment

from verf.billing.grants import give
from verf.billing.models import CheckoutIntent, Finding, Grant, Payment, Refund, Subscription, SubscriptionEvent
from verf.billing.providers.pictures import Dispute as SeenDispute
from verf.billing.providers.pictures import Failure
from verf.billing.providers.pictures import Refund as SeenRefund
from verf.billing.states import (
    CheckoutState,
    DisputeState,
    PaymentKind,
    PaymentState,
    RefundState,
    SubscriptionState,
)
from verf.database import transaction
from verf.kit import Money, new_id, now


def life(order, start):
    """Nine pictures: incomplete, paid, upgraded, renewal failed, recovered, partly refunded, cancelled, over."""
    at = start
    first = payment("p1", order, at, plan="starter", tax=Money(190, "USD"), fee=Money(120, "USD"))
    higher = payment("p2", order, at + timedelta(days=10), money=Money(1500, "USD"), period_end=at + MONTH)
    higher = replace(higher, kind=PaymentKind.PRORATION)
    tried = payment("p3", order, at + MONTH, state=PaymentState.FAILED, failure=Failure(code="insufficient_funds"))
    tried = replace(tried, period_start=at + MONTH, period_end=at + 2 * MONTH)
    again = replace(tried, state=PaymentState.PAID, failure=None, occurred_at=at + MONTH + timedelta(days=3))
    refund = SeenRefund(ref="r1", state=RefundState.DONE, money=Money(1000, "USD"), occurred_at=at + MONTH * 1.5)
    cut = replace(again, refunds=(refund,))
    step = timedelta(hours=1)
    ended = {"state": SubscriptionState.ENDED, "ended_at": at + 2 * MONTH, "cancel_at": at + 2 * MONTH}
    return [
        mirrored(at, order, start=at, state=SubscriptionState.INCOMPLETE, plan="starter"),
        mirrored(at + step, order, first, start=at, plan="starter"),
        mirrored(at + 2 * step, order, first, higher, start=at),
        mirrored(at + 3 * step, order, first, higher, tried, start=at, periods=2, state=SubscriptionState.PAST_DUE),
        mirrored(at + 4 * step, order, first, higher, again, start=at, periods=2),
        mirrored(at + 5 * step, order, first, higher, cut, start=at, periods=2),
        mirrored(at + 6 * step, order, first, higher, cut, start=at, periods=2, cancel_at=at + 2 * MONTH),
        mirrored(at + 7 * step, order, first, higher, cut, start=at, periods=2, **ended),
    ]


@pytest.mark.parametrize("seed", range(12))
async def test_a_life_told_in_any_order_and_often_ends_the_same(books, seed):
    order = await books.intent("starter")
    pictures = life(order, books.start)
    dice = random.Random(seed)
    told = [pictures[-1], *(dice.choice(pictures) for _ in range(12)), *pictures[: dice.randrange(8)]]
    dice.shuffle(told)
    for picture in told:
        await books.apply(picture)
    found = await books.state()
    assert [row[1] for row in found["subscriptions"]] == ["ended"]
    assert [row[:2] for row in found["payments"]] == [("p1", "paid"), ("p2", "paid"), ("p3", "paid")]
    assert found["refunds"] == [("r1", "done", 1000)]
    assert sum(found["ledger"].values()) == 0
    assert found["ledger"]["cash:stripe"] == 990 + 1500 + 2990 - 1000 - 120
    assert found["ledger"]["fees"] == 120
    assert found["findings"] == []
    assert found["intents"] == ["completed"]


async def test_a_paid_checkout_gives_access_for_what_was_paid(books):
    order = await books.intent()
    await books.apply(mirrored(now(), order, payment("p1", order, books.start), start=books.start))
    row, grant = await books.one(Subscription), await books.one(Grant)
    assert (row.state, row.paid_until) == ("active", books.start + MONTH)
    assert (grant.source, grant.ends_at) == ("payment", books.start + MONTH)
    assert grant.grace_until == books.start + MONTH + timedelta(days=3)
    assert (await books.one(CheckoutIntent)).state == "completed"
    assert await books.ledger() == {"cash:stripe": 2990, "revenue:stock": -2990}


async def test_a_period_that_was_moved_before_it_was_paid_gives_nothing(books):
    order = await books.intent()
    first = payment("p1", order, books.start)
    await books.apply(mirrored(now(), order, first, start=books.start))
    owed = payment("p2", order, books.start + MONTH, state=PaymentState.PENDING)
    await books.apply(mirrored(now(), order, first, owed, start=books.start, periods=2))
    assert [grant.ends_at for grant in await books.rows(Grant)] == [books.start + MONTH]
    assert (await books.one(Subscription)).paid_until == books.start + MONTH


async def test_an_older_picture_never_overwrites_a_newer(books):
    order = await books.intent()
    first = payment("p1", order, books.start)
    await books.apply(mirrored(now(), order, first, start=books.start, cancel_at=books.start + MONTH))
    applied = await books.apply(mirrored(now() - timedelta(seconds=5), order, first, start=books.start))
    assert applied.is_stale
    assert (await books.one(Subscription)).cancel_at == books.start + MONTH


async def test_a_dispute_that_was_won_is_not_opened_again_by_old_news(books):
    order = await books.intent()
    first = payment("p1", order, books.start)
    opened = SeenDispute(ref="d1", state=DisputeState.OPEN, money=Money(2990, "USD"), occurred_at=now())
    won = replace(opened, state=DisputeState.WON)
    await books.apply(mirrored(now(), order, replace(first, disputes=(won,)), start=books.start))
    await books.apply(
        mirrored(now() - timedelta(seconds=9), order, replace(first, disputes=(opened,)), start=books.start)
    )
    assert (await books.one(Subscription)).access_hold == ""
    assert await books.ledger() == {"cash:stripe": 2990, "revenue:stock": -2990}


async def test_what_ended_never_comes_back(books):
    order = await books.intent()
    first = payment("p1", order, books.start)
    await books.apply(
        mirrored(now(), order, first, start=books.start, state=SubscriptionState.ENDED, ended_at=books.start + MONTH)
    )
    await books.apply(mirrored(now(), order, first, start=books.start))
    assert (await books.one(Subscription)).state == "ended"


async def test_a_subscription_ended_before_its_time_takes_the_rest_of_the_access(books):
    order = await books.intent()
    first = payment("p1", order, books.start)
    await books.apply(mirrored(now(), order, first, start=books.start))
    ended = {"state": SubscriptionState.ENDED, "ended_at": now()}
    await books.apply(mirrored(now(), order, first, start=books.start, **ended))
    assert (await books.one(Grant)).revoked_because == "the subscription ended"


async def test_a_failed_payment_that_comes_through_is_paid_and_never_failed_again(books):
    order = await books.intent()
    failed = payment("p1", order, books.start, state=PaymentState.FAILED, failure=Failure(code="declined"))
    paid = payment("p1", order, books.start)
    for seen in (failed, paid, failed):
        await books.apply(mirrored(now(), order, seen, start=books.start))
    assert (await books.one(Payment)).state == "paid"
    assert (await books.ledger())["cash:stripe"] == 2990


async def test_a_second_subscription_is_found_and_does_not_take_the_place_of_the_first(books):
    first, second = await books.intent(), None
    await books.apply(mirrored(now(), first, payment("p1", first, books.start), start=books.start))
    second = await books.intent("starter")
    seen = payment("p2", second, now(), plan="starter")
    await books.apply(mirrored(now(), second, seen, start=books.start, plan="starter", ref="sub_2"))
    live = [row for row in await books.rows(Subscription) if row.duplicate_of is None]
    assert [row.ref for row in live] == ["sub_1"]
    assert [(row.kind, row.subject) for row in await books.rows(Finding)] == [("duplicate", "subscription:sub_2")]
    assert (await books.ledger())["cash:stripe"] == 2990 + 990


async def test_an_order_of_nobody_is_noted_and_gives_nothing(books):
    stranger = new_id()
    applied = await books.apply(mirrored(now(), stranger, payment("p1", stranger, now()), start=books.start))
    assert applied.organisation is None
    assert [row.kind for row in await books.rows(Finding)] == ["unknown_payment"]
    assert await books.rows(Grant) == []
    assert await books.ledger() == {}


async def test_an_intent_of_another_provider_does_not_vouch_for_a_payment(books):
    order = await books.intent("pro-rub", provider=OWN)
    applied = await books.apply(mirrored(now(), order, payment("p1", order, now()), start=books.start))
    assert applied.organisation is None
    assert await books.rows(Grant) == []


async def test_a_price_nobody_knows_gives_no_access_and_is_noted(books):
    order = await books.intent()
    seen = mirrored(now(), order, payment("p1", order, now(), price="price_x"), start=books.start)
    seen = replace(seen, subscription=replace(seen.subscription, price="price_x"))
    await books.apply(seen)
    assert [row.kind for row in await books.rows(Finding)] == ["unknown_price"]
    assert await books.rows(Grant) == []
    assert (await books.ledger())["cash:stripe"] == 2990


async def test_a_full_refund_takes_the_access_and_a_partial_one_does_not(books):
    order = await books.intent()
    first = payment("p1", order, books.start, tax=Money(499, "USD"))
    part = SeenRefund(ref="r1", state=RefundState.DONE, money=Money(1001, "USD"), occurred_at=now())
    rest = SeenRefund(ref="r2", state=RefundState.DONE, money=Money(1989, "USD"), occurred_at=now())
    await books.apply(mirrored(now(), order, replace(first, refunds=(part,)), start=books.start))
    assert (await books.one(Grant)).revoked_at is None
    await books.apply(mirrored(now(), order, replace(first, refunds=(part, rest)), start=books.start))
    assert (await books.one(Grant)).revoked_because == "refunded"
    assert (await books.one(Subscription)).paid_until is None
    assert await books.ledger() == {}


async def test_a_refund_is_money_back_only_when_the_provider_says_so(books):
    order = await books.intent()
    first = payment("p1", order, books.start)
    waiting = SeenRefund(ref="r1", state=RefundState.PENDING, money=Money(2990, "USD"), occurred_at=now())
    await books.apply(mirrored(now(), order, replace(first, refunds=(waiting,)), start=books.start))
    assert (await books.ledger())["cash:stripe"] == 2990
    assert (await books.one(Payment)).refunded == 2990
    refused = replace(waiting, state=RefundState.FAILED)
    await books.apply(mirrored(now(), order, replace(first, refunds=(refused,)), start=books.start))
    assert (await books.one(Payment)).refunded == 0
    assert (await books.one(Grant)).revoked_at is None


async def test_a_refund_that_staff_asked_for_is_the_one_the_provider_shows(books):
    order = await books.intent()
    first = payment("p1", order, books.start)
    await books.apply(mirrored(now(), order, first, start=books.start))
    row = await books.one(Payment)
    async with transaction(organisation=books.organisation) as session:
        kept = await session.get_one(Payment, row.id)
        kept.refunded = 700
        session.add(
            Refund(
                organisation_id=books.organisation,
                payment_id=row.id,
                provider=row.provider,
                account=row.account,
                is_live=False,
                key="k1",
                state="pending",
                currency="USD",
                amount=700,
                occurred_at=now(),
            )
        )
    done = SeenRefund(ref="r1", state=RefundState.DONE, money=Money(700, "USD"), occurred_at=now())
    await books.apply(mirrored(now(), order, replace(first, refunds=(done,)), start=books.start))
    refund = await books.one(Refund)
    assert (refund.ref, refund.key, refund.state) == ("r1", "k1", "done")
    assert (await books.one(Payment)).refunded == 700


async def test_a_dispute_holds_access_until_it_is_won(books):
    order = await books.intent()
    first = payment("p1", order, books.start)
    dispute = SeenDispute(ref="d1", state=DisputeState.OPEN, money=Money(2990, "USD"), occurred_at=now())
    await books.apply(mirrored(now(), order, replace(first, disputes=(dispute,)), start=books.start))
    assert (await books.one(Subscription)).access_hold == "dispute"
    assert await books.ledger() == {"disputed": 2990, "revenue:stock": -2990}
    won = replace(dispute, state=DisputeState.WON)
    await books.apply(mirrored(now(), order, replace(first, disputes=(won,)), start=books.start))
    assert (await books.one(Subscription)).access_hold == ""
    assert await books.ledger() == {"cash:stripe": 2990, "revenue:stock": -2990}


async def test_a_dispute_lost_takes_the_money_and_the_access(books):
    order = await books.intent()
    first = payment("p1", order, books.start, tax=Money(490, "USD"))
    lost = SeenDispute(ref="d1", state=DisputeState.LOST, money=Money(2990, "USD"), occurred_at=now())
    await books.apply(mirrored(now(), order, replace(first, disputes=(lost,)), start=books.start))
    assert (await books.one(Grant)).revoked_because == "dispute lost"
    assert await books.ledger() == {}


async def test_a_lost_dispute_that_is_reversed_brings_everything_back(books):
    order = await books.intent()
    first = payment("p1", order, books.start, tax=Money(490, "USD"))
    for state in (DisputeState.OPEN, DisputeState.LOST, DisputeState.WON, DisputeState.WON):
        seen = SeenDispute(ref="d1", state=state, money=Money(2990, "USD"), occurred_at=now())
        await books.apply(mirrored(now(), order, replace(first, disputes=(seen,)), start=books.start))
    assert (await books.one(Grant)).revoked_at is None
    assert await books.ledger() == {"cash:stripe": 2990, "revenue:stock": -2500, "tax": -490}


async def test_each_step_is_logged_once_with_what_changed(books):
    order = await books.intent()
    first = payment("p1", order, books.start)
    for _again in range(3):
        await books.apply(mirrored(now(), order, first, start=books.start))
    await books.apply(mirrored(now(), order, first, start=books.start, state=SubscriptionState.PAST_DUE))
    log = await books.rows(SubscriptionEvent)
    assert [(row.from_state, row.to_state) for row in log] == [("", "active"), ("active", "past_due")]


async def test_the_first_payment_to_us_opens_a_subscription_of_our_own(books):
    order = await books.intent("pro-rub", provider=OWN)
    seen = payment("y1", order, now(), money=Money(2990 * 90, "RUB"))
    for _again in range(3):
        await books.apply(paid_to_us(now(), seen, checkout=CheckoutState.COMPLETED))
    row, grant = await books.one(Subscription), await books.one(Grant)
    assert (row.engine, row.state, row.ref) == ("own", "active", str(order))
    assert row.next_charge_at == row.period_end == grant.ends_at == row.paid_until
    assert (await books.one(Payment)).period_start == row.anchor_at


async def test_another_sum_than_asked_for_gives_nothing_and_is_noted(books):
    order = await books.intent("pro-rub", provider=OWN)
    await books.apply(paid_to_us(now(), payment("y1", order, now(), money=Money(100, "RUB"))))
    assert await books.rows(Grant) == []
    assert [row.kind for row in await books.rows(Finding)] == ["amount_differs"]
    assert (await books.ledger())["cash:yookassa"] == 100


async def test_buying_again_before_the_end_adds_a_period_and_loses_no_day(books):
    ends = []
    for number in range(3):
        order = await books.intent("pro-rub", provider=OWN)
        seen = payment(f"y{number}", order, books.start + timedelta(days=number), money=Money(2990 * 90, "RUB"))
        await books.apply(paid_to_us(now(), seen))
        ends.append((await books.one(Subscription)).period_end)
    starts = [grant.starts_at for grant in await books.rows(Grant)]
    assert starts[1:] == ends[:2]
    assert (await books.one(Subscription)).period_index == 2


async def test_paying_turns_the_trial_into_history(books):
    order = await books.intent()
    pro = await books.one_plan("pro")
    async with transaction(organisation=books.organisation) as session:
        trial = Subscription(
            organisation_id=books.organisation,
            product="stock",
            provider="house",
            account="",
            is_live=False,
            ref="trial",
            engine="own",
            state="trialing",
            plan_version_id=pro,
            anchor_at=now(),
            trial_end=now() + timedelta(days=14),
        )
        session.add(trial)
        await give(
            session,
            books.organisation,
            "stock",
            source="trial",
            source_ref="trial",
            plan_version=pro,
            starts_at=now(),
            ends_at=now() + timedelta(days=14),
        )
    await books.apply(mirrored(now(), order, payment("p1", order, books.start), start=books.start))
    rows = {row.provider: row for row in await books.rows(Subscription)}
    assert (rows["house"].state, rows["house"].ended_because) == ("ended", "converted")
    assert rows["stripe"].state == "active"


async def test_another_organisation_is_never_touched(books):
    other, _person = await an_organisation("boris@example.com")
    order = await books.intent(organisation=other)
    await books.apply(mirrored(now(), order, payment("p1", order, books.start), start=books.start))
    assert {row.organisation_id for row in await books.rows(Grant)} == {other}
    async with transaction(organisation=books.organisation) as session:
        assert await session.get(Subscription, (await books.one(Subscription)).id) is None
