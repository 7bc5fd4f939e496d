"""Everybody at once: one wins, the others are told why, and what counts is counted once."""

import asyncio

import pytest
from lives import DAY, buyer, charged, paid_subscription, payments, rows, somebody
from sqlalchemy import func, select

from verf.billing.changing import change_plan
from verf.billing.checkouts import check_checkout
from verf.billing.ending import cancel, resume
from verf.billing.handling import handle, refresh
from verf.billing.models import Grant, LedgerEntry, Payment, ProviderEvent, Subscription, SubscriptionEvent
from verf.billing.providers.events import ProviderRefused
from verf.billing.providers.pictures import Subject
from verf.billing.renewals import attend
from verf.database import transaction
from verf.errors import Conflict, NotFound, Unavailable
from verf.jobs import drain
from verf.kit import now

TOLD = (Conflict, NotFound, ProviderRefused, Unavailable)


async def at_once(*asks):
    """What came of each; what nobody may see is raised."""
    outcomes = await asyncio.gather(*(ask() for ask in asks), return_exceptions=True)
    for outcome in outcomes:
        if isinstance(outcome, BaseException) and not isinstance(outcome, TOLD):
            raise outcome
    return outcomes


async def is_balanced():
    async with transaction(system="test adds up") as session:
        query = select(LedgerEntry.currency, func.sum(LedgerEntry.amount)).group_by(LedgerEntry.currency)
        return all(total == 0 for _currency, total in await session.execute(query))


@pytest.mark.parametrize("provider", ["stripe", "paddle", "yookassa", "wata"])
async def test_webhook_return_page_and_poll_at_once_are_one_payment(harbour, provider):
    anna = await somebody(harbour)
    opened = await harbour.checkout(anna, provider=provider)
    [ref] = await harbour.refs(opened)
    await harbour.control(provider, f"checkouts/{ref}/pay")
    await harbour.simulators[provider].tick()
    stored = [row.id for row in await rows(ProviderEvent) if row.state == "new"]
    assert stored
    looks = [lambda: check_checkout(anna.organisation, opened.id)] * 5
    asks = [lambda: refresh(provider, Subject("checkout", ref), cause="poll")] * 5
    # As two processes would that know nothing of the queue's turns.
    told = [lambda each=each: handle(each, is_last=False) for each in stored for _twice in range(2)]
    await at_once(*looks, *asks, *told)
    await harbour.settle()
    [row] = [each for each in await rows(Subscription) if each.provider == provider]
    assert row.state == "active"
    assert [each.state for each in await rows(Payment)] == ["paid"]
    assert len([each for each in await rows(Grant) if each.source == "payment"]) == 1
    assert await is_balanced()
    moves = [
        (each.from_state, each.to_state) for each in await rows(SubscriptionEvent) if each.subscription_id == row.id
    ]
    assert len([move for move in moves if move[1] == "active" and move[0] != "active"]) == 1


async def test_one_period_is_charged_once_whoever_wakes_up(harbour):
    anna = await somebody(harbour)
    await harbour.buy(anna, provider="yookassa")
    row = await paid_subscription()
    async with transaction(organisation=anna.organisation) as session:
        found = await session.get_one(Subscription, row.id)
        found.period_end = found.next_charge_at = now()

    async def wake():
        async with transaction(organisation=anna.organisation) as session:
            await attend(session, row.id)

    await at_once(*[wake] * 20)
    await asyncio.gather(*(drain() for _worker in range(3)))
    await harbour.settle()
    assert len(await charged(harbour)) == 2


@pytest.mark.parametrize("when", ["now", "period_end"])
async def test_leaving_in_the_moment_of_a_renewal_is_one_or_the_other(harbour, when):
    anna = await somebody(harbour)
    await harbour.buy(anna, provider="yookassa")
    row = await paid_subscription()
    await harbour.live(row.period_end - now(), step=15 * DAY)

    async def wake():
        async with transaction(organisation=anna.organisation) as session:
            await attend(session, row.id)
        await drain()

    await at_once(
        wake, lambda: cancel(anna.organisation, "stock", when=when, reason="", by=anna.person, key="leave"), wake
    )
    await harbour.settle()
    await harbour.live(3 * DAY, step=DAY)
    row, taken = await paid_subscription(), len(await charged(harbour))
    paid = len(await payments("paid"))
    assert taken == paid, "no money is taken that we do not know of"
    assert taken <= 2
    assert row.state == "ended" or row.cancel_at is not None
    assert await is_balanced()


@pytest.mark.parametrize("provider", ["stripe", "paddle", "yookassa"])
async def test_leaving_and_changing_at_once_ends_in_one_truth(harbour, provider):
    anna = await somebody(harbour)
    await harbour.buy(anna, "starter", provider=provider)
    currency = "RUB" if provider == "yookassa" else "USD"
    price = await harbour.price("pro", currency=currency)
    outcomes = await at_once(
        lambda: change_plan(buyer(anna), "stock", price, key="up"),
        lambda: cancel(anna.organisation, "stock", when="period_end", reason="", by=anna.person, key="leave"),
        lambda: change_plan(buyer(anna), "stock", price, key="up again"),
        lambda: cancel(anna.organisation, "stock", when="period_end", reason="", by=anna.person, key="leave again"),
    )
    assert any(not isinstance(each, BaseException) for each in outcomes)
    await harbour.settle()
    row = await paid_subscription()
    truth = await harbour.truth(provider)
    paid = [each for each in await rows(Payment) if each.state == "paid" and each.amount > 0]
    assert len(paid) <= 2
    if provider == "yookassa":
        assert len(await charged(harbour)) == len(paid)
    else:
        [theirs] = truth["subscriptions"]
        is_leaving = bool(
            theirs.get("cancel_at_period_end") or theirs.get("cancel_at") or theirs.get("scheduled_change")
        )
        assert is_leaving == (row.cancel_at is not None)
    assert await is_balanced()


@pytest.mark.parametrize("provider", ["stripe", "paddle", "yookassa"])
async def test_fifty_who_leave_and_come_back_at_once_are_told(harbour, provider):
    anna = await somebody(harbour)
    await harbour.buy(anna, provider=provider)

    def leave(number):
        return lambda: cancel(
            anna.organisation, "stock", when="period_end", reason="", by=anna.person, key=f"leave {number}"
        )

    def back(number):
        return lambda: resume(anna.organisation, "stock", by=anna.person, key=f"back {number}")

    await at_once(*[leave(number) for number in range(25)], *[back(number) for number in range(25)])
    await harbour.settle()
    await at_once(leave("last"))
    await harbour.settle()
    assert (await paid_subscription()).cancel_at is not None
    assert len(await payments("paid")) == 1
