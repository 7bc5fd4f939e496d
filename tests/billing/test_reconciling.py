"""Lost webhooks, refunds in the cabinet, strange payments: found by asking, named, and repaired where that is safe."""

from datetime import timedelta

import pytest
from sqlalchemy import select, text, update

from verf.billing.messages import Reconcile
from verf.billing.models import Finding, Grant, Payment, Refund, Subscription, SyncCursor
from verf.billing.polling import listen_for_silence, read_changes
from verf.billing.reconciling import recheck, reconcile
from verf.database import transaction
from verf.jobs import drain, enqueue
from verf.kit import advance, now

PROVIDERS = ["stripe", "paddle", "yookassa", "wata"]
DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)


async def rows(record):
    async with transaction(system="test looks") as session:
        return list(await session.scalars(select(record).order_by(record.id)))


async def findings(*, state=None):
    return [(each.kind, each.state) for each in await rows(Finding) if state in (None, each.state)]


async def told(harbour, provider, kind, **knob):
    await harbour.control(provider, "knobs", **{kind: knob})


async def deaf(harbour, provider):
    """From now on no webhook of this provider arrives."""
    # Wata asks before it charges, and a question that is lost is a payment declined.
    await told(harbour, provider, "drop", rate=1, path=".paid" if provider == "wata" else "")


async def pay_unheard(harbour, member, provider):
    """Paid at a page of which nobody ever tells us, and whose checks are as good as forgotten."""
    opened = await harbour.checkout(member, provider=provider)
    [ref] = await harbour.refs(opened)
    await harbour.control(provider, f"checkouts/{ref}/pay")
    return opened


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_a_poll_finds_what_no_webhook_told_and_says_so(harbour, provider):
    anna = await harbour.member()
    await deaf(harbour, provider)
    await pay_unheard(harbour, anna, provider)
    assert await rows(Grant) == []
    harbour.schedules = []
    assert await read_changes(provider) >= 1
    await harbour.live(6 * MINUTE, step=6 * MINUTE)
    assert [row.state for row in await rows(Subscription) if row.provider == provider] == ["active"]
    assert await findings() == [("lost_webhook", "repaired")]


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_a_poll_is_silent_about_what_was_told(harbour, provider):
    anna = await harbour.member()
    await harbour.buy(anna, provider=provider)
    harbour.schedules = []
    await read_changes(provider)
    await harbour.live(6 * MINUTE, step=6 * MINUTE)
    assert await findings() == []
    [cursor] = [each for each in await rows(SyncCursor) if each.provider == provider and each.stream == "changes"]
    assert cursor.read_until <= now()


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_a_payment_without_any_news_is_found_by_the_nightly_count(harbour, provider):
    anna = await harbour.member()
    await deaf(harbour, provider)
    await pay_unheard(harbour, anna, provider)
    advance(MINUTE)
    [found] = await reconcile(provider, now() - DAY, now())
    assert (found.difference.kind, found.state) == ("lost_webhook", "repaired")
    assert len([each for each in await rows(Grant) if each.source == "payment"]) == 1
    assert await findings() == [("lost_webhook", "repaired")]
    advance(MINUTE)
    assert await reconcile(provider, now() - DAY, now()) == []


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_a_dry_run_tells_and_changes_nothing(harbour, provider):
    anna = await harbour.member()
    await deaf(harbour, provider)
    await pay_unheard(harbour, anna, provider)
    advance(MINUTE)
    [found] = await reconcile(provider, now() - DAY, now(), is_dry=True)
    assert (found.difference.kind, found.state) == ("lost_webhook", "open")
    assert await rows(Payment) == []
    assert await findings() == []


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_a_refund_in_their_cabinet_is_booked_and_named(harbour, provider):
    anna = await harbour.member()
    await harbour.buy(anna, provider=provider)
    advance(MINUTE)
    await harbour.settle()
    await deaf(harbour, provider)
    [payment] = await rows(Payment)
    await harbour.control(provider, f"payments/{payment.ref}/refund", amount=1000)
    advance(10 * MINUTE)
    await harbour.settle()
    [found] = await reconcile(provider, now() - DAY, now())
    assert (found.difference.kind, found.state) == ("refund_elsewhere", "repaired")
    [refund] = await rows(Refund)
    assert (refund.state, refund.amount) == ("done", 1000)


async def test_another_sum_stays_open_until_it_is_gone(harbour):
    anna = await harbour.member()
    await harbour.buy(anna, provider="yookassa")
    [payment] = await rows(Payment)
    await _set_amount(payment.id, payment.amount - 1)
    [found] = await reconcile("yookassa", now() - DAY, now() + MINUTE)
    assert (found.difference.kind, found.state) == ("amount_differs", "open")
    [kept] = await rows(Finding)
    assert (kept.ours["amount"], kept.theirs["amount"]) == (payment.amount - 1, payment.amount)
    assert kept.proposal
    await reconcile("yookassa", now() - DAY, now() + MINUTE)
    assert await findings() == [("amount_differs", "open")]
    await _set_amount(payment.id, payment.amount)
    await recheck("yookassa")
    assert await findings() == [("amount_differs", "repaired")]


async def test_what_they_have_never_heard_of_is_missing_there(harbour):
    anna = await harbour.member()
    await harbour.buy(anna, provider="yookassa")
    [payment] = await rows(Payment)
    async with transaction(system="test") as session:
        await session.execute(update(Payment).where(Payment.id == payment.id).values(ref="no-such-payment"))
    found = await reconcile("yookassa", now() - DAY, now() + MINUTE)
    assert sorted(each.difference.kind for each in found) == ["lost_webhook", "missing_there"]
    assert ("missing_there", "open") in await findings()


async def test_a_window_is_worked_off_a_day_a_job_and_goes_on_where_it_was(harbour):
    anna = await harbour.member()
    await deaf(harbour, "yookassa")
    await pay_unheard(harbour, anna, "yookassa")
    until = now() + MINUTE
    async with transaction() as session:
        await enqueue(session, Reconcile("yookassa", until - 5 * DAY, until))
    await drain()
    assert await findings() == [("lost_webhook", "repaired")]
    [cursor] = [each for each in await rows(SyncCursor) if each.stream == "reconciled"]
    assert cursor.read_until == until
    async with transaction() as session:
        done = "SELECT count(*) FROM jobs.log WHERE entrypoint LIKE '%reconcile_some' AND status = 'successful'"
        assert await session.scalar(text(done)) == 5


async def test_the_nightly_count_asks_every_provider(harbour):
    anna = await harbour.member()
    await harbour.buy(anna, provider="yookassa")
    await harbour.live(DAY)
    asked = {each.provider for each in await rows(SyncCursor) if each.stream == "reconciled"}
    assert asked >= {*PROVIDERS}
    assert await findings() == []


async def test_a_provider_that_does_not_answer_is_asked_again(harbour):
    anna = await harbour.member()
    await deaf(harbour, "yookassa")
    await pay_unheard(harbour, anna, "yookassa")
    await told(harbour, "yookassa", "fail", rate=1)
    async with transaction() as session:
        await enqueue(session, Reconcile("yookassa", now() - HOUR, now() + MINUTE))
    await drain()
    assert await findings() == []
    await harbour.control("yookassa", "knobs", "DELETE")
    await harbour.live(2 * MINUTE, step=2 * MINUTE)
    assert ("lost_webhook", "repaired") in await findings()


async def test_silence_while_payments_come_in_is_an_alarm_until_a_webhook_comes(harbour):
    anna = await harbour.member()
    await deaf(harbour, "yookassa")
    await pay_unheard(harbour, anna, "yookassa")
    advance(MINUTE)
    await reconcile("yookassa", now() - DAY, now())
    async with transaction(system="test") as session:
        assert await listen_for_silence(session, "yookassa")
    assert ("silence", "open") in await findings()
    await harbour.control("yookassa", "knobs", "DELETE")
    await harbour.buy(await harbour.member("Ben"), provider="yookassa")
    async with transaction(system="test") as session:
        assert not await listen_for_silence(session, "yookassa")
    assert ("silence", "repaired") in await findings()


async def _set_amount(payment, amount):
    async with transaction(system="test") as session:
        await session.execute(update(Payment).where(Payment.id == payment).values(amount=amount))
