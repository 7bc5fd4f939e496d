"""Whatever goes wrong on the wire, nothing is doubled and the right kind of error says what to do."""

from contextlib import suppress

import pytest

from verf.billing.providers.events import NotAble, ProviderRefused, ProviderUnreachable
from verf.errors import VerfError

KNOBS = ("too_many", "fail", "timeout", "fail_after", "timeout_after")
GARBLED = ("html", "cut", "503")


async def spoil(world, fault):
    if fault in GARBLED:
        world.wire.mode = fault
    else:
        await world.turn(**{fault: {}})


@pytest.mark.parametrize("fault", [*KNOBS, *GARBLED])
async def test_a_look_in_the_dark_is_unreachable(world, fault):
    bought = await world.buy()
    await world.live(minutes=2)
    await spoil(world, fault)
    with pytest.raises(ProviderUnreachable) as dark:
        await world.provider.fetch(bought.root)
    assert dark.value.retry
    await world.calm()
    await world.live(minutes=2)
    assert (await world.again(bought)).payments


@pytest.mark.parametrize("fault", [*KNOBS, *GARBLED])
async def test_a_checkout_in_the_dark_is_opened_once(world, fault):
    order = await world.order()
    await spoil(world, fault)
    with pytest.raises(ProviderUnreachable):
        await world.provider.open_checkout(order)
    await world.calm()
    await world.live(minutes=2)
    opened = await world.provider.open_checkout(order)
    again = await world.provider.open_checkout(order)
    assert opened.url == again.url
    await world.pay(opened)
    assert [payment.order for payment in await world.paid()] == [order.id]
    assert len(await world.payments()) == 1


@pytest.mark.parametrize("fault", [*KNOBS, *GARBLED])
async def test_a_refund_in_the_dark_is_made_once(world, fault):
    bought = await world.buy()
    await world.live(minutes=2)
    key = "refund 019a0000-0000-7000-8000-000000000000"
    await spoil(world, fault)

    async def refund():
        return await world.provider.refund(bought.payment.ref, bought.payment.money, key=key, reason="asked for")

    with pytest.raises(ProviderUnreachable):
        await refund()
    await world.calm()
    await world.live(minutes=2)
    made = await world.patiently(refund)
    await world.live(hours=1)
    [payment] = (await world.again(bought)).payments
    assert [each.ref for each in payment.refunds] == [made.ref]


@pytest.mark.parametrize("fault", ["fail", "html", "cut"])
async def test_lists_in_the_dark_are_unreachable_and_never_short(world, fault):
    await world.buy()
    await spoil(world, fault)
    with pytest.raises(ProviderUnreachable):
        await world.payments()
    with pytest.raises(ProviderUnreachable):
        await world.changed(world.began)


async def test_who_is_told_to_wait_knows_how_long(world):
    bought = await world.buy()
    await world.live(minutes=2)
    await world.turn(too_many={"seconds": 39})
    with pytest.raises(ProviderUnreachable) as busy:
        await world.provider.fetch(bought.root)
    assert busy.value.retry_after == 39


async def test_a_no_carries_the_code_of_the_provider(world):
    bought = await world.buy()
    with pytest.raises(ProviderRefused) as refused:
        await world.patiently(
            lambda: world.provider.refund(
                bought.payment.ref, bought.payment.money + bought.payment.money, key="k", reason="too much"
            )
        )
    assert not isinstance(refused.value, NotAble)
    assert refused.value.provider_code
    assert str(refused.value)


async def test_wrong_keys_are_a_no_and_not_a_silence(world):
    bought = await world.buy()
    stranger = world.case.stranger()
    with pytest.raises(ProviderRefused) as refused:
        await world.patiently(lambda: stranger.fetch(bought.root))
    assert refused.value.provider_code


async def test_a_bad_day_ends_with_the_same_truth(world):
    """Half of all answers fail for a while; whoever repeats ends where a good day ends."""
    order = await world.order()
    await world.turn(seed="7", fail={"rate": 0.3}, fail_after={"rate": 0.3})
    for _ in range(40):
        with suppress(ProviderUnreachable):
            await world.provider.open_checkout(order)
        await world.live(seconds=1)
    await world.calm()
    await world.live(minutes=1)
    await world.pay(await world.provider.open_checkout(order))
    assert [payment.order for payment in await world.paid()] == [order.id]


async def test_every_error_is_one_of_ours(world):
    bought = await world.buy()
    for fault in (*KNOBS, *GARBLED):
        await world.calm()
        await spoil(world, fault)
        for ask in (
            lambda: world.provider.fetch(bought.root),
            lambda: world.provider.close_checkout(bought.opened.ref),
            lambda: world.provider.refund(bought.payment.ref, bought.payment.money, key="k", reason="r"),
        ):
            with pytest.raises(VerfError):
                await ask()
            await world.live(minutes=1)
