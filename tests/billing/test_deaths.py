"""Whoever dies between "stored" and "done", at whatever step: after the restart all is as if nobody had."""

from contextlib import ExitStack
from datetime import timedelta

import pytest
from killing import dies, moments, work_through
from sqlalchemy import select
from staging import Shielded

from verf.billing import portrait
from verf.billing.messages import AttendDue
from verf.billing.models import CheckoutIntent, Payment, ProviderEvent, Refund
from verf.billing.refunds import refund
from verf.cli.chaos import differences
from verf.database import transaction
from verf.jobs import enqueue, shift
from verf.kit import advance, new_id, now
from verf.outbound import use_transport

PROVIDERS = ["stripe", "paddle", "yookassa", "wata"]
MONTH = timedelta(days=31, hours=1)


@pytest.fixture
async def shielded(harbour):
    """The providers live on when somebody who asked them dies."""
    with ExitStack() as stack:
        for name in harbour.simulators:
            stack.enter_context(use_transport(name, Shielded(harbour.sandbox._transport)))
        yield harbour


async def rows(record):
    async with transaction(system="test looks") as session:
        return list(await session.scalars(select(record).order_by(record.id)))


async def tick(harbour):
    for simulator in harbour.simulators.values():
        await simulator.tick()


async def face(member, began):
    return (await portrait(member.organisation, since=began)).face


async def pay(harbour, member, provider):
    """Paid, told, stored: and nobody has handled it yet."""
    opened = await harbour.checkout(member, provider=provider)
    [ref] = await harbour.refs(opened)
    await harbour.control(provider, f"checkouts/{ref}/pay")
    advance(timedelta(minutes=1))
    await tick(harbour)


async def come_to_rest(harbour):
    """Wata is asked about one order once in half a minute: what it put off comes due as time passes."""
    for _minute in range(5):
        await harbour.settle()
        if "new" not in {each.state for each in await rows(ProviderEvent)}:
            return
        advance(timedelta(minutes=1))
        await shift(timedelta(minutes=1))


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_a_stored_webhook_is_handled_whoever_dies_over_it(shielded, provider):
    began = now()
    clean = await shielded.member("Clean")
    await pay(shielded, clean, provider)
    await shielded.settle()
    anna = await shielded.member("Anna")
    await pay(shielded, anna, provider)
    assert "new" in {each.state for each in await rows(ProviderEvent)}
    assert await work_through() > 5
    await come_to_rest(shielded)
    assert {each.state for each in await rows(ProviderEvent)} <= {"handled", "ignored"}
    assert differences(await face(clean, began), await face(anna, began)) == []


async def test_a_charge_that_was_written_down_is_made_once(shielded):
    anna = await shielded.member()
    await shielded.buy(anna, provider="yookassa")
    advance(MONTH)
    await shift(MONTH)
    async with transaction() as session:
        await enqueue(session, AttendDue())
    assert await work_through() > 5
    await shielded.settle()
    assert [(each.kind, each.state) for each in await rows(Payment)] == [("initial", "paid"), ("renewal", "paid")]
    paid = [each for each in (await shielded.truth("yookassa"))["payments"] if each["status"] == "succeeded"]
    assert len(paid) == 2


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_a_refund_that_was_reserved_is_made_once(shielded, provider):
    anna = await shielded.member()
    await shielded.buy(anna, provider=provider)
    advance(timedelta(minutes=10))
    await shielded.settle()
    [paid] = await rows(Payment)
    await refund(anna.organisation, paid.id, None, by=new_id(), because="asked", key="refund-1")
    assert await work_through() > 3
    for _while in range(4):
        advance(timedelta(minutes=20))
        await shift(timedelta(minutes=20))
        await shielded.settle()
    [row] = await rows(Refund)
    assert (row.state, row.amount) == ("done", paid.amount)
    assert len((await shielded.truth(provider))["refunds"]) == 1
    [paid] = await rows(Payment)
    assert paid.refunded == paid.amount


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_a_page_whose_opener_died_is_opened_again_for_the_same_order(shielded, provider):
    anna = await shielded.member()
    for moment in moments(growth=1.6):
        # Somebody else of the organisation, two minutes later; who died has left an order without a page.
        advance(timedelta(minutes=2, seconds=1))
        if not await dies(shielded.checkout(anna, provider=provider), after=moment):
            break
    opened = await shielded.checkout(anna, provider=provider)
    live = [each for each in await rows(CheckoutIntent) if each.state == "open"]
    assert [each.id for each in live] == [opened.id]
    [ref] = await shielded.refs(opened)
    await shielded.control(provider, f"checkouts/{ref}/pay")
    advance(timedelta(minutes=1))
    await shielded.settle()
    paid = [each for each in await rows(Payment) if each.state == "paid"]
    assert [each.amount for each in paid] == [opened.money.minor_units]
