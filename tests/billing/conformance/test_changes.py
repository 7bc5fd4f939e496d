"""Plans change, end and pause at the provider where it keeps the calendar; where we do, it has no such thing."""

from datetime import timedelta

import pytest

from verf.billing.providers.events import NotAble, ProviderRefused
from verf.billing.states import PaymentState, SubscriptionState
from verf.kit import new_id, now


@pytest.fixture
async def subscribed(world):
    """None where there are no subscriptions, after which nothing is left to ask but that it says so."""
    if world.keeps_the_calendar:
        world.bought = await world.buy("starter")
        await world.live(days=10)
        return world
    price = world.price()
    for ask in (
        lambda: world.provider.preview_change("sub", price),
        lambda: world.provider.change_plan("sub", price, when="now", key="k"),
        lambda: world.provider.change_plan("sub", price, when="period_end", key="k"),
        lambda: world.provider.cancel("sub", when="now", key="k"),
        lambda: world.provider.cancel("sub", when="period_end", key="k"),
        lambda: world.provider.resume("sub", key="k"),
        lambda: world.provider.pause("sub", key="k"),
        lambda: world.provider.put_off("sub", until=now(), key="k"),
    ):
        with pytest.raises(NotAble):
            await ask()
    assert world.wire.calls == []
    return None


async def seen(world):
    return await world.again(world.bought)


async def test_an_upgrade_now_takes_what_its_preview_said(subscribed):
    if not (world := subscribed):
        return
    pro, ref = await world.published("pro"), world.bought.root.ref
    preview = await world.provider.preview_change(ref, pro)
    assert 0 < preview.due_now.minor_units < pro.money.minor_units
    assert preview.due_now.currency == pro.money.currency
    if preview.token:
        # Who thinks about it for an hour pays what was shown, where the provider can be held to a moment.
        await world.live(hours=1)
    before = {payment.ref for payment in (await seen(world)).payments}
    await world.provider.change_plan(ref, pro, when="now", key=str(new_id()), token=preview.token)
    await world.tick()
    picture = await seen(world)
    charged = [payment for payment in picture.payments if payment.ref not in before]
    assert [payment.money for payment in charged] == [preview.due_now]
    assert charged[0].state is PaymentState.PAID
    assert picture.subscription.price == pro.ref


async def test_an_upgrade_that_cannot_be_paid_leaves_the_plan(subscribed):
    if not (world := subscribed):
        return
    for method in (await world.truth())["methods"]:
        await world.control(f"methods/{method['id']}", {"outcome": "insufficient_funds"})
    pro, ref = await world.published("pro"), world.bought.root.ref
    with pytest.raises(ProviderRefused):
        await world.provider.change_plan(ref, pro, when="now", key=str(new_id()))
    await world.tick()
    picture = await seen(world)
    assert picture.subscription.price == world.bought.order.price.ref
    assert len([payment for payment in picture.payments if payment.state is PaymentState.PAID]) == 1


async def test_a_downgrade_waits_for_the_end_of_the_period(world):
    if not world.keeps_the_calendar:
        with pytest.raises(NotAble):
            await world.provider.change_plan("sub", world.price(), when="period_end", key="k")
        return
    bought = await world.buy("pro")
    starter = await world.published("starter")
    await world.provider.change_plan(bought.root.ref, starter, when="period_end", key=str(new_id()))
    await world.tick()
    subscription = (await world.again(bought)).subscription
    assert subscription.price == bought.order.price.ref
    assert subscription.pending_price == starter.ref
    await world.live(days=32)
    picture = await world.again(bought)
    assert picture.subscription.price == starter.ref
    assert not picture.subscription.pending_price
    paid = [payment.money for payment in picture.payments if payment.state is PaymentState.PAID]
    assert paid == [bought.order.money, starter.money]


async def test_an_upgrade_that_cannot_be_paid_leaves_the_downgrade_that_was_to_come(world):
    if not world.keeps_the_calendar:
        return
    bought = await world.buy("pro")
    starter = await world.published("starter")
    longer = await world.published("pro", interval="year", money=bought.order.money * 10)
    await world.provider.change_plan(bought.root.ref, starter, when="period_end", key=str(new_id()))
    methods = (await world.truth())["methods"]
    for method in methods:
        await world.control(f"methods/{method['id']}", {"outcome": "insufficient_funds"})
    with pytest.raises(ProviderRefused):
        await world.provider.change_plan(bought.root.ref, longer, when="now", key=str(new_id()))
    subscription = (await world.again(bought)).subscription
    assert (subscription.price, subscription.pending_price) == (bought.order.price.ref, starter.ref)
    for method in methods:
        await world.control(f"methods/{method['id']}", {"outcome": "pays"})
    await world.live(days=32)
    picture = await world.again(bought)
    paid = [payment.money for payment in picture.payments if payment.state is PaymentState.PAID]
    assert (picture.subscription.price, paid) == (starter.ref, [bought.order.money, starter.money])


async def test_cancelled_now_it_has_ended(subscribed):
    if not (world := subscribed):
        return
    await world.provider.cancel(world.bought.root.ref, when="now", key=str(new_id()))
    await world.tick()
    subscription = (await seen(world)).subscription
    assert subscription.state is SubscriptionState.ENDED
    assert subscription.ended_at <= now()
    await world.live(days=40)
    assert len(await world.paid()) == 1


async def test_cancelled_at_the_end_it_lives_until_then(subscribed):
    if not (world := subscribed):
        return
    await world.provider.cancel(world.bought.root.ref, when="period_end", key=str(new_id()))
    await world.tick()
    subscription = (await seen(world)).subscription
    assert subscription.state is SubscriptionState.ACTIVE
    assert subscription.cancel_at == world.bought.payment.period_end
    await world.live(days=32)
    assert (await seen(world)).subscription.state is SubscriptionState.ENDED
    assert len(await world.paid()) == 1


async def test_a_cancellation_can_be_taken_back(subscribed):
    if not (world := subscribed):
        return
    ref = world.bought.root.ref
    await world.provider.cancel(ref, when="period_end", key=str(new_id()))
    await world.provider.resume(ref, key=str(new_id()))
    assert (await seen(world)).subscription.cancel_at is None
    await world.live(days=32)
    assert (await seen(world)).subscription.state is SubscriptionState.ACTIVE
    assert len(await world.paid()) == 2


async def test_a_pause_takes_no_money_and_ends(subscribed):
    if not (world := subscribed):
        return
    ref = world.bought.root.ref
    if not world.abilities.can_pause:
        with pytest.raises(NotAble):
            await world.provider.pause(ref, key=str(new_id()))
        return
    await world.provider.pause(ref, key=str(new_id()))
    await world.live(days=62)
    paused = (await seen(world)).subscription
    assert (paused.state, paused.is_paused) == (SubscriptionState.SUSPENDED, True)
    assert len(await world.paid()) == 1
    await world.provider.resume(ref, key=str(new_id()))
    await world.live(minutes=5)
    resumed = (await seen(world)).subscription
    assert (resumed.state, resumed.is_paused) == (SubscriptionState.ACTIVE, False)
    # Nobody had paid for the days of the pause: a period begins with the day of coming back, and is paid.
    assert len(await world.paid()) == 2
    assert resumed.period_start <= now() < resumed.period_end


async def test_a_pause_taken_back_at_once_charges_nothing(subscribed):
    world = subscribed
    if not world or not world.abilities.can_pause:
        return
    ref, before = world.bought.root.ref, (await seen(world)).subscription
    await world.provider.pause(ref, key=str(new_id()))
    await world.provider.resume(ref, key=str(new_id()))
    await world.live(minutes=5)
    after = (await seen(world)).subscription
    assert (after.state, after.period_end) == (SubscriptionState.ACTIVE, before.period_end)
    assert len(await world.paid()) == 1


async def test_a_charge_put_off_is_made_then_and_nothing_before(subscribed):
    world = subscribed
    if not world or not world.abilities.can_put_off:
        return
    ref, before = world.bought.root.ref, (await seen(world)).subscription
    until, key = before.period_end.replace(microsecond=0) + timedelta(days=7), str(new_id())
    for _ in range(2):
        await world.provider.put_off(ref, until=until, key=key)
    await world.provider.put_off(ref, until=until, key=str(new_id()))
    await world.tick()
    picture = await seen(world)
    assert (picture.subscription.state, picture.subscription.period_end) == (SubscriptionState.ACTIVE, until)
    assert picture.subscription.trial_end is None
    await world.live(seconds=int((until - now()).total_seconds()) - 3600)
    assert len(await world.paid()) == 1
    await world.live(hours=4)
    assert [each.money for each in await world.paid()] == [world.bought.order.money] * 2
    renewal = max((await seen(world)).payments, key=lambda each: each.occurred_at)
    assert renewal.period_start == until


async def test_a_charge_put_off_comes_sooner_again(subscribed):
    world = subscribed
    if not world or not world.abilities.can_put_off:
        return
    ref, before = world.bought.root.ref, (await seen(world)).subscription
    for days in (30, 1):
        until = before.period_end.replace(microsecond=0) + timedelta(days=days)
        await world.provider.put_off(ref, until=until, key=str(new_id()))
    await world.live(seconds=int((until - now()).total_seconds()) + 3 * 3600)
    assert len(await world.paid()) == 2


async def test_a_change_repeated_with_its_key_is_made_once(subscribed):
    if not (world := subscribed):
        return
    pro, ref, key = await world.published("pro"), world.bought.root.ref, str(new_id())
    for _ in range(2):
        await world.provider.change_plan(ref, pro, when="now", key=key)
    await world.tick()
    picture = await seen(world)
    assert picture.subscription.price == pro.ref
    assert len([payment for payment in picture.payments if payment.state is PaymentState.PAID]) == 2
    await world.live(minutes=1)
    assert now() - world.bought.payment.occurred_at < timedelta(days=11)
