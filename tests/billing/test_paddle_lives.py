"""A life with Paddle through the whole house: what it does by itself is what we know, owe and allow."""

from dataclasses import replace

import pytest
from lives import DAY, buyer, mails, paid_subscription, payments, rows, somebody

from verf.billing.changing import change_plan, keep_plan, preview_change
from verf.billing.ending import cancel, pause, resume
from verf.billing.for_sale import price_tag, published
from verf.billing.models import Dispute, Grant, LedgerEntry, Payment, PlanVersion, Price, ProviderEvent, Refund
from verf.billing.providers.registry import provider
from verf.billing.refunds import refund
from verf.database import transaction
from verf.kit import now


@pytest.fixture
async def anna(harbour):
    anna = await somebody(harbour)
    await harbour.buy(anna, "pro", provider="paddle")
    return anna


async def cash() -> int:
    return sum(each.amount for each in await rows(LedgerEntry) if each.ledger == "cash:paddle")


async def plan(identity) -> str:
    """The plan of a version or of a price."""
    prices = {each.id: each.plan_version_id for each in await rows(Price)}
    versions = {each.id: each.plan for each in await rows(PlanVersion)}
    return versions[prices.get(identity, identity)]


async def open_plans() -> set[str]:
    grants = [each for each in await rows(Grant) if each.source == "payment" and each.revoked_at is None]
    return {await plan(each.plan_version_id) for each in grants if each.starts_at <= now() < each.ends_at}


async def up(harbour, anna, name="enterprise", interval="month"):
    price = await harbour.price(name, interval=interval)
    told = await preview_change(anna.organisation, "stock", price)
    return told, await change_plan(buyer(anna), "stock", price, key=f"{name} {interval} {now()}")


async def test_every_notification_is_handled(harbour, anna):
    await harbour.live(70 * DAY, step=35 * DAY)
    events = await rows(ProviderEvent)
    assert {each.state for each in events} <= {"handled", "ignored"}
    assert len([each for each in events if each.kind == "transaction.completed"]) == 3
    assert await payments("paid") == [("initial", "paid"), ("renewal", "paid"), ("renewal", "paid")]


async def test_an_upgrade_opens_what_was_paid_for(harbour, anna):
    await harbour.live(10 * DAY, step=10 * DAY)
    told, done = await up(harbour, anna)
    await harbour.settle()
    row, difference = await paid_subscription(), (await rows(Payment))[-1]
    assert done.outcome == "done"
    assert (difference.kind, difference.amount) == ("proration", told.due_now.minor_units)
    assert await plan(row.plan_version_id) == "enterprise"
    assert "enterprise" in await open_plans()
    await harbour.live(25 * DAY, step=25 * DAY)
    assert (await rows(Payment))[-1].amount == told.next_payment.minor_units


async def test_a_downgrade_waits_and_can_be_taken_back(harbour, anna):
    _told, done = await up(harbour, anna, "starter")
    await harbour.settle()
    row = await paid_subscription()
    assert (done.outcome, done.at) == ("scheduled", row.period_end)
    assert (await plan(row.plan_version_id), await plan(row.pending_price_id)) == ("pro", "starter")
    await keep_plan(anna.organisation, "stock", by=anna.person, key="keep")
    await harbour.settle()
    assert (await paid_subscription()).pending_price_id is None
    await up(harbour, anna, "starter")
    await harbour.live(32 * DAY, step=16 * DAY)
    row = await paid_subscription()
    assert (await plan(row.plan_version_id), row.pending_price_id) == ("starter", None)
    assert await open_plans() == {"starter"}


async def test_from_a_year_to_a_month_when_the_year_is_over(harbour):
    anna = await somebody(harbour)
    await harbour.buy(anna, "pro", provider="paddle")
    _told, done = await up(harbour, anna, "pro", "year")
    assert done.outcome == "done"
    await harbour.settle()
    ends = (await paid_subscription()).period_end
    assert (ends - now()).days >= 364
    _told, done = await up(harbour, anna, "starter", "month")
    await harbour.settle()
    assert (done.outcome, (await paid_subscription()).period_end) == ("scheduled", ends)


async def test_what_is_not_paid_ends_access_after_grace_and_comes_back_when_paid(harbour, anna):
    [method] = (await harbour.truth("paddle"))["methods"]
    await harbour.control("paddle", f"methods/{method['id']}", outcome="insufficient_funds")
    await harbour.live(31 * DAY, step=31 * DAY)
    row = await paid_subscription()
    assert (row.state, row.paid_until < now()) == ("past_due", True)
    assert await payments() == [("initial", "paid"), ("renewal", "failed")]
    assert "payment_failed" in await mails()
    await harbour.control("paddle", f"methods/{method['id']}", outcome="pays")
    await harbour.live(6 * DAY, step=2 * DAY)
    row = await paid_subscription()
    assert (row.state, row.paid_until) == ("active", row.period_end)
    assert await open_plans() == {"pro"}


async def test_what_is_never_paid_ends(harbour, anna):
    [method] = (await harbour.truth("paddle"))["methods"]
    await harbour.control("paddle", f"methods/{method['id']}", outcome="stolen")
    await harbour.live(62 * DAY, step=31 * DAY)
    assert (await paid_subscription()).state == "ended"
    assert await payments() == [("initial", "paid"), ("renewal", "void")]


async def test_a_cancellation_is_taken_back_and_then_meant(harbour, anna):
    words = {"by": anna.person, "reason": ""}
    await cancel(anna.organisation, "stock", when="period_end", key="1", **words)
    await harbour.settle()
    row = await paid_subscription()
    assert row.cancel_at == row.period_end
    await resume(anna.organisation, "stock", key="2", by=anna.person)
    await harbour.settle()
    assert (await paid_subscription()).cancel_at is None
    await cancel(anna.organisation, "stock", when="period_end", key="3", **words)
    await harbour.live(32 * DAY, step=16 * DAY)
    assert (await paid_subscription()).state == "ended"
    assert len(await rows(Payment)) == 1


async def test_a_pause_costs_nothing_and_loses_nothing(harbour, anna):
    before = await paid_subscription()
    await pause(anna.organisation, "stock", by=anna.person, key="pause")
    await harbour.live(5 * DAY, step=5 * DAY)
    assert (await paid_subscription()).state == "suspended"
    await resume(anna.organisation, "stock", by=anna.person, key="resume")
    await harbour.settle()
    row = await paid_subscription()
    assert (row.state, row.period_end) == ("active", before.period_end)
    assert len(await rows(Payment)) == 1


@pytest.mark.parametrize("verdict", ["won", "lost"])
async def test_a_dispute_holds_access_until_it_is_decided(harbour, anna, verdict):
    [payment] = await rows(Payment)
    paid = await cash()
    warning = await harbour.control("paddle", f"payments/{payment.ref}/dispute")
    await harbour.settle()
    assert warning["action"] == "chargeback_warning"
    assert (await paid_subscription()).access_hold == "dispute"
    assert await cash() == paid - payment.amount, "Paddle has given it back to the payer at the warning"
    await harbour.control("paddle", f"disputes/{warning['id']}/{verdict}")
    await harbour.settle()
    [dispute] = await rows(Dispute)
    assert dispute.state == verdict
    assert await cash() == (paid if verdict == "won" else paid - payment.amount)
    assert (await open_plans() == {"pro"}) == (verdict == "won")


async def test_what_a_credit_pays_for_is_paid(harbour):
    anna = await somebody(harbour)
    await harbour.buy(anna, "enterprise", provider="paddle")
    price = await harbour.price("starter")
    async with transaction() as session:
        tag, _version = await price_tag(session, price)
    known = replace(tag, ref=await published(provider("paddle"), tag, price))
    # As somebody may do it in Paddle's dashboard: the house itself lets a cheaper plan wait.
    await provider("paddle").change_plan((await paid_subscription()).ref, known, when="now", key="down")
    await harbour.live(32 * DAY, step=16 * DAY)
    row = await paid_subscription()
    assert [each.amount for each in await rows(Payment)][1:] == [0, 0]
    assert (await open_plans(), row.paid_until) == ({"starter"}, row.period_end)


async def test_a_refund_that_paddle_rejects_leaves_everything(harbour, anna):
    [payment] = await rows(Payment)
    await refund(payment.organisation_id, payment.id, None, by=anna.person, because="Asked for", key="once")
    await harbour.settle()
    [asked] = (await harbour.truth("paddle"))["refunds"]
    await harbour.control("paddle", f"refunds/{asked['id']}/rejected")
    await harbour.settle()
    [kept] = await rows(Refund)
    assert (kept.state, (await rows(Payment))[0].refunded) == ("failed", 0)
    assert await open_plans() == {"pro"}
