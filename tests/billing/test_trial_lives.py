"""A trial from its first day to its end, or to the plan that takes its place."""

import pytest
from lives import DAY, mails, rows, somebody

from verf.billing.models import Grant, PaymentMethod, Subscription
from verf.billing.trials import begin_trial
from verf.database import transaction
from verf.kit import new_id, now


@pytest.fixture
async def anna(harbour):
    anna = await somebody(harbour)
    async with transaction(organisation=anna.organisation) as session:
        assert await begin_trial(session, anna.organisation, "stock", person=anna.person)
    await harbour.settle()
    return anna


async def test_it_is_told_begins_warns_and_ends(harbour, anna):
    [row] = await rows(Subscription)
    assert (row.state, row.trial_end - row.period_start) == ("trialing", 14 * DAY)
    await harbour.live(15 * DAY, step=DAY / 2)
    [ended] = await rows(Subscription)
    assert (ended.state, ended.ended_because, ended.ended_at) == ("ended", "trial ended", row.trial_end)
    assert await mails() == ["trial_started", "trial_ends_soon", "trial_ended"]


async def test_a_plan_takes_its_place_without_a_word_of_an_end(harbour, anna):
    await harbour.live(5 * DAY, step=5 * DAY)
    await harbour.buy(anna, "pro", provider="yookassa")
    trial, paid = await rows(Subscription)
    assert (trial.state, trial.ended_because, paid.state) == ("ended", "converted", "active")
    assert await mails() == ["trial_started"]
    await harbour.live(15 * DAY, step=5 * DAY)
    assert await mails() == ["trial_started"]
    [grant] = [each for each in await rows(Grant) if each.source == "payment"]
    assert grant.starts_at <= now() < grant.ends_at


async def test_a_card_that_has_paid_brings_no_trial_to_another_account(harbour, anna):
    await harbour.buy(anna, "pro", provider="stripe")
    [known] = [each for each in await rows(PaymentMethod) if each.fingerprint]
    boris = await somebody(harbour, "Boris")
    values = {"provider": "paddle", "account": "x", "is_live": False, "ref": "m", "kind": "card", "title": "Card"}
    async with transaction(organisation=boris.organisation) as session:
        session.add(
            PaymentMethod(id=new_id(), organisation_id=boris.organisation, fingerprint=known.fingerprint, **values)
        )
        await session.flush()
        assert not await begin_trial(session, boris.organisation, "stock", person=boris.person)
