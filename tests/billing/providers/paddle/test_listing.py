"""What no webhook brought is found by asking."""

from dataclasses import replace
from datetime import timedelta

import httpx
import pytest
from paddle_desk import LARGE, SMALL

from verf.billing.providers.events import NotAble, ProviderRefused, ProviderUnreachable
from verf.billing.providers.orders import Charge, Usage
from verf.billing.providers.paddle import Paddle
from verf.billing.providers.paddle.settings import simulated
from verf.billing.providers.pictures import Subject
from verf.billing.states import Engine, PaymentState, SubscriptionState
from verf.kit import Money, new_id, now
from verf.outbound import close_clients, use_transport
from verf.sandbox.payments.cards import Outcome
from verf.settings import House, load


async def test_changes_are_listed_oldest_first_page_after_page(desk):
    begin = now()
    bought = [await desk.bought() for _ in range(30)]
    assert len(desk.there.world.all("event")) > 200
    changed = [each async for each in desk.paddle.list_changes(begin)]
    first_seen = list(dict.fromkeys(each.ref for each in changed if each.kind == "subscription"))
    assert first_seen == bought
    await desk.passes(days=31)
    lately = [each async for each in desk.paddle.list_changes(now() - timedelta(days=2))]
    assert {each.ref for each in lately} == set(bought)
    assert [each async for each in desk.paddle.list_changes(now() + timedelta(seconds=1))] == []


async def test_a_checkout_nobody_paid_is_a_change_too(desk):
    begin = now()
    opened = await desk.paddle.open_checkout(desk.order())
    assert [each async for each in desk.paddle.list_changes(begin)] == [Subject("checkout", opened.ref)]


async def test_payments_of_a_window_come_with_their_refunds(desk):
    subscriptions = [await desk.bought(), await desk.bought(LARGE)]
    for _ in range(20):
        await desk.passes(days=31)
    renewed = (await desk.seen(subscriptions[0])).payments[-1]
    desk.there.refund_payment(renewed.ref, 400)
    everything = [each async for each in desk.paddle.list_payments(now() - timedelta(days=1000), now())]
    known = [payment for each in subscriptions for payment in (await desk.seen(each)).payments]
    assert len(everything) == 42
    assert {each.ref: each for each in everything} == {each.ref: each for each in known}
    begin = renewed.occurred_at - timedelta(days=3)
    window = [each async for each in desk.paddle.list_payments(begin, renewed.occurred_at)]
    assert renewed.ref not in {each.ref for each in window}
    assert all(begin <= each.occurred_at < renewed.occurred_at for each in window)


async def test_where_nothing_was_paid_nothing_is_listed(desk):
    opened = await desk.paddle.open_checkout(desk.order())
    await desk.paddle.close_checkout(opened.ref)
    assert [each async for each in desk.paddle.list_payments(now() - timedelta(days=1), now())] == []


async def test_what_is_owed_is_listed_as_not_paid(desk):
    await desk.bought(later=Outcome.INSUFFICIENT_FUNDS)
    await desk.passes(days=31)
    listed = [each async for each in desk.paddle.list_payments(now() - timedelta(days=60), now())]
    assert [each.state for each in listed] == [PaymentState.PAID, PaymentState.FAILED]


async def test_a_renewal_that_failed_moves_the_period_and_pays_nothing(desk):
    subscription = await desk.bought(later=Outcome.INSUFFICIENT_FUNDS)
    await desk.passes(days=31)
    picture = await desk.seen(subscription)
    first, second = picture.payments
    assert picture.subscription.state is SubscriptionState.PAST_DUE
    assert picture.subscription.period_start == second.period_start == first.period_end
    assert (second.state, second.failure.code, second.failure.is_hard) == (
        PaymentState.FAILED,
        "not_enough_balance",
        False,
    )


async def test_what_is_paid_late_is_the_same_payment(desk):
    subscription = await desk.bought(later=Outcome.INSUFFICIENT_FUNDS)
    await desk.passes(days=30)
    failed = (await desk.seen(subscription)).payments[-1]
    desk.there.set_method_outcome(desk.there.world.all("method")[0]["id"], Outcome.PAYS)
    await desk.passes(days=2)
    picture = await desk.seen(subscription)
    assert picture.subscription.state is SubscriptionState.ACTIVE
    assert (picture.payments[-1].ref, picture.payments[-1].state) == (failed.ref, PaymentState.PAID)
    assert picture.payments[-1].failure is None


async def test_what_is_never_paid_ends(desk):
    subscription = await desk.bought(later=Outcome.STOLEN)
    await desk.passes(days=30)
    await desk.passes(days=30)
    picture = await desk.seen(subscription)
    assert picture.subscription.state is SubscriptionState.ENDED
    assert picture.payments[-1].state is PaymentState.VOID


async def test_when_paddle_is_busy_it_says_how_long(desk):
    desk.turn("too_many", count=1, seconds=17)
    with pytest.raises(ProviderUnreachable) as busy:
        await desk.paddle.fetch(Subject("subscription", "sub_1"))
    assert busy.value.retry_after == 17


@pytest.mark.parametrize("how", ["fail", "timeout"])
async def test_when_paddle_is_down_nothing_is_known(desk, how):
    subscription = await desk.bought()
    desk.turn(how, count=1)
    with pytest.raises(ProviderUnreachable):
        await desk.seen(subscription)
    assert (await desk.seen(subscription)).subscription.ref == subscription


@pytest.mark.parametrize("said", ["<html>Bad gateway</html>", "[]", ""])
async def test_an_answer_that_is_not_paddles_tells_nothing(said):
    def gateway(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, text=said)

    with use_transport("paddle", httpx.MockTransport(gateway)), pytest.raises(ProviderUnreachable):
        await Paddle(simulated(load(House))).fetch(Subject("subscription", "sub_1"))
    await close_clients()


async def test_a_wrong_key_is_a_refusal_and_not_an_absence(desk):
    stranger = Paddle(replace(desk.paddle.connection, api_key="pdl_sdbx_apikey_other"))
    with pytest.raises(ProviderRefused) as refusal:
        await stranger.fetch(Subject("subscription", await desk.bought()))
    assert refusal.value.provider_code == "invalid_token"


async def test_what_paddle_cannot_do_is_said_beforehand(desk):
    abilities = desk.paddle.abilities
    assert (abilities.engine, abilities.can_meter, abilities.asks_first) == (Engine.MIRROR, False, False)
    charge = Charge(
        id=new_id(), key="k", organisation=new_id(), email="a@b.example", method="m", money=SMALL.money, title="t"
    )
    with pytest.raises(NotAble):
        await desk.paddle.charge(charge)
    with pytest.raises(NotAble):
        await desk.paddle.report_usage(Usage(key="k", customer="ctm_1", meter="calls", amount=1, at=now()))


async def test_a_price_named_in_the_settings_is_not_published(desk):
    named = Paddle(replace(desk.paddle.connection, prices={SMALL.key: "pri_given"}))
    assert await named.publish_price(SMALL) == "pri_given"
    assert await named.publish_price(replace(LARGE, ref="pri_known", money=Money(1, "USD"))) == "pri_known"
    assert desk.there.world.all("price") == []
