"""Money back: never more than was paid, however many ask at once, whatever the provider does meanwhile."""

import asyncio

import pytest
from lives import DAY, HOUR, mails, paid_subscription, rows, somebody
from sqlalchemy import func, select

from verf.billing.handling import refresh
from verf.billing.models import CheckoutIntent, Grant, LedgerEntry, Payment, Refund
from verf.billing.providers import registry
from verf.billing.providers.pictures import Subject
from verf.billing.refunds import (
    NothingToRefund,
    PaymentUnknown,
    RefundKeyReused,
    RefundTooLarge,
    refund,
    refund_and_end,
)
from verf.billing.states import RefundState
from verf.database import transaction
from verf.errors import Invalid
from verf.kit import Money, new_id

PROVIDERS = ["stripe", "paddle", "yookassa"]
ASKED_AT = {"stripe": "refunds", "paddle": "adjustments", "yookassa": "refunds"}
STAFF = new_id()
# Only its simulator refuses a refund that it has taken.
yookassa_refuses_later = pytest.mark.parametrize("provider", ["yookassa"], indirect=True)


def part(payment, minor_units):
    return Money(minor_units, payment.currency)


async def given_back(provider, payment):
    """As the provider has it."""
    picture = await registry.provider(provider).fetch(Subject("payment", payment.ref))
    [seen] = picture.payments
    return sorted(each.money.minor_units for each in seen.refunds if each.state != RefundState.FAILED)


async def ask(payment, money, key, *, verb=refund):
    return await verb(payment.organisation_id, payment.id, money, by=STAFF, because="Asked for", key=key)


async def decided(harbour, provider):
    """Paddle looks at a refund for ten minutes before it makes it, and at one at a time."""
    if provider == "paddle":
        await harbour.live(2 * HOUR, step=HOUR / 3)
    await harbour.settle()


@pytest.fixture(params=PROVIDERS)
async def provider(request):
    return request.param


@pytest.fixture
async def payment(harbour, provider):
    await harbour.buy(await somebody(harbour), "pro", provider=provider)
    [payment] = await rows(Payment)
    return payment


async def test_a_full_refund_takes_the_access_along(harbour, provider, payment):
    asked = await ask(payment, None, "all")
    assert (asked.state, asked.money) == ("pending", Money(payment.amount, payment.currency))
    await decided(harbour, provider)
    [row] = await rows(Refund)
    assert (row.state, row.amount, row.requested_by) == ("done", payment.amount, STAFF)
    [grant] = [each for each in await rows(Grant) if each.source == "payment"]
    assert grant.revoked_because == "refunded"
    assert (await paid_subscription()).state == "active"
    assert await mails("refund_made") == ["refund_made"]


async def test_with_the_subscription_it_ends_at_once(harbour, provider, payment):
    await ask(payment, None, "all", verb=refund_and_end)
    await decided(harbour, provider)
    row = await paid_subscription()
    assert (row.state, row.ended_because) == ("ended", "refunded")
    await harbour.live(40 * DAY, step=10 * DAY)
    assert len(await rows(Payment)) == 1


async def test_parts_add_up_to_the_whole_and_no_further(harbour, provider, payment):
    await ask(payment, part(payment, 1_000), "first")
    await decided(harbour, provider)
    [grant] = [each for each in await rows(Grant) if each.source == "payment"]
    assert grant.revoked_at is None
    with pytest.raises(RefundTooLarge):
        await ask(payment, part(payment, payment.amount - 1_000 + 1), "too much")
    await ask(payment, None, "the rest")
    await decided(harbour, provider)
    assert await given_back(provider, payment) == [1_000, payment.amount - 1_000]
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
    await decided(harbour, provider)
    assert sum(await given_back(provider, payment)) == 3 * third.minor_units
    [paid] = await rows(Payment)
    assert paid.refunded == 3 * third.minor_units


async def test_one_key_is_one_refund(harbour, provider, payment):
    first = await ask(payment, part(payment, 700), "same")
    again = await ask(payment, part(payment, 700), "same")
    assert first.id == again.id
    with pytest.raises(RefundKeyReused):
        await ask(payment, part(payment, 1200), "same")
    await decided(harbour, provider)
    assert await given_back(provider, payment) == [700]


@pytest.mark.parametrize("knob", ["fail", "timeout", "fail_after", "timeout_after"])
async def test_a_provider_that_does_not_answer_gives_it_back_once(harbour, provider, payment, knob):
    await harbour.control(provider, "knobs", **{knob: {"path": ASKED_AT[provider], "count": 2}, "drop": {"rate": 1}})
    await ask(payment, part(payment, 700), "k")
    # What a provider has not decided on is asked about every hour.
    await harbour.live(2 * HOUR + HOUR / 4, step=HOUR / 4)
    assert await given_back(provider, payment) == [700]
    [row] = await rows(Refund)
    assert row.state == "done"


@yookassa_refuses_later
async def test_what_the_provider_will_not_give_back_is_free_again(harbour, provider, payment):
    await harbour.control(provider, "knobs", refund_canceled={"count": 1})
    await ask(payment, None, "refused")
    await decided(harbour, provider)
    [row] = await rows(Refund)
    [paid] = await rows(Payment)
    assert (row.state, paid.refunded) == ("failed", 0)
    await ask(payment, None, "again")
    await decided(harbour, provider)
    assert [each.state for each in await rows(Refund)] == ["failed", "done"]


async def test_a_refund_of_the_cabinet_and_ours_do_not_meet(harbour, provider, payment):
    await harbour.control(provider, f"payments/{payment.ref}/refund", amount=payment.amount - 1_000)
    await decided(harbour, provider)
    with pytest.raises(RefundTooLarge):
        await ask(payment, part(payment, 1200), "k")
    await ask(payment, None, "rest")
    await decided(harbour, provider)
    [paid] = await rows(Payment)
    assert paid.refunded == paid.amount


async def test_who_was_refunded_elsewhere_meanwhile_is_told_no(harbour, provider, payment):
    """Its webhook is lost: we still believe that all of it is left."""
    await harbour.control(provider, "knobs", drop={"rate": 1})
    await harbour.control(provider, f"payments/{payment.ref}/refund")
    await decided(harbour, provider)
    await ask(payment, part(payment, 1200), "k")
    await decided(harbour, provider)
    [ours] = [each for each in await rows(Refund) if each.key]
    assert ours.state == "failed"
    await harbour.control(provider, "knobs", "DELETE")
    assert await given_back(provider, payment) == [payment.amount]


async def test_nonsense_is_refused(harbour, provider, payment):
    with pytest.raises(Invalid):
        await ask(payment, Money(100, "GBP"), "currency")
    with pytest.raises(Invalid):
        await ask(payment, part(payment, -1), "negative")
    stranger = await harbour.member("Boris")
    with pytest.raises(PaymentUnknown):
        await refund(stranger.organisation, payment.id, None, by=STAFF, because="", key="foreign")


async def test_news_faster_than_the_answer_do_not_make_two_of_one(harbour, provider, payment):
    """Two refunds of one sum; the webhook of the second comes before its answer, and is taken for the first."""
    first = await ask(payment, part(payment, 700), "first")
    second = await ask(payment, part(payment, 700), "second")
    [intent] = await rows(CheckoutIntent)
    as_asked = {"key": str(second.id), "reason": "Asked for", "email": intent.email}
    await registry.provider(provider).refund(payment.ref, part(payment, 700), **as_asked)
    await refresh(provider, Subject("payment", payment.ref), cause="webhook")
    assert [bool(each.ref) for each in await rows(Refund)] == [True, False]
    await decided(harbour, provider)
    assert await given_back(provider, payment) == [700, 700]
    assert [(each.id, each.state) for each in await rows(Refund)] == [(first.id, "done"), (second.id, "done")]
    [paid] = await rows(Payment)
    assert paid.refunded == 1400
