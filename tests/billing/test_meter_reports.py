"""Use of metered prices arrives at the provider once, whatever happens between the two."""

from collections import Counter
from dataclasses import replace
from datetime import timedelta
from itertools import count

import pytest
from dying import Dying
from lives import paid_subscription, rows
from shop import EXPORT, shop
from sqlalchemy import update

from verf.billing import configure, consume, hold, settle
from verf.billing.declarations import products
from verf.billing.grants import give
from verf.billing.messages import ReportAllUsage
from verf.billing.meter_reports import report_usage
from verf.billing.models import Finding, Subscription, UsageReport, UsageWindow
from verf.billing.providers.events import ProviderUnreachable
from verf.billing.trials import begin_trial
from verf.database import transaction
from verf.kit import advance, new_id, now
from verf.manifest import Entitlement

DAY, HOUR, MINUTE = timedelta(days=1), timedelta(hours=1), timedelta(minutes=1)
METERS = "meter_events"
STRIDE = 3


@pytest.fixture
def metered(harbour):
    """The tracker, as if its calls and tokens were charged by the unit."""
    before = products()
    declared = []
    for product in before:
        each = [replace(one, reports_to="calls") if one.feature == "calls" else one for one in product.entitlements]
        each.append(Entitlement(feature="tokens", title="Tokens", kind="quota", per="day", reports_to="tokens"))
        declared.append(replace(product, entitlements=tuple(each)))
    configure(declared)
    harbour.schedules = [ReportAllUsage]
    yield harbour
    configure(before)


async def use(member, amount, *, feature="calls", **more):
    async with transaction(organisation=member.organisation) as session:
        return await consume(session, member.organisation, "stock", feature, amount, **more)


def events(harbour):
    return harbour.simulators["stripe"].store.all("billing.meter_event")


def charged(harbour):
    """Units by meter, as Stripe has counted them."""
    total = Counter()
    for event in events(harbour):
        total[event["event_name"]] += int(event["payload"]["value"])
    return dict(total)


async def reported(harbour):
    await harbour.ring()
    await harbour.settle()
    return charged(harbour)


async def states():
    return [(row.from_used, row.to_used, row.state) for row in await rows(UsageReport)]


async def test_what_was_used_since_the_last_report_is_told_once(metered):
    anna = await metered.member()
    await metered.buy(anna, "pro")
    await use(anna, 3)
    for _again in range(3):
        assert await reported(metered) == {"calls": 3}
    await use(anna, 4)
    assert await reported(metered) == {"calls": 7}
    assert await states() == [(0, 3, "sent"), (3, 7, "sent")]
    customer = (await paid_subscription()).customer
    assert {event["payload"]["stripe_customer_id"] for event in events(metered)} == {customer}


async def test_only_who_pays_a_provider_with_meters_is_told_of(metered):
    anna = await metered.member()
    await metered.buy(anna, "pro", provider="yookassa")
    await use(anna, 3)
    assert await reported(metered) == {}
    assert await rows(UsageReport) == []


@pytest.mark.parametrize("trouble", ["fail", "fail_after", "timeout_after"])
async def test_an_unknown_outcome_is_repeated_with_the_same_key(metered, trouble):
    anna = await metered.member()
    await metered.buy(anna, "pro")
    await use(anna, 3)
    await metered.control("stripe", "knobs", **{trouble: {"path": METERS}})
    with pytest.raises(ProviderUnreachable):
        await report_usage(anna.organisation, "stock")
    await use(anna, 2)
    with pytest.raises(ProviderUnreachable):
        await report_usage(anna.organisation, "stock")
    await metered.control("stripe", "knobs", "DELETE")
    assert await reported(metered) == {"calls": 5}
    assert await states() == [(0, 3, "sent"), (3, 5, "sent")]


async def test_killed_at_any_moment_every_unit_counts_once(metered):
    anna = await metered.member()
    await metered.buy(anna, "pro")
    for moment in count(1, STRIDE):
        await use(anna, 2)
        dying = Dying(report_usage(anna.organisation, "stock"), at=moment)
        await dying
        used = (moment // STRIDE + 1) * 2
        assert charged(metered).get("calls", 0) in (used - 2, used)
        assert await reported(metered) == {"calls": used}, moment
        if not dying.has_died:
            break
    assert moment > 10
    assert {state for _start, _end, state in await states()} == {"sent"}


async def test_the_end_of_a_window_is_told_inside_it_and_what_comes_late_on_the_next_invoice(metered):
    anna = await metered.member()
    await metered.buy(anna, "pro")
    async with transaction(organisation=anna.organisation) as session:
        await hold(session, anna.organisation, "stock", "calls", 5, key="slow", patience=40 * DAY)
    [window] = await rows(UsageWindow)
    advance(window.ends_at - now() - MINUTE)
    await use(anna, 3)
    advance(9 * MINUTE)
    assert await reported(metered) == {"calls": 3}
    assert [event["timestamp"] for event in events(metered)] == [int(window.ends_at.timestamp()) - 1]
    advance(3 * HOUR)
    async with transaction(organisation=anna.organisation) as session:
        await settle(session, anna.organisation, "stock", "calls", 4, key="slow")
    late = await use(anna, 6, at=window.ends_at - HOUR)
    assert late.is_adjustment
    assert await reported(metered) == {"calls": 13}
    latest = sorted(event["timestamp"] for event in events(metered))[1:]
    assert all(moment > window.ends_at.timestamp() for moment in latest)
    assert await reported(metered) == {"calls": 13}


async def test_what_was_used_before_the_subscription_is_not_charged(metered):
    anna = await metered.member()
    async with transaction(organisation=anna.organisation) as session:
        await begin_trial(session, anna.organisation, "stock", person=anna.person)
        where = {"source": "staff", "source_ref": str(new_id()), "feature": "tokens", "amount": 100}
        await give(session, anna.organisation, "stock", starts_at=now() - DAY, ends_at=None, **where)
    await use(anna, 5)
    await use(anna, 7, feature="tokens", key="tried")
    advance(MINUTE)
    await metered.buy(anna, "pro")
    advance(MINUTE)
    await use(anna, 2)
    await use(anna, 4, feature="tokens", key="paid")
    assert await reported(metered) == {"calls": 2, "tokens": 4}


async def test_what_was_used_until_the_end_is_told_and_nothing_after_it(metered):
    anna = await metered.member()
    await metered.buy(anna, "pro")
    async with transaction(organisation=anna.organisation) as session:
        where = {"source": "staff", "source_ref": str(new_id()), "feature": "calls", "amount": 100}
        await give(session, anna.organisation, "stock", starts_at=now() - DAY, ends_at=None, **where)
    await use(anna, 3, key="before")
    advance(MINUTE)
    row = await paid_subscription()
    await metered.control("stripe", f"subscriptions/{row.ref}/cancel")
    await metered.settle()
    assert (await paid_subscription()).state == "ended"
    advance(MINUTE)
    await use(anna, 8, key="after")
    assert await reported(metered) == {"calls": 3}
    advance(2 * DAY)
    assert await reported(metered) == {"calls": 3}


async def test_what_no_answer_came_to_for_a_day_is_left_to_a_person(metered):
    anna = await metered.member()
    await metered.buy(anna, "pro")
    await use(anna, 3)
    await metered.control("stripe", "knobs", fail_after={"path": METERS})
    with pytest.raises(ProviderUnreachable):
        await report_usage(anna.organisation, "stock")
    await metered.control("stripe", "knobs", "DELETE")
    advance(DAY)
    await report_usage(anna.organisation, "stock")
    assert await states() == [(0, 3, "unknown")]
    [finding] = await rows(Finding)
    assert (finding.kind, finding.state, finding.ours["units"]) == ("usage_untold", "open", 3)
    await use(anna, 2)
    await report_usage(anna.organisation, "stock")
    assert await states() == [(0, 3, "unknown"), (3, 5, "sent")]


async def test_what_is_refused_is_tried_until_it_is_taken(metered):
    anna = await metered.member()
    await metered.buy(anna, "pro")
    known = (await paid_subscription()).customer
    await change(Subscription, customer="cus_of_another_account")
    await use(anna, 3)
    assert await reported(metered) == {}
    assert await states() == [(0, 3, "new")]
    advance(2 * DAY)
    assert await reported(metered) == {}
    [finding] = await rows(Finding)
    assert (finding.kind, finding.state) == ("usage_untold", "open")
    await change(UsageReport, customer=known)
    assert await reported(metered) == {"calls": 3}
    assert [row.state for row in await rows(Finding)] == ["repaired"]
    assert await states() == [(0, 3, "sent")]


async def change(record, **values):
    async with transaction(system="test changes a row") as session:
        await session.execute(update(record).values(**values))


def test_only_what_is_counted_can_be_reported():
    wrong = replace(shop(), entitlements=(replace(EXPORT, reports_to="exports"),), plans=())
    with pytest.raises(ValueError, match="not counted"):
        configure([wrong])
