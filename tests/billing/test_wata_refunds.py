"""Money of prepaid time goes back: asked for by staff, or made in Wata's cabinet with nobody asking us."""

import pytest
from lives import DAY, HOUR, mails, paid_subscription, rows, somebody
from sqlalchemy import func, select

from verf.billing import allows
from verf.billing.messages import ReadEveryChange
from verf.billing.models import Finding, Grant, LedgerEntry, LedgerTransaction, Payment, Refund
from verf.billing.refunds import NothingToRefund, RefundTooLarge, refund, refund_and_end
from verf.database import transaction
from verf.kit import Money, new_id

STAFF = new_id()
MINUTE = HOUR / 60
TEN = Money(10_00, "RUB")


@pytest.fixture
async def anna(harbour):
    anna = await somebody(harbour)
    await harbour.buy(anna, "pro", provider="wata")
    return anna


@pytest.fixture
async def payment(anna):
    [payment] = await rows(Payment)
    return payment


async def ask(payment, money=None, *, key="k", verb=refund):
    await verb(payment.organisation_id, payment.id, money, by=STAFF, because="Asked for", key=key)


async def told(harbour):
    """Wata lets nobody look at one object twice in half a minute, so what its webhooks mean is known after one."""
    await harbour.live(3 * MINUTE, step=MINUTE)


async def balance():
    async with transaction(system="test adds up") as session:
        query = select(LedgerEntry.ledger, func.sum(LedgerEntry.amount)).group_by(LedgerEntry.ledger)
        return {ledger: int(total) for ledger, total in await session.execute(query) if total}


async def booked():
    return sorted(row.kind for row in await rows(LedgerTransaction))


async def at_wata(harbour):
    return [each["amount"] for each in (await harbour.truth("wata"))["refunds"] if each["status"] == "Paid"]


async def open_to(member):
    return (await allows(member.organisation, "stock", "products")).allowed


async def test_all_of_it_takes_the_access_along(harbour, anna, payment):
    assert await open_to(anna)
    await ask(payment)
    await told(harbour)
    [row] = await rows(Refund)
    assert (row.state, row.amount, row.provider) == ("done", payment.amount, "wata")
    assert await at_wata(harbour) == [str(Money(payment.amount, "RUB").decimal)]
    [grant] = [each for each in await rows(Grant) if each.source == "payment"]
    assert grant.revoked_because == "refunded"
    assert not await open_to(anna)
    assert await booked() == ["charge", "fee", "refund"]
    assert await balance() == {"cash:wata": -payment.fee, "fees": payment.fee}
    assert await mails("refund_made", "subscription_ended") == ["refund_made"]
    with pytest.raises(NothingToRefund):
        await ask(payment, key="again")


async def test_a_part_leaves_the_access_and_the_rest(harbour, anna, payment):
    await ask(payment, TEN)
    await told(harbour)
    [paid] = await rows(Payment)
    assert paid.refunded == TEN.minor_units
    assert await open_to(anna)
    assert (await balance())["cash:wata"] == payment.amount - payment.fee - TEN.minor_units
    with pytest.raises(RefundTooLarge):
        await ask(payment, Money(payment.amount, "RUB"), key="too much")
    await ask(payment, key="the rest")
    await told(harbour)
    assert sum(row.amount for row in await rows(Refund)) == payment.amount
    assert not await open_to(anna)
    assert await mails("refund_made") == ["refund_made", "refund_made"]


async def test_with_the_subscription_it_ends_at_once(harbour, anna, payment):
    await ask(payment, verb=refund_and_end)
    await harbour.settle()
    row = await paid_subscription()
    assert (row.state, row.ended_because) == ("ended", "refunded")
    await harbour.live(40 * DAY, step=10 * DAY)
    assert await mails("prepaid_ends") == []


@pytest.mark.parametrize("is_lost", [False, True], ids=["its webhook comes", "its webhook is lost"])
async def test_made_in_the_cabinet_it_is_booked_all_the_same(harbour, anna, payment, is_lost):
    if is_lost:
        await harbour.control("wata", "knobs", drop={"rate": 1})
    await harbour.control("wata", f"payments/{payment.ref}/refund")
    await told(harbour)
    assert len(await rows(Refund)) == (0 if is_lost else 1)
    harbour.schedules.append(ReadEveryChange)
    await harbour.live(2 * HOUR, step=HOUR / 4)
    [row] = await rows(Refund)
    assert (row.state, row.amount, row.requested_by) == ("done", payment.amount, None)
    assert not await open_to(anna)
    assert await booked() == ["charge", "fee", "refund"]
    assert await mails("refund_made") == ["refund_made"]
    found = [(each.kind, each.state) for each in await rows(Finding)]
    assert found == ([("lost_webhook", "repaired")] if is_lost else [])


async def test_one_that_wata_declines_is_no_refund(harbour, anna, payment):
    await harbour.control("wata", "knobs", refund_declined={"count": 1})
    await ask(payment)
    await harbour.live(2 * HOUR, step=HOUR / 2)
    [row] = await rows(Refund)
    [paid] = await rows(Payment)
    assert (row.state, paid.refunded) == ("failed", 0)
    assert await open_to(anna)
    assert await booked() == ["charge", "fee"]


async def test_one_that_wata_takes_its_time_for_is_done_in_the_end(harbour, anna, payment):
    await harbour.control("wata", "knobs", slow_refund={"count": 1, "seconds": 7200}, drop={"rate": 1})
    await ask(payment)
    await harbour.settle()
    assert [each.state for each in await rows(Refund)] == ["pending"]
    assert await open_to(anna)
    await harbour.live(4 * HOUR, step=HOUR)
    assert [each.state for each in await rows(Refund)] == ["done"]
    assert not await open_to(anna)
