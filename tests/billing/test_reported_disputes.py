"""YooKassa and Wata write a letter when a bank takes a payment back: staff says so, and it is as if they had told."""

import pytest
from lives import DAY, HOUR, mails, methods_come_to, paid_subscription, rows, somebody
from sqlalchemy import func, select

from verf.audit import history
from verf.billing import allows
from verf.billing.disputes import is_barred
from verf.billing.handling import refresh
from verf.billing.messages import ReconcileAll
from verf.billing.models import Dispute, Finding, Grant, LedgerEntry, LedgerTransaction, Payment
from verf.billing.providers.pictures import Subject
from verf.billing.refunds import NothingToRefund, refund
from verf.billing.reported_disputes import DisputeRefused, decide_dispute, report_dispute
from verf.database import transaction
from verf.identity import add_staff
from verf.kit import Money, new_id

STAFF = new_id()
HTML = {"Accept": "text/html"}
LETTER = "Letter of YooKassa, No. 17"
with_a_card_to_charge = pytest.mark.parametrize("provider", ["yookassa"], indirect=True)


@pytest.fixture(params=["yookassa", "wata"])
async def provider(request):
    return request.param


@pytest.fixture
async def payment(anna):
    [payment] = await rows(Payment)
    return payment


async def report(payment, money=None):
    return await report_dispute(payment.organisation_id, payment.id, money, by=STAFF, because=LETTER)


async def decide(harbour, dispute, verdict):
    [row] = await rows(Dispute)
    await decide_dispute(row.organisation_id, dispute, verdict, by=STAFF)
    await harbour.settle()


async def balance():
    async with transaction(system="test adds up") as session:
        query = select(LedgerEntry.ledger, func.sum(LedgerEntry.amount)).group_by(LedgerEntry.ledger)
        return {ledger: int(total) for ledger, total in await session.execute(query) if total}


async def booked():
    return sorted(row.kind for row in await rows(LedgerTransaction) if row.kind not in ("charge", "fee"))


async def open_to(member):
    return (await allows(member.organisation, "stock", "products")).allowed


async def barred(member):
    async with transaction(organisation=member.organisation) as session:
        return await is_barred(session, member.organisation)


async def test_while_it_is_open_access_waits_and_the_owners_know(harbour, provider, anna, payment):
    before = await balance()
    await report(payment)
    await harbour.settle()
    row = await paid_subscription()
    assert (row.state, row.access_hold) == ("active", "dispute")
    assert not await open_to(anna)
    assert await barred(anna)
    assert await mails() == ["dispute_opened"]
    cash = f"cash:{provider}"
    assert await balance() == before | {cash: before[cash] - payment.amount, "disputed": payment.amount}
    async with transaction(system="test looks") as session:
        [entry] = [each for each in await history(session) if each.action == "billing.dispute-reported"]
        assert entry.actor == f"staff:{STAFF}"
    with pytest.raises(NothingToRefund):
        await refund(anna.organisation, payment.id, None, by=STAFF, because="", key="k")
    with pytest.raises(DisputeRefused):
        await report(payment)


async def test_what_the_provider_tells_meanwhile_does_not_open_it_again(harbour, provider, anna, payment):
    await report(payment)
    await harbour.live(HOUR, step=HOUR)
    await refresh(provider, Subject("payment", payment.ref), cause="test asks")
    assert (await paid_subscription()).access_hold == "dispute"
    assert not await open_to(anna)
    harbour.schedules.append(ReconcileAll)
    await harbour.live(2 * DAY, step=DAY)
    assert await rows(Finding) == []
    assert (await paid_subscription()).access_hold == "dispute"


async def test_won_the_money_is_back_and_access_open(harbour, anna, payment):
    before = await balance()
    dispute = await report(payment)
    await harbour.settle()
    await decide(harbour, dispute, "won")
    await decide(harbour, dispute, "won")
    assert await booked() == ["dispute_opened", "dispute_won"]
    assert await balance() == before
    assert (await paid_subscription()).access_hold == ""
    assert await open_to(anna)
    assert not await barred(anna)
    with pytest.raises(DisputeRefused):
        await decide(harbour, dispute, "lost")


async def test_lost_it_is_over(harbour, provider, anna, payment):
    dispute = await report(payment)
    await harbour.settle()
    await decide(harbour, dispute, "lost")
    assert await booked() == ["dispute_lost", "dispute_opened"]
    assert await balance() == {f"cash:{provider}": -payment.fee, "fees": payment.fee}
    row = await paid_subscription()
    assert (row.state, row.ended_because) == ("ended", "dispute")
    assert not await open_to(anna)
    assert await barred(anna)
    assert all(each.revoked_because == "dispute lost" for each in await rows(Grant) if each.source == "payment")
    assert await mails("dispute_opened", "subscription_ended") == ["dispute_opened", "subscription_ended"]
    await harbour.live(40 * DAY, step=20 * DAY)
    assert len(await rows(Payment)) == 1


async def test_lost_and_won_after_all_the_money_comes_back(harbour, provider, anna, payment):
    before = await balance()
    dispute = await report(payment)
    await decide(harbour, dispute, "lost")
    await decide(harbour, dispute, "won")
    assert await booked() == ["dispute_lost", "dispute_opened", "dispute_reversed"]
    assert await balance() == before
    assert not await barred(anna)


async def test_a_part_is_disputed_as_a_part_and_more_than_was_paid_is_not(harbour, provider, anna, payment):
    with pytest.raises(DisputeRefused):
        await report(payment, Money(payment.amount + 1, "RUB"))
    before = await balance()
    await report(payment, Money(10_00, "RUB"))
    assert (await balance())["disputed"] == 10_00
    assert (await balance())[f"cash:{provider}"] == before[f"cash:{provider}"] - 10_00


@with_a_card_to_charge
async def test_our_own_engine_charges_nobody_while_the_bank_decides(harbour, provider, anna, payment):
    dispute = await report(payment)
    row = await paid_subscription()
    await methods_come_to(harbour, "pays")
    await harbour.live(row.period_end - row.period_start + HOUR, step=10 * DAY)
    assert len(await rows(Payment)) == 1
    await decide(harbour, dispute, "won")
    await harbour.live(2 * DAY, step=HOUR * 6)
    assert [each.state for each in await rows(Payment)] == ["paid", "paid"]
    assert await open_to(anna)


async def test_a_provider_that_tells_of_its_disputes_is_not_talked_over(harbour):
    anna = await somebody(harbour)
    await harbour.buy(anna, "pro", provider="stripe")
    [payment] = await rows(Payment)
    with pytest.raises(DisputeRefused):
        await report(payment)
    await harbour.control("stripe", f"payments/{payment.ref}/dispute")
    await harbour.settle()
    [dispute] = await rows(Dispute)
    with pytest.raises(DisputeRefused):
        await decide(harbour, dispute.id, "lost")


async def test_staff_reports_it_and_says_how_it_ended(harbour, provider, anna, payment):
    stella = await harbour.member("Stella")
    async with transaction(system="test hires") as session:
        await add_staff(session, stella.email, "admin")
    page = f"/staff/billing/payments/{payment.id}"
    assert f"{page}/dispute" in (await stella.http.get(page, headers=HTML)).text
    for wrong in ({"letter": ""}, {"letter": LETTER, "disputed": "999999"}, {"letter": LETTER, "disputed": "0.001"}):
        assert (await stella.http.post(f"{page}/dispute", data=wrong, headers=HTML)).status_code == 303
    assert await rows(Dispute) == []
    answer = await stella.http.post(f"{page}/dispute", data={"letter": LETTER, "disputed": "100.00"}, headers=HTML)
    assert answer.status_code == 303
    await harbour.settle()
    [dispute] = await rows(Dispute)
    assert (dispute.state, dispute.amount, dispute.reason) == ("open", 100_00, LETTER)
    shown = (await stella.http.get(page, headers=HTML)).text
    assert LETTER in shown
    assert f"{page}/dispute" not in shown
    decided = f"/staff/billing/disputes/{dispute.id}"
    assert decided in shown
    for verdict in ("?", "lost"):
        assert (await stella.http.post(decided, data={"verdict": verdict}, headers=HTML)).status_code == 303
    await harbour.settle()
    assert [each.state for each in await rows(Dispute)] == ["lost"]
    assert (await paid_subscription()).state == "ended"
    assert (await stella.http.post(f"/staff/billing/disputes/{new_id()}", data={}, headers=HTML)).status_code == 404
