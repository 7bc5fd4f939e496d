"""Codes are used up once and by whom they may; friends are rewarded when the money stays."""

import asyncio
from datetime import UTC, datetime, timedelta

import pytest
from books import MONTH, an_organisation, mirrored, payment
from sqlalchemy import select

from verf.billing.catalogue import forget_catalogue
from verf.billing.gifts import move_gifts_behind
from verf.billing.models import CheckoutIntent, Grant, Payment, PromoCode, PromoRedemption, Referral
from verf.billing.promo_codes import (
    NewPromo,
    PromoExists,
    PromoRefused,
    create_promo,
    redeem_days,
    reserve,
    settle_redemption,
)
from verf.billing.providers.pictures import Refund as SeenRefund
from verf.billing.referrals import ReferralRefused, claw_back, follow, qualify, referral_code, reward_due
from verf.billing.states import RefundState
from verf.database import transaction
from verf.kit import Money, advance, new_id, now, set_offset
from verf.organisations.membership import found
from verf.settings import load

PRICE = Money(2990, "USD")
NOON = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def fresh_catalogue():
    forget_catalogue()


@pytest.fixture(autouse=True)
def real_time_afterwards():
    yield
    set_offset(timedelta())


async def code(**more):
    wanted = NewPromo(**{"code": "SPRING", "kind": "percent", "value": 20, **more})
    async with transaction() as session:
        return await create_promo(session, wanted, by=None)


async def take(organisation, name="spring", *, intent=None, money=PRICE, plan="pro", person=None):
    async with transaction(organisation=organisation) as session:
        return await reserve(
            session,
            organisation,
            name,
            product="stock",
            plan=plan,
            money=money,
            intent=intent or new_id(),
            person=person,
        )


async def organisation_of(person, name):
    """Another one of the same person."""
    async with transaction(system="test opens a second organisation") as session:
        return await found(session, person, name)


async def close(intent, state):
    async with transaction(system="test ends a checkout") as session:
        row = await session.get_one(CheckoutIntent, intent)
        row.state, row.closed_at = state, now()
        await session.flush()
        await settle_redemption(session, intent)


async def rows(record):
    async with transaction(system="test looks") as session:
        return list(await session.scalars(select(record)))


async def redeemed():
    return (await rows(PromoCode))[0].redeemed


async def test_a_code_lowers_the_first_payment(books):
    await code()
    assert await take(books.organisation) == Money(2392, "USD")


async def test_an_amount_never_goes_below_what_can_be_charged(books):
    await code(kind="amount", value=5000, currency="USD")
    assert await take(books.organisation) == Money(50, "USD")


async def test_of_fifty_who_try_for_the_last_use_one_gets_it(books):
    await code(max_redemptions=1)
    others = [await an_organisation(f"p{number}@example.com") for number in range(9)]
    tries = [take(organisation) for organisation, _person in others for _again in range(5)]
    told = await asyncio.gather(*tries, return_exceptions=True)
    assert [each for each in told if not isinstance(each, PromoRefused)] == [Money(2392, "USD")]
    assert {str(each) for each in told if isinstance(each, PromoRefused)} == {"This code has been used up."}
    assert await redeemed() == 1


async def test_a_customer_uses_a_code_once_however_fast(books):
    await code(max_redemptions=100)
    told = await asyncio.gather(*(take(books.organisation) for _ in range(20)), return_exceptions=True)
    assert len([each for each in told if isinstance(each, Money)]) == 1
    assert await redeemed() == 1


async def test_a_person_uses_a_code_once_under_whatever_organisation_however_fast(books):
    await code(max_redemptions=100)
    others = [await organisation_of(books.person, f"Side business {number}") for number in range(5)]
    asked = [(organisation, books.person) for organisation in (books.organisation, *others)] * 8
    told = await asyncio.gather(*(take(each, person=person) for each, person in asked), return_exceptions=True)
    assert len([each for each in told if isinstance(each, Money)]) == 1
    assert {str(each) for each in told if not isinstance(each, Money)} == {"You have used this code already."}
    assert await redeemed() == 1


async def test_an_address_with_a_plus_is_the_same_person(books):
    await code()
    await take(books.organisation, person=books.person)
    again, person = await an_organisation("anna+again@example.com")
    with pytest.raises(PromoRefused, match="used this code already"):
        await take(again, person=person)
    boris, his = await an_organisation("boris@example.com")
    assert await take(boris, person=his) == Money(2392, "USD")


async def test_who_works_for_somebody_that_used_it_may_use_it_for_their_own(books):
    """The owner is the customer of an organisation; who asks for it is a customer elsewhere only by asking there."""
    await code()
    await take(books.organisation, person=books.person)
    other, boris = await an_organisation("boris@example.com")
    assert await take(other, person=boris) == Money(2392, "USD")


async def test_days_too_are_given_to_a_person_once(books):
    await code(kind="days", value=7)
    side = await organisation_of(books.person, "Side business")
    async with transaction(organisation=books.organisation) as session:
        assert await redeem_days(session, books.organisation, "spring", product="stock", person=books.person) == 7
    with pytest.raises(PromoRefused, match="used this code already"):
        async with transaction(organisation=side) as session:
            await redeem_days(session, side, "spring", product="stock")
    assert len(await rows(Grant)) == 1


async def test_a_code_given_back_can_be_used_under_the_other_organisation(books):
    await code()
    intent = await books.intent()
    await take(books.organisation, intent=intent)
    side = await organisation_of(books.person, "Side business")
    with pytest.raises(PromoRefused, match="used this code already"):
        await take(side)
    await close(intent, "expired")
    assert await take(side) == Money(2392, "USD")
    await close(intent, "completed")
    assert sorted(row.state for row in await rows(PromoRedemption)) == ["released", "reserved"]
    assert await redeemed() == 1


async def test_paid_after_it_was_given_up_it_is_the_persons_one_use(books):
    await code()
    intent = await books.intent()
    await take(books.organisation, intent=intent)
    await close(intent, "expired")
    await close(intent, "completed")
    with pytest.raises(PromoRefused, match="used this code already"):
        await take(await organisation_of(books.person, "Side business"))
    assert [row.state for row in await rows(PromoRedemption)] == ["applied"]
    assert await redeemed() == 1


async def test_a_checkout_that_was_not_paid_gives_the_code_back(books):
    await code(max_redemptions=1)
    intent = await books.intent()
    await take(books.organisation, intent=intent)
    async with transaction(system="test ends a checkout") as session:
        row = await session.get_one(CheckoutIntent, intent)
        row.state, row.closed_at = "expired", now()
    for _again in range(2):
        async with transaction(system="test settles") as session:
            await settle_redemption(session, intent)
    assert await redeemed() == 0
    assert await take(books.organisation) == Money(2392, "USD")


async def test_a_code_that_was_paid_with_is_used(books):
    await code()
    intent = await books.intent()
    await take(books.organisation, intent=intent)
    await books.apply(mirrored(now(), intent, payment("p1", intent, books.start), start=books.start))
    async with transaction(system="test settles") as session:
        await settle_redemption(session, intent)
    assert [row.state for row in await rows(PromoRedemption)] == ["applied"]


@pytest.mark.parametrize(
    ("made", "why"),
    [
        ({"ends_at": now() - timedelta(days=1)}, "not valid any more"),
        ({"starts_at": now() + timedelta(days=1)}, "not valid yet"),
        ({"product": "vpn"}, "another product"),
        ({"plans": ("starter",)}, "other plans: starter"),
        ({"kind": "amount", "value": 5, "currency": "EUR"}, "prices in EUR"),
        ({"kind": "days", "value": 7}, "free days"),
    ],
)
async def test_a_code_that_does_not_hold_says_why(books, made, why):
    await code(**made)
    with pytest.raises(PromoRefused, match=why):
        await take(books.organisation)
    assert await redeemed() == 0


async def test_an_unknown_code_is_told(books):
    with pytest.raises(PromoRefused, match="no such code"):
        await take(books.organisation, "WINTER")


@pytest.mark.parametrize(
    "made",
    [
        {"code": ""},
        {"code": "a b"},
        {"kind": "gift"},
        {"value": 0},
        {"value": 100},
        {"currency": "USD"},
        {"kind": "amount", "value": 5},
        {"starts_at": NOON, "ends_at": NOON},
    ],
)
async def test_a_nonsensical_code_is_not_made(database, made):
    with pytest.raises(PromoRefused):
        await code(**made)
    assert await rows(PromoCode) == []


async def test_a_name_is_taken_once_whatever_its_letters(database):
    await code()
    with pytest.raises(PromoExists):
        await code(code="sprinG")


async def test_free_days_come_on_top_of_what_is_paid(books):
    await code(kind="days", value=10, plans=("pro",))
    order = await books.intent()
    await books.apply(mirrored(now(), order, payment("p1", order, books.start), start=books.start))
    async with transaction(organisation=books.organisation) as session:
        assert await redeem_days(session, books.organisation, "Spring", product="stock") == 10
    [gift] = [row for row in await rows(Grant) if row.source == "promo"]
    assert (gift.starts_at, gift.ends_at) == (books.start + MONTH, books.start + MONTH + timedelta(days=10))
    with pytest.raises(PromoRefused, match="used this code already"):
        async with transaction(organisation=books.organisation) as session:
            await redeem_days(session, books.organisation, "Spring", product="stock")


async def test_a_renewal_moves_gifts_behind_it_with_all_their_days(books):
    await code(kind="days", value=10, plans=("pro",))
    order = await books.intent()
    first = payment("p1", order, books.start)
    await books.apply(mirrored(now(), order, first, start=books.start))
    async with transaction(organisation=books.organisation) as session:
        await redeem_days(session, books.organisation, "SPRING", product="stock")
    advance(MONTH + timedelta(days=2))
    second = payment("p2", order, books.start + MONTH)
    await books.apply(mirrored(now(), order, first, second, start=books.start, periods=2))
    async with transaction(organisation=books.organisation) as session:
        await move_gifts_behind(session, books.organisation, "stock")
    [gift] = [row for row in await rows(Grant) if row.source == "promo"]
    assert gift.starts_at == books.start + 2 * MONTH
    assert timedelta(days=7, hours=23) < gift.ends_at - gift.starts_at < timedelta(days=8, minutes=1)


async def brought(books, email="boris@example.com"):
    """Boris came by Anna's link; his organisation."""
    other, _person = await an_organisation(email)
    async with transaction(system="test follows a link") as session:
        link = await referral_code(session, books.organisation)
        await follow(session, link.upper(), other)
    return other


async def pays(books, organisation, *, ref="p9", **more):
    order = await books.intent(organisation=organisation)
    seen = payment(ref, order, books.start, **more)
    await books.apply(mirrored(now(), order, seen, start=books.start, ref=f"sub_{ref}"))
    [row] = [row for row in await books.rows(Payment) if row.ref == ref]
    async with transaction(system="test counts a friend") as session:
        await qualify(session, row.id)
    return row, order


async def rewards():
    async with transaction(system="test rewards") as session:
        return await reward_due(session)


async def gifts():
    return {
        row.organisation_id: row.ends_at - row.starts_at
        for row in await rows(Grant)
        if row.source == "referral" and row.revoked_at is None
    }


async def test_friends_are_rewarded_after_the_refund_window_and_once(books):
    boris = await brought(books)
    await pays(books, boris)
    assert await rewards() == 0
    advance(timedelta(days=14, minutes=1))
    assert await rewards() == 1
    assert await rewards() == 0
    assert await gifts() == {books.organisation: timedelta(days=30), boris: timedelta(days=7)}


async def test_money_that_went_back_takes_the_days_with_it(books):
    boris = await brought(books)
    paid, order = await pays(books, boris)
    advance(timedelta(days=15))
    await rewards()
    refund = SeenRefund(ref="r1", state=RefundState.DONE, money=PRICE, occurred_at=now())
    seen = payment("p9", order, books.start, refunds=(refund,))
    await books.apply(mirrored(now(), order, seen, start=books.start, ref="sub_p9"))
    async with transaction(system="test takes back") as session:
        await claw_back(session, paid.id)
    assert await gifts() == {}
    assert (await rows(Referral))[0].state == "clawed_back"


async def test_a_refund_before_the_window_is_over_leaves_no_reward(books):
    boris = await brought(books)
    refund = SeenRefund(ref="r1", state=RefundState.DONE, money=Money(100, "USD"), occurred_at=now())
    await pays(books, boris, refunds=(refund,))
    advance(timedelta(days=15))
    await rewards()
    assert await gifts() == {}
    assert (await rows(Referral))[0].state == "rejected"


async def test_nobody_brings_themselves_or_an_old_customer_or_the_same_twice(books):
    alias, _person = await an_organisation("anna+second@example.com")
    async with transaction(system="test follows links") as session:
        link = await referral_code(session, books.organisation)
        for invited in (books.organisation, alias):
            with pytest.raises(ReferralRefused, match="yourself"):
                await follow(session, link, invited)
        with pytest.raises(ReferralRefused, match="not known"):
            await follow(session, "nothing", alias)
    boris = await brought(books)
    async with transaction(system="test follows links") as session:
        with pytest.raises(ReferralRefused, match="already"):
            await follow(session, link, boris)
    clara, _person = await an_organisation("clara@example.com")
    await pays(books, clara, ref="p7")
    dora, _person = await an_organisation("dora@example.com")
    advance(timedelta(days=31))
    async with transaction(system="test follows links") as session:
        for late in (clara, dora):
            with pytest.raises(ReferralRefused, match="new customers"):
                await follow(session, link, late)


async def test_an_inviter_is_rewarded_up_to_the_cap_of_the_month(books, monkeypatch):
    monkeypatch.setenv("VERF_BILLING_REFERRAL_CAP", "2")
    load.cache_clear()
    try:
        for number in range(3):
            friend = await brought(books, f"friend{number}@example.com")
            await pays(books, friend, ref=f"p{number}")
        advance(timedelta(days=15))
        await rewards()
        assert len([row for row in await rows(Grant) if row.organisation_id == books.organisation]) == 2
        assert [row.reason for row in await rows(Referral)].count("the inviter's cap of the month") == 1
    finally:
        load.cache_clear()
