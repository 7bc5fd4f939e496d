"""Money back: never more than was paid, however many ask at once, whatever the provider does meanwhile."""

import asyncio

import pytest
from lives import DAY, HOUR, mails, paid_subscription, rows
from sqlalchemy import func, select

from verf.billing.models import Grant, LedgerEntry, Payment, Refund
from verf.billing.refunds import (
    NothingToRefund,
    PaymentUnknown,
    RefundKeyReused,
    RefundTooLarge,
    refund,
    refund_and_end,
)
from verf.database import transaction
from verf.errors import Invalid
from verf.kit import Money, new_id

PROVIDERS = ["yookassa"]
STAFF = new_id()


def part(payment, minor_units):
    return Money(minor_units, payment.currency)


async def given_back(harbour, provider):
    return sorted(int(float(each["amount"]["value"]) * 100) for each in (await harbour.truth(provider))["refunds"])


async def ask(payment, money, key, *, verb=refund):
    return await verb(payment.organisation_id, payment.id, money, by=STAFF, because="Asked for", key=key)


@pytest.fixture(params=PROVIDERS)
async def provider(request):
    return request.param


@pytest.fixture
async def payment(harbour, provider):
    await harbour.buy(await harbour.member(), "pro", provider=provider)
    [payment] = await rows(Payment)
    return payment


async def test_a_full_refund_takes_the_access_along(harbour, provider, payment):
    asked = await ask(payment, None, "all")
    assert (asked.state, asked.money) == ("pending", Money(payment.amount, payment.currency))
    await harbour.settle()
    [row] = await rows(Refund)
    assert (row.state, row.amount, row.requested_by) == ("done", payment.amount, STAFF)
    [grant] = [each for each in await rows(Grant) if each.source == "payment"]
    assert grant.revoked_because == "refunded"
    assert (await paid_subscription()).state == "active"
    assert await mails("refund_made") == ["refund_made"]


async def test_with_the_subscription_it_ends_at_once(harbour, provider, payment):
    await ask(payment, None, "all", verb=refund_and_end)
    await harbour.settle()
    row = await paid_subscription()
    assert (row.state, row.ended_because) == ("ended", "refunded")
    await harbour.live(40 * DAY, step=10 * DAY)
    assert len(await rows(Payment)) == 1


async def test_parts_add_up_to_the_whole_and_no_further(harbour, provider, payment):
    await ask(payment, part(payment, 100_000), "first")
    await harbour.settle()
    [grant] = [each for each in await rows(Grant) if each.source == "payment"]
    assert grant.revoked_at is None
    with pytest.raises(RefundTooLarge):
        await ask(payment, part(payment, payment.amount - 100_000 + 1), "too much")
    await ask(payment, None, "the rest")
    await harbour.settle()
    assert await given_back(harbour, provider) == [100_000, payment.amount - 100_000]
    with pytest.raises(NothingToRefund):
        await ask(payment, None, "once more")
    async with transaction(system="test adds up") as session:
        query = select(func.sum(LedgerEntry.amount)).where(LedgerEntry.ledger == "revenue:stock")
        assert await session.scalar(query) == 0


async def test_fifty_at_once_never_give_back_more_than_was_paid(harbour, provider, payment):
    third = part(payment, payment.amount // 3)
    asked = await asyncio.gather(*(ask(payment, third, f"key {n}") for n in range(50)), return_exceptions=True)
    won = [each for each in asked if not isinstance(each, BaseException)]
    lost = [each for each in asked if isinstance(each, BaseException)]
    assert len(won) == 3
    assert {type(each) for each in lost} <= {RefundTooLarge, NothingToRefund}
    assert all(str(each) for each in lost)
    await harbour.settle()
    assert sum(await given_back(harbour, provider)) == 3 * third.minor_units
    [paid] = await rows(Payment)
    assert paid.refunded == 3 * third.minor_units


async def test_one_key_is_one_refund(harbour, provider, payment):
    first = await ask(payment, part(payment, 1000), "same")
    again = await ask(payment, part(payment, 1000), "same")
    assert first.id == again.id
    with pytest.raises(RefundKeyReused):
        await ask(payment, part(payment, 2000), "same")
    await harbour.settle()
    assert await given_back(harbour, provider) == [1000]


@pytest.mark.parametrize("knob", ["fail", "timeout", "fail_after", "timeout_after"])
async def test_a_provider_that_does_not_answer_gives_it_back_once(harbour, provider, payment, knob):
    await harbour.control(provider, "knobs", **{knob: {"path": "refunds", "count": 2}, "drop": {"rate": 1}})
    await ask(payment, part(payment, 1000), "k")
    await harbour.live(HOUR, step=HOUR / 12)
    assert await given_back(harbour, provider) == [1000]
    [row] = await rows(Refund)
    assert row.state == "done"


async def test_what_the_provider_will_not_give_back_is_free_again(harbour, provider, payment):
    await harbour.control(provider, "knobs", refund_canceled={"count": 1})
    await ask(payment, None, "refused")
    await harbour.settle()
    [row] = await rows(Refund)
    [paid] = await rows(Payment)
    assert (row.state, paid.refunded) == ("failed", 0)
    await ask(payment, None, "again")
    await harbour.settle()
    assert [each.state for each in await rows(Refund)] == ["failed", "done"]


async def test_a_refund_of_the_cabinet_and_ours_do_not_meet(harbour, provider, payment):
    await harbour.control(provider, f"payments/{payment.ref}/refund", amount=payment.amount - 1000)
    await harbour.settle()
    with pytest.raises(RefundTooLarge):
        await ask(payment, part(payment, 2000), "k")
    await ask(payment, None, "rest")
    await harbour.settle()
    [paid] = await rows(Payment)
    assert paid.refunded == paid.amount


async def test_who_was_refunded_elsewhere_meanwhile_is_told_no(harbour, provider, payment):
    """Its webhook is lost: we still believe that all of it is left."""
    await harbour.control(provider, "knobs", drop={"rate": 1})
    await harbour.control(provider, f"payments/{payment.ref}/refund")
    await harbour.settle()
    await ask(payment, part(payment, 2000), "k")
    await harbour.settle()
    [ours] = [each for each in await rows(Refund) if each.key]
    assert ours.state == "failed"
    await harbour.control(provider, "knobs", "DELETE")
    assert await given_back(harbour, provider) == [payment.amount]


async def test_nonsense_is_refused(harbour, provider, payment):
    with pytest.raises(Invalid):
        await ask(payment, Money(100, "USD"), "currency")
    with pytest.raises(Invalid):
        await ask(payment, part(payment, -1), "negative")
    stranger = await harbour.member("Boris")
    with pytest.raises(PaymentUnknown):
        await refund(stranger.organisation, payment.id, None, by=STAFF, because="", key="foreign")
