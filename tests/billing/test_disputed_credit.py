"""A lost dispute takes back what is left of the credit its payment gave; won after all, the credit is there again."""

import contextlib
import random
from datetime import timedelta

import pytest
from lives import DAY, buyer, rows, somebody
from sqlalchemy import func, select

from verf.billing import ledger
from verf.billing.applying import apply
from verf.billing.changing import AlreadyOnPlan, PlanChangeRefused, change_plan
from verf.billing.ledger import unbalanced
from verf.billing.models import Dispute, LedgerEntry, LedgerTransaction, Payment
from verf.billing.on_account import credit_of
from verf.billing.providers.pictures import Dispute as DisputeSeen
from verf.billing.providers.pictures import Subject
from verf.billing.providers.registry import provider
from verf.billing.reported_disputes import decide_dispute, report_dispute
from verf.billing.states import DisputeState
from verf.billing.steering import ChangeUnderWay, NotSubscribed
from verf.database import transaction
from verf.kit import Money, advance, new_id, now

STAFF = new_id()


@pytest.fixture
async def anna(harbour):
    """A year of pro, and ten days later enterprise by the month: most of the year is credit."""
    anna = await somebody(harbour)
    await harbour.buy(anna, "pro", provider="yookassa")
    await change(harbour, anna, "pro", "year")
    await harbour.live(10 * DAY, step=10 * DAY)
    await change(harbour, anna, "enterprise")
    return anna


async def change(harbour, member, plan, interval="month"):
    price = await harbour.price(plan, currency="RUB", interval=interval)
    await change_plan(buyer(member), "stock", price, key=f"{plan} {interval} {now()}")
    await harbour.settle()


async def year():
    [found] = [each for each in await rows(Payment) if each.amount > 2_000_000]
    return found


async def credit(member):
    async with transaction(organisation=member.organisation) as session:
        return (await credit_of(session, member.organisation, "stock", "RUB")).minor_units


async def totals():
    """By ledger; each transaction sums to zero."""
    async with transaction(system="test adds up") as session:
        assert await unbalanced(session) == []
        query = select(LedgerEntry.ledger, func.sum(LedgerEntry.amount)).group_by(LedgerEntry.ledger)
        found = {name: int(amount) for name, amount in await session.execute(query)}
    assert sum(found.values()) == 0
    return found


async def booked(kind):
    return len([each for each in await rows(LedgerTransaction) if each.kind == kind])


async def dispute(harbour, payment, money=None):
    """Reported by staff, as of a provider that writes letters."""
    dispute = await report_dispute(payment.organisation_id, payment.id, money, by=STAFF, because="Letter")
    await harbour.settle()
    return dispute


async def decide(harbour, payment, dispute, verdict):
    await decide_dispute(payment.organisation_id, dispute, verdict, by=STAFF)
    await harbour.settle()


async def test_lost_it_takes_the_credit_and_won_after_all_it_comes_again(harbour, anna):
    paid, before = await year(), await credit(anna)
    assert 0 < before == paid.credited + (await rows(Payment))[0].credited
    revenue = (await totals())["revenue:stock"]
    told = await dispute(harbour, paid)
    assert await credit(anna) == before, "nothing is decided yet"
    await decide(harbour, paid, told, "lost")
    assert await credit(anna) == before - paid.credited
    assert (await year()).credited == 0
    assert (await totals())["revenue:stock"] == revenue + paid.amount - paid.credited
    await decide(harbour, paid, told, "won")
    assert await credit(anna) == before
    assert (await year()).credited == paid.credited
    assert (await totals())["revenue:stock"] == revenue


async def test_only_what_is_left_is_taken_and_never_below_zero(harbour, anna):
    paid = await year()
    await harbour.live(32 * DAY, step=8 * DAY)
    left = await credit(anna)
    assert 0 < left < paid.credited
    told = await dispute(harbour, paid)
    await decide(harbour, paid, told, "lost")
    assert await credit(anna) == 0
    await totals()
    await decide(harbour, paid, told, "won")
    assert await credit(anna) == left


async def test_a_part_that_is_lost_takes_no_more_than_itself(harbour, anna):
    paid, before = await year(), await credit(anna)
    told = await dispute(harbour, paid, Money(500_00, "RUB"))
    await decide(harbour, paid, told, "lost")
    assert await credit(anna) == before - 500_00


async def test_won_at_once_it_takes_nothing(harbour, anna):
    paid, before = await year(), await credit(anna)
    await decide(harbour, paid, await dispute(harbour, paid), "won")
    assert await credit(anna) == before
    assert (await booked("credit_withdrawn"), await booked("credit_restored")) == (0, 0)


async def test_a_dispute_that_a_provider_tells_of_takes_it_too(harbour, anna):
    paid, before = await year(), await credit(anna)
    source = provider("yookassa")
    for state in (DisputeState.LOST, DisputeState.LOST, DisputeState.WON, DisputeState.WON):
        advance(timedelta(minutes=1))
        seen = DisputeSeen(ref="dp_1", state=state, money=Money(paid.amount, "RUB"), occurred_at=now(), reason="fraud")
        await tell(source, paid, seen)
        await harbour.settle()
        assert await credit(anna) == (before - paid.credited if state == DisputeState.LOST else before)
    assert (await booked("credit_withdrawn"), await booked("credit_restored")) == (1, 1)
    await totals()


async def tell(source, paid, seen):
    """As a provider would show it that has an interface for disputes."""
    picture = await source.fetch(Subject("payment", paid.ref))
    payments = tuple(drawn(each, disputes=(seen,)) for each in picture.payments)
    async with transaction(system="test draws a picture") as session:
        await apply(session, drawn(picture, payments=payments, taken_at=now()), cause="test")


def drawn(picture, **changes):
    return type(picture)(**{**vars(picture), **changes})


async def test_what_one_change_put_into_the_next_is_taken_there(harbour, anna):
    """The year became credit and a month; had a change from that month left some of it over, that is taken as well."""
    paid, before = await year(), await credit(anna)
    async with transaction(organisation=anna.organisation) as session:
        month = await session.get_one(Payment, paid.turned_into)
        left_over = ledger.credit(month, "a later change", "charge", 100_00, at=now())
        await ledger.post(session, month, left_over)
        month.credited = 100_00
    assert await credit(anna) == before + 100_00
    told = await dispute(harbour, paid)
    await decide(harbour, paid, told, "lost")
    assert await credit(anna) == before - paid.credited
    await decide(harbour, paid, told, "won")
    assert await credit(anna) == before + 100_00


@pytest.mark.parametrize("seed", range(3))
async def test_whatever_is_disputed_no_more_is_taken_than_was_given(harbour, seed):
    anna, dice = await somebody(harbour), random.Random(seed)
    await harbour.buy(anna, "starter", provider="yookassa")
    refusals = (AlreadyOnPlan, PlanChangeRefused, NotSubscribed, ChangeUnderWay)
    for _step in range(5):
        with contextlib.suppress(*refusals):
            plan, interval = dice.choice(["starter", "pro", "enterprise"]), dice.choice(["month", "year"])
            await change(harbour, anna, plan, interval)
        await harbour.live(dice.randrange(1, 40) * DAY, step=10 * DAY)
    before, given = await credit(anna), sum(each.credited for each in await rows(Payment))
    paid = [each for each in await rows(Payment) if each.amount and each.state == "paid"]
    for payment in dice.sample(paid, k=min(2, len(paid))):
        had = await credit(anna)
        whole = dice.choice([True, False])
        told = await dispute(harbour, payment, None if whole else Money(payment.amount // 3, "RUB"))
        await decide(harbour, payment, told, "lost")
        assert max(0, had - payment.amount) <= max(0, await credit(anna)) <= max(0, had)
        assert (await totals()).get("credit", 0) == -await credit(anna)
    assert before - await credit(anna) <= given
    for lost in await rows(Dispute):
        await decide(harbour, lost, lost.id, "won")
    assert await credit(anna) == before
    assert sum(each.credited for each in await rows(Payment)) == given
    await totals()
