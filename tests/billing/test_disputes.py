"""A bank takes a payment back: access waits, then opens again or is gone, and trials with it."""

import pytest
from lives import DAY, mails, paid_subscription, rows

from verf.audit import history
from verf.billing.disputes import is_barred
from verf.billing.models import Dispute, Grant, Payment
from verf.billing.refunds import NothingToRefund, refund
from verf.billing.trials import begin_trial
from verf.database import transaction
from verf.kit import new_id
from verf.organisations.membership import found

PROVIDERS = ["stripe", "paddle"]


@pytest.fixture(params=PROVIDERS)
async def provider(request):
    return request.param


@pytest.fixture
async def anna(harbour, provider, anna):
    [payment] = await rows(Payment)
    await harbour.control(provider, f"payments/{payment.ref}/dispute")
    await harbour.settle()
    return anna


async def barred(member):
    async with transaction(organisation=member.organisation) as session:
        return await is_barred(session, member.organisation)


async def settled(harbour, provider, verdict):
    [dispute] = (await harbour.truth(provider))["disputes"]
    await harbour.control(provider, f"disputes/{dispute['id']}/{verdict}")
    await harbour.settle()


async def test_while_it_is_open_access_waits_and_the_owners_know(harbour, provider, anna):
    row = await paid_subscription()
    assert (row.state, row.access_hold) == ("active", "dispute")
    assert await barred(anna)
    assert await mails() == ["dispute_opened"]
    async with transaction(system="test looks") as session:
        assert "billing.dispute-open" in [entry.action for entry in await history(session)]
    [payment] = await rows(Payment)
    with pytest.raises(NothingToRefund):
        await refund(anna.organisation, payment.id, None, by=new_id(), because="", key="k")


async def test_won_it_opens_again(harbour, provider, anna):
    await settled(harbour, provider, "won")
    assert (await paid_subscription()).access_hold == ""
    assert not await barred(anna)
    [grant] = [each for each in await rows(Grant) if each.source == "payment"]
    assert grant.revoked_at is None


async def test_lost_it_is_over(harbour, provider, anna):
    await settled(harbour, provider, "lost")
    row = await paid_subscription()
    assert (row.state, row.ended_because) == ("ended", "dispute")
    assert await barred(anna)
    [dispute] = await rows(Dispute)
    assert dispute.state == "lost"
    assert all(each.revoked_at for each in await rows(Grant) if each.source == "payment")
    await harbour.live(40 * DAY, step=20 * DAY)
    assert len(await rows(Payment)) == 1


async def test_who_lost_us_money_gets_no_trial_under_another_roof(harbour, provider, anna):
    await settled(harbour, provider, "lost")
    async with transaction(system="test founds another organisation") as session:
        another = await found(session, anna.person, "Another Roof")
    async with transaction(organisation=another) as session:
        assert not await begin_trial(session, another, "stock", person=anna.person)
