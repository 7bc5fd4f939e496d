"""A warning of a chargeback that nothing follows holds access for some time, and no longer; what comes holds again."""

import pytest
from lives import DAY, paid_subscription, rows, somebody

from verf.audit import history
from verf.billing import allows
from verf.billing.handling import refresh
from verf.billing.messages import EndHolds
from verf.billing.models import Dispute, Payment
from verf.billing.providers.pictures import Subject
from verf.billing.reported_disputes import report_dispute
from verf.billing.settings import BillingSettings
from verf.database import transaction
from verf.kit import new_id
from verf.settings import load

HELD = load(BillingSettings).warning_days * DAY


async def warned(harbour, provider="paddle"):
    anna = await somebody(harbour)
    harbour.schedules.append(EndHolds)
    await harbour.buy(anna, "pro", provider=provider)
    [payment] = await rows(Payment)
    warning = await harbour.control(provider, f"payments/{payment.ref}/dispute")
    await harbour.settle()
    assert await seen(anna) == ("dispute", False)
    return anna, warning


async def seen(member):
    return (await paid_subscription()).access_hold, (await allows(member.organisation, "stock", "products")).allowed


async def ended_holds():
    async with transaction(system="test looks") as session:
        return [each.subject for each in await history(session) if each.action == "billing.dispute-hold-ended"]


async def test_it_is_let_go_when_nothing_came_and_stays_so(harbour):
    anna, _warning = await warned(harbour)
    await harbour.live(HELD - DAY, step=10 * DAY)
    assert await seen(anna) == ("dispute", False)
    await harbour.live(2 * DAY, step=DAY)
    assert await seen(anna) == ("", True)
    [dispute] = await rows(Dispute)
    assert dispute.state == "open"
    row = await paid_subscription()
    await refresh("paddle", Subject("subscription", row.ref), cause="test asks")
    await harbour.live(40 * DAY, step=10 * DAY)
    assert await seen(anna) == ("", True)
    assert await ended_holds() == [f"dispute:{dispute.id}"]


async def test_the_chargeback_that_comes_later_holds_again_and_ends_it(harbour):
    anna, warning = await warned(harbour)
    await harbour.live(HELD + 2 * DAY, step=8 * DAY)
    assert await seen(anna) == ("", True)
    await harbour.control("paddle", "knobs", fail={"rate": 1, "path": "POST"})
    await harbour.control("paddle", f"disputes/{warning['id']}/lost")
    await harbour.settle(errors="keep")
    row = await paid_subscription()
    assert (row.state, await seen(anna)) == ("active", ("dispute", False)), "Paddle does not take its end yet"
    await harbour.control("paddle", "knobs", "DELETE")
    await harbour.live(DAY, step=DAY / 4)
    assert (await paid_subscription()).state == "ended"


async def test_a_warning_that_is_taken_back_later_leaves_it_open(harbour):
    anna, warning = await warned(harbour)
    await harbour.live(HELD + 2 * DAY, step=8 * DAY)
    await harbour.control("paddle", f"disputes/{warning['id']}/won")
    await harbour.settle()
    assert await seen(anna) == ("", True)


@pytest.mark.parametrize("provider", ["stripe", "yookassa"])
async def test_a_dispute_that_a_bank_decides_is_waited_for(harbour, provider):
    anna = await somebody(harbour)
    harbour.schedules.append(EndHolds)
    await harbour.buy(anna, "pro", provider=provider)
    [payment] = await rows(Payment)
    if provider == "stripe":
        await harbour.control(provider, f"payments/{payment.ref}/dispute")
    else:
        await report_dispute(payment.organisation_id, payment.id, None, by=new_id(), because="Letter")
    await harbour.settle()
    await harbour.live(HELD + 2 * DAY, step=8 * DAY)
    assert (await paid_subscription()).access_hold == "dispute"
    assert await ended_holds() == []
