"""Leaving, pausing and coming back, with our own engine and with providers that keep the calendar."""

from datetime import timedelta

import pytest
from killing import dies, moments
from lives import DAY, HOUR, buyer, live_until_due, mails, paid_subscription, payments, rows

from verf.audit import history
from verf.billing.changing import PlanChangeRefused, change_plan
from verf.billing.ending import CannotPause, NothingToResume, cancel, pause, resume
from verf.billing.entitling import allows
from verf.billing.models import Grant
from verf.billing.providers import registry
from verf.billing.providers.events import ProviderRefused
from verf.billing.steering import MARK_LASTS, live
from verf.database import transaction
from verf.kit import advance, new_id, now

MIRRORED = ["stripe", "paddle"]
PROVIDERS = [*MIRRORED, "yookassa"]

with_our_own_engine = pytest.mark.parametrize("provider", ["yookassa"], indirect=True)
with_a_mirror = pytest.mark.parametrize("provider", MIRRORED, indirect=True)
only_paddle_refuses = pytest.mark.parametrize("provider", ["paddle"], indirect=True)


@pytest.fixture(params=PROVIDERS)
async def provider(request):
    return request.param


@pytest.fixture
async def anna(harbour, anna):
    await harbour.live(3 * DAY, step=3 * DAY)
    return anna


async def audited():
    """What the audit says of the subscription, newest first."""
    row = await paid_subscription()
    async with transaction(system="test looks") as session:
        return [entry.action for entry in await history(session, subject=f"subscription:{row.id}")]


async def test_cancelled_it_stays_open_until_the_end_of_what_is_paid(harbour, provider, anna):
    await cancel(anna.organisation, "stock", when="period_end", reason="Too dear", by=anna.person, key="k")
    row = await paid_subscription()
    assert (row.state, row.cancel_reason) == ("active", "Too dear")
    assert row.cancel_at == row.period_end
    [grant] = [each for each in await rows(Grant) if each.source == "payment"]
    assert grant.revoked_at is None
    await harbour.live(32 * DAY, step=8 * DAY)
    ended = await paid_subscription()
    assert (ended.state, ended.ended_at) == ("ended", row.period_end)
    assert await payments() == [("initial", "paid")]
    assert await mails() == ["cancellation_confirmed", "subscription_ended"]
    is_ours = provider == "yookassa"
    assert await audited() == (
        ["billing.cancelled"] if is_ours else ["billing.cancelled", "billing.cancellation-requested"]
    )


async def test_taken_back_it_goes_on(harbour, provider, anna):
    await cancel(anna.organisation, "stock", when="period_end", reason="", by=anna.person, key="k")
    await resume(anna.organisation, "stock", by=anna.person, key="r")
    assert (await paid_subscription()).cancel_at is None
    await harbour.settle()
    assert await mails() == ["cancellation_confirmed", "subscription_resumed"]
    with pytest.raises(NothingToResume):
        await resume(anna.organisation, "stock", by=anna.person, key="r2")


async def test_cancelled_now_access_ends_now(harbour, provider, anna):
    await cancel(anna.organisation, "stock", when="now", reason="", by=anna.person, key="k")
    row = await paid_subscription()
    assert row.state == "ended"
    [grant] = [each for each in await rows(Grant) if each.source == "payment"]
    assert grant.revoked_at is not None


@with_our_own_engine
async def test_paused_nothing_is_charged_and_nothing_opens_until_it_is_resumed(harbour, provider, anna):
    await pause(anna.organisation, "stock", by=anna.person, key="p")
    row = await live_until_due(harbour, before=-HOUR)
    assert row.state == "suspended"
    await harbour.live(40 * DAY, step=10 * DAY)
    assert await payments() == [("initial", "paid")]
    await resume(anna.organisation, "stock", by=anna.person, key="r")
    at = now()
    await harbour.live(HOUR, step=HOUR)
    row = await paid_subscription()
    assert (row.state, row.paused_at, row.period_index) == ("active", None, 0)
    assert abs(row.period_start - at) < HOUR
    assert row.period_end - row.period_start >= 28 * DAY
    assert await payments() == [("initial", "paid"), ("renewal", "paid")]
    assert await mails() == ["subscription_paused", "subscription_resumed"]


@with_our_own_engine
async def test_a_pause_taken_back_in_time_was_none(harbour, provider, anna):
    await pause(anna.organisation, "stock", by=anna.person, key="p")
    await resume(anna.organisation, "stock", by=anna.person, key="r")
    before = await live_until_due(harbour)
    await harbour.live(2 * HOUR, step=HOUR)
    after = await paid_subscription()
    assert after.period_start == before.period_end
    assert await mails() == ["subscription_paused", "subscription_resumed"]


async def test_what_is_cancelled_cannot_be_paused(harbour, provider, anna):
    await cancel(anna.organisation, "stock", when="period_end", reason="", by=anna.person, key="k")
    with pytest.raises(CannotPause):
        await pause(anna.organisation, "stock", by=anna.person, key="p")


@with_a_mirror
async def test_paused_at_a_mirror_nothing_is_charged_until_it_is_resumed(harbour, provider, anna):
    await pause(anna.organisation, "stock", by=anna.person, key="p")
    assert (await paid_subscription()).state == "suspended"
    assert (await allows(anna.organisation, "stock", "products")).allowed
    await harbour.live(40 * DAY, step=10 * DAY)
    assert not (await allows(anna.organisation, "stock", "products")).allowed
    assert await payments("paid") == [("initial", "paid")]
    await resume(anna.organisation, "stock", by=anna.person, key="r")
    await harbour.settle()
    assert ((await paid_subscription()).state, len(await payments("paid"))) == ("active", 2)
    assert (await allows(anna.organisation, "stock", "products")).allowed
    assert await mails() == ["subscription_paused", "subscription_resumed"]


@with_a_mirror
async def test_paused_in_the_cabinet_of_the_provider_it_is_resumed_here(harbour, provider, anna):
    ref = (await paid_subscription()).ref
    await harbour.control(provider, f"subscriptions/{ref}/pause")
    await harbour.settle()
    row = await paid_subscription()
    assert (row.state, row.paused_at is not None) == ("suspended", True)
    await resume(anna.organisation, "stock", by=anna.person, key="r")
    await harbour.settle()
    row = await paid_subscription()
    assert (row.state, row.paused_at) == ("active", None)
    assert await payments("paid") == [("initial", "paid")]
    assert await mails() == ["subscription_paused", "subscription_resumed"]


@only_paddle_refuses
async def test_a_pause_that_the_provider_refuses_is_none(harbour, provider, anna):
    # Over there, and we have not heard of it yet.
    await registry.provider("paddle").cancel((await paid_subscription()).ref, when="period_end", key="over there")
    with pytest.raises(ProviderRefused):
        await pause(anna.organisation, "stock", by=anna.person, key="p")
    assert (await paid_subscription()).paused_at is None
    assert await audited() == ["billing.pause-refused", "billing.pause-requested"]


@with_a_mirror
async def test_the_audit_claims_no_cancellation_that_nobody_has_confirmed(harbour, provider, anna):
    await harbour.control(provider, "knobs", fail={"rate": 1})
    assert await cancel_it(anna) == "noted"
    await harbour.live(HOUR, step=HOUR)
    assert await audited() == ["billing.cancellation-requested"]
    await harbour.control(provider, "knobs", "DELETE")
    await harbour.live(2 * HOUR, step=HOUR)
    assert await audited() == ["billing.cancelled", "billing.cancellation-requested"]


@with_a_mirror
async def test_a_cancellation_its_provider_did_not_hear_is_passed_on(harbour, provider, anna):
    """It was declared to us in time, so no other period is charged."""
    await harbour.control(provider, "knobs", fail={"rate": 1})
    assert await cancel_it(anna) == "noted"
    await harbour.live(HOUR, step=HOUR)
    row = await paid_subscription()
    assert (row.leaving, row.cancel_at) == ("period_end", None)
    await harbour.control(provider, "knobs", "DELETE")
    advance(MARK_LASTS + timedelta(seconds=1))
    with pytest.raises(PlanChangeRefused):
        await change_plan(buyer(anna), "stock", await harbour.price("enterprise"), key="up")
    await harbour.live(2 * HOUR, step=HOUR)
    row = await paid_subscription()
    assert (row.leaving, row.cancel_at) == ("", row.period_end)
    await harbour.live(40 * DAY, step=10 * DAY)
    assert (await paid_subscription()).state == "ended"
    assert await payments() == [("initial", "paid")]
    assert await mails() == ["cancellation_confirmed", "subscription_ended"]


@with_a_mirror
async def test_a_cancellation_taken_back_before_its_provider_heard_is_none(harbour, provider, anna):
    await harbour.control(provider, "knobs", fail={"rate": 1})
    assert await cancel_it(anna) == "noted"
    await harbour.control(provider, "knobs", "DELETE")
    advance(MARK_LASTS + timedelta(seconds=1))
    await resume(anna.organisation, "stock", by=anna.person, key="r")
    await harbour.live(2 * HOUR, step=HOUR)
    row = await paid_subscription()
    assert (row.state, row.leaving, row.cancel_at) == ("active", "", None)


@with_a_mirror
async def test_who_dies_before_asking_the_provider_leaves_the_cancellation_to_a_job(harbour, provider, anna):
    async with transaction(organisation=anna.organisation) as session:
        began = (await live(session, anna.organisation, "stock")).period_end
    for moment in moments(growth=1.7):
        if not await dies(cancel_it(anna), after=moment):
            break
        is_asked = (await paid_subscription()).leaving or (await paid_subscription()).cancel_at
        await harbour.live(HOUR, step=HOUR / 2)
        row = await paid_subscription()
        assert row.cancel_at == (began if is_asked else None)
        if row.cancel_at:
            await resume(anna.organisation, "stock", by=anna.person, key=str(moment))
            await harbour.live(HOUR, step=HOUR)
    await harbour.settle()
    assert (await paid_subscription()).cancel_at == began


@with_a_mirror
async def test_what_a_provider_agreed_to_is_done_though_it_fell_silent_then(harbour, provider, anna):
    """Any of the readings after it may fail; what the customer wanted has happened."""
    read_after = "/invoices" if provider == "stripe" else "/transactions"
    await harbour.control(provider, "knobs", fail={"rate": 1, "path": read_after}, drop={"rate": 1})
    assert await cancel_it(anna) == "done"
    await harbour.control(provider, "knobs", "DELETE")
    await harbour.live(HOUR, step=HOUR)
    row = await paid_subscription()
    assert (row.leaving, row.cancel_at) == ("", row.period_end)


async def cancel_it(anna):
    return await cancel(anna.organisation, "stock", when="period_end", reason="", by=anna.person, key=str(new_id()))
