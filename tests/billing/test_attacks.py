"""Customers who want more than they pay for, and networks that help them: money never vanishes, nor does it grow."""

from datetime import timedelta

import pytest
from harbour import Harbour
from lives import DAY, HOUR, buyer, charged, methods_come_to, paid_subscription, rows, somebody
from sqlalchemy import select

from verf.billing.applying import apply
from verf.billing.changing import change_plan
from verf.billing.checkouts import check_checkout, start_checkout
from verf.billing.ending import cancel
from verf.billing.models import (
    CheckoutIntent,
    Finding,
    Grant,
    Payment,
    PlanVersion,
    Price,
    PromoRedemption,
    Subscription,
)
from verf.billing.periods import Period
from verf.billing.promo_codes import NewPromo, create_promo
from verf.billing.providers import pictures
from verf.billing.providers.events import ProviderUnreachable
from verf.billing.providers.pictures import Picture, Subject
from verf.billing.renewals import attempt
from verf.billing.states import PaymentKind, PaymentState
from verf.database import transaction
from verf.kit import Money, now


async def findings() -> list[str]:
    return sorted(row.kind for row in await rows(Finding))


async def plan_of(row: Subscription) -> str:
    async with transaction(system="test looks") as session:
        return (await session.get_one(PlanVersion, row.plan_version_id)).plan


async def pay(harbour: Harbour, checkout, provider: str = "yookassa") -> None:
    [ref] = await harbour.refs(checkout)
    await harbour.control(provider, f"checkouts/{ref}/pay")
    await harbour.settle()


async def test_a_small_difference_does_not_buy_a_month_that_came_later(harbour):
    """The page of a change is left open, time is bought on another page, and then the first page is paid."""
    anna = await somebody(harbour)
    await harbour.buy(anna, "starter", provider="yookassa")
    async with transaction(organisation=anna.organisation) as session:
        # As with a payment by a method that cannot be saved.
        (await session.get_one(Subscription, (await paid_subscription()).id)).method_id = None
    await harbour.live((await paid_subscription()).period_end - now() - HOUR, step=10 * DAY)
    price = await harbour.price("enterprise", currency="RUB")
    change = await change_plan(buyer(anna), "stock", price, key="up")
    assert change.outcome == "to_pay"
    [cheap] = [row for row in await rows(CheckoutIntent) if row.change_of]
    assert cheap.amount < 10_000
    await pay(harbour, await harbour.checkout(anna, "starter", provider="yookassa"))
    await pay(harbour, cheap)
    row = await paid_subscription()
    assert await plan_of(row) == "starter"
    assert await findings() == ["outdated_change"]
    assert len([each for each in await rows(Payment) if each.state == "paid"]) == 3


async def test_two_open_pages_that_are_both_paid_are_found_and_not_charged_twice_for_ever(harbour):
    anna = await somebody(harbour)
    first = await harbour.checkout(anna, "starter", provider="yookassa")
    second = await harbour.checkout(anna, "pro", provider="yookassa")
    await pay(harbour, first)
    await pay(harbour, second)
    assert await findings() == ["duplicate"]
    assert len(await charged(harbour)) == 2
    await harbour.live(40 * DAY, step=5 * DAY)
    assert len(await charged(harbour)) == 3, "only one of the two goes on"


async def test_a_payment_after_its_page_was_given_up_still_gives_access(harbour):
    anna = await somebody(harbour)
    opened = await harbour.checkout(anna, "pro", provider="yookassa")
    async with transaction(organisation=anna.organisation) as session:
        row = await session.get_one(CheckoutIntent, opened.id)
        row.state, row.expires_at = "expired", now() - HOUR
    await pay(harbour, opened)
    [row] = await rows(CheckoutIntent)
    assert row.state == "completed"
    assert [each.source for each in await rows(Grant) if each.source == "payment"] == ["payment"]


@pytest.mark.parametrize("is_heard", [True, False], ids=["retry known", "retry unknown"])
async def test_a_retry_and_another_card_for_one_period_are_not_both_kept_silently(harbour, is_heard):
    anna = await somebody(harbour)
    await harbour.buy(anna, "pro", provider="yookassa")
    await methods_come_to(harbour, "insufficient_funds")
    end = (await paid_subscription()).period_end
    await harbour.live(end - now() + HOUR, step=10 * DAY)
    row = await paid_subscription()
    assert row.state == "past_due"
    await harbour.live(row.next_charge_at - now() - HOUR / 2, step=DAY / 2)
    opened = await harbour.checkout(anna, "pro", provider="yookassa")
    # Its retry goes through, and nobody hears of it, while she pays by hand.
    await methods_come_to(harbour, "pays")
    if not is_heard:
        await harbour.control("yookassa", "knobs", timeout_after={"path": "POST"}, drop={"rate": 1})
    await harbour.live(HOUR / 2 + timedelta(seconds=1), step=HOUR)
    assert len(await charged(harbour)) == 2
    await pay(harbour, opened)
    if not is_heard:
        await check_checkout(anna.organisation, opened.id)
        await harbour.control("yookassa", "knobs", "DELETE")
    await harbour.live(DAY, step=HOUR * 2)
    paid = [each for each in await rows(Payment) if each.state == "paid"]
    assert len(paid) == len(await charged(harbour)) == 3
    if is_heard:
        assert await findings() == ["duplicate"]
        return
    assert len({each.period_start for each in paid}) == 3, "each pays for a time of its own"
    assert (await paid_subscription()).period_end > end + 45 * DAY


async def test_a_code_tried_with_one_plan_holds_for_the_plan_that_is_bought(harbour):
    async with transaction() as session:
        await create_promo(session, NewPromo(code="SPRING", kind="percent", value=50, max_redemptions=1), by=None)
    anna = await somebody(harbour)
    for plan in ("starter", "pro", "starter"):
        price = await harbour.price(plan, currency="RUB")
        opened = await start_checkout(buyer(anna), price, through="yookassa", promo="spring")
    await pay(harbour, opened)
    states = [row.state for row in await rows(PromoRedemption)]
    assert sorted(states) == ["applied", "released", "released"]


async def test_a_code_is_free_again_when_its_page_ran_out_or_was_refused(harbour):
    async with transaction() as session:
        await create_promo(session, NewPromo(code="SPRING", kind="percent", value=50, max_redemptions=1), by=None)
    anna = await somebody(harbour)
    price = await harbour.price("pro", currency="RUB")
    opened = await start_checkout(buyer(anna), price, through="yookassa", promo="spring")
    async with transaction(organisation=anna.organisation) as session:
        (await session.get_one(CheckoutIntent, opened.id)).expires_at = now() - HOUR
    again = await start_checkout(buyer(anna), price, through="yookassa", promo="spring")
    assert again.id != opened.id
    # The old page is paid all the same, and then the new one.
    await pay(harbour, opened)
    await pay(harbour, again)
    assert sorted(row.state for row in await rows(PromoRedemption)) == ["applied", "released"]


@pytest.mark.parametrize("provider", ["stripe", "paddle", "yookassa", "wata"])
async def test_who_was_left_waiting_by_a_provider_chooses_again_at_once(harbour, provider):
    for knob in ("timeout", "timeout_after"):
        anna = await somebody(harbour)
        await harbour.control(provider, "knobs", **{knob: {"path": "POST", "count": 9}})
        with pytest.raises(ProviderUnreachable):
            await harbour.checkout(anna, "pro", provider=provider)
        await harbour.control(provider, "knobs", "DELETE")
        other = "stripe" if provider == "paddle" else "paddle"
        assert (await harbour.checkout(anna, "starter", provider=other)).url
        assert (await harbour.checkout(anna, "pro", provider=provider)).url


async def test_the_same_choice_after_a_silence_is_the_same_order(harbour):
    anna = await somebody(harbour)
    await harbour.control("stripe", "knobs", timeout_after={"path": "POST", "count": 9})
    with pytest.raises(ProviderUnreachable):
        await harbour.checkout(anna, "pro")
    await harbour.control("stripe", "knobs", "DELETE")
    assert (await harbour.checkout(anna, "pro")).url
    assert len(await rows(CheckoutIntent)) == 1


def picture(provider: str, account: str, payment: pictures.Payment) -> Picture:
    return Picture(
        provider=provider,
        account=account,
        is_live=False,
        subject=Subject("payment", payment.ref),
        taken_at=now(),
        payments=(payment,),
    )


async def a_charge_that_is_owed(row: Subscription) -> Payment:
    async with transaction(organisation=row.organisation_id) as session:
        price, begins = await session.get_one(Price, row.price_id), row.period_end
        payment = attempt(
            row,
            price,
            kind=PaymentKind.RENEWAL,
            amount=price.amount,
            period=Period(begins, begins + 30 * DAY),
            at=now(),
        )
        session.add(payment)
    return payment


@pytest.mark.parametrize(("provider", "account"), [("paddle", "sandbox"), ("yookassa", "100500")])
async def test_the_name_of_a_charge_does_not_make_other_money_of_it(harbour, provider, account):
    """A customer who knows the id of a charge that is owed writes it into the metadata of a cheaper payment."""
    anna = await somebody(harbour)
    await harbour.buy(anna, "pro", provider="yookassa")
    row = await paid_subscription()
    owed = await a_charge_that_is_owed(row)
    seen = pictures.Payment(
        ref="cheap-1", state=PaymentState.PAID, money=Money(100, "RUB"), occurred_at=now(), order=owed.id
    )
    async with transaction(system="test") as session:
        await apply(session, picture(provider, account, seen), cause="test")
    async with transaction(organisation=anna.organisation) as session:
        assert (await session.get_one(Payment, owed.id)).state == "pending"
        grants = list(await session.scalars(select(Grant).where(Grant.source_ref == str(owed.id))))
    assert grants == []
    assert set(await findings()) & {"amount_differs", "unknown_payment"}


async def test_a_charge_that_comes_through_after_the_end_is_found_and_opens_nothing(harbour):
    """She left while it was under way: the money is hers, and somebody is told."""
    anna = await somebody(harbour)
    await harbour.buy(anna, "pro", provider="yookassa")
    owed = await a_charge_that_is_owed(await paid_subscription())
    await cancel(anna.organisation, "stock", when="now", reason="", by=anna.person, key="leave")
    seen = pictures.Payment(
        ref="late-1", state=PaymentState.PAID, money=Money(owed.amount, "RUB"), occurred_at=now(), order=owed.id
    )
    for _twice in range(2):
        async with transaction(system="test") as session:
            await apply(session, picture("yookassa", "100500", seen), cause="test")
    assert (await paid_subscription()).state == "ended"
    assert [each.state for each in await rows(Payment)] == ["paid", "paid"]
    assert await findings() == ["paid_after_end"]
    assert [each for each in await rows(Grant) if each.source == "payment" and each.revoked_at is None] == []
