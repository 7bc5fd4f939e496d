"""Money back: all of it, parts of it, once for each key, and never more than came."""

import pytest

from verf.billing.providers.events import NotAble, ProviderRefused
from verf.billing.states import DisputeState, PaymentState, RefundState
from verf.kit import Money, new_id


@pytest.fixture
async def sold(world):
    world.bought = await world.buy()
    return world


async def give_back(world, money, *, key=None, payment=None):
    key, payment = key or str(new_id()), payment or world.bought.payment.ref
    email = world.bought.order.email
    return await world.patiently(
        lambda: world.provider.refund(payment, money, key=key, reason="asked for", email=email)
    )


async def settled(world):
    """The payment, once all refunds have been decided on."""
    await world.live(hours=1)
    picture = await world.again(world.bought)
    return next(each for each in picture.payments if each.ref == world.bought.payment.ref)


def part(world, share):
    return Money(world.bought.order.money.minor_units // share, world.bought.order.money.currency)


async def test_all_can_be_given_back(sold):
    refund = await give_back(sold, sold.bought.payment.money)
    assert refund.money == sold.bought.payment.money
    payment = await settled(sold)
    assert payment.state is PaymentState.PAID
    assert [(each.ref, each.state, each.money) for each in payment.refunds] == [
        (refund.ref, RefundState.DONE, refund.money)
    ]


async def test_a_part_can_be_given_back(sold):
    refund = await give_back(sold, part(sold, 3))
    payment = await settled(sold)
    assert [(each.ref, each.state, each.money) for each in payment.refunds] == [
        (refund.ref, RefundState.DONE, part(sold, 3))
    ]
    assert payment.money == sold.bought.order.money


async def test_two_equal_parts_are_two_refunds(sold):
    first = await give_back(sold, part(sold, 4))
    await sold.live(hours=1)  # it may have to be decided on before the next
    second = await give_back(sold, part(sold, 4))
    assert first.ref != second.ref
    assert {each.ref for each in (await settled(sold)).refunds} == {first.ref, second.ref}


async def test_more_than_the_rest_is_refused(sold):
    await give_back(sold, part(sold, 2))
    await sold.live(hours=1)
    with pytest.raises(ProviderRefused) as refused:
        await give_back(sold, sold.bought.payment.money)
    assert not isinstance(refused.value, NotAble)
    assert refused.value.provider_code
    assert [each.money for each in (await settled(sold)).refunds] == [part(sold, 2)]


async def test_a_refund_is_made_once_however_often_it_is_repeated(sold):
    key = str(new_id())
    made = [await give_back(sold, part(sold, 4), key=key) for _ in range(3)]
    assert {each.ref for each in made} == {made[0].ref}
    assert len((await settled(sold)).refunds) == 1


async def test_a_refund_with_unknown_outcome_is_made_once(sold):
    key = str(new_id())
    await sold.turn(fail_after={"count": 3, "path": "POST"})
    refunds = []
    for _ in range(5):
        try:
            refunds.append(await give_back(sold, part(sold, 4), key=key))
        except Exception as error:  # noqa: BLE001 - whatever it says now, the end counts
            refunds.append(error)
    await sold.calm()
    last = await give_back(sold, part(sold, 4), key=key)
    assert [each.ref for each in (await settled(sold)).refunds] == [last.ref]


async def test_another_process_repeats_a_refund_without_making_it_twice(sold):
    key = str(new_id())
    first = await give_back(sold, part(sold, 4), key=key)
    await sold.live(hours=1)
    sold.provider = sold.case.provider()
    assert (await give_back(sold, part(sold, 4), key=key)).ref == first.ref
    assert len((await settled(sold)).refunds) == 1


async def test_a_refund_repeated_days_later_is_found_and_not_made_again(sold):
    key = str(new_id())
    first = await give_back(sold, part(sold, 4), key=key)
    await sold.live(days=3)
    assert (await give_back(sold, part(sold, 4), key=key)).ref == first.ref
    assert len((await settled(sold)).refunds) == 1


async def test_a_refund_under_way_is_pending_and_then_done(sold):
    refund = await give_back(sold, part(sold, 4))
    assert refund.state is (RefundState.PENDING if sold.case.approves_refunds else RefundState.DONE)
    [seen] = (await sold.again(sold.bought)).payments[0].refunds
    assert seen.state is refund.state or not sold.case.approves_refunds
    [seen] = (await settled(sold)).refunds
    assert seen.state is RefundState.DONE


async def test_a_payment_that_is_unknown_or_unpaid_cannot_be_given_back(sold):
    ref = sold.bought.payment.ref
    with pytest.raises(ProviderRefused):
        await give_back(sold, part(sold, 4), payment=ref[:-6] + "000000")
    assert len(await sold.paid()) == 1


async def disputed(world):
    """The dispute's ref, or None where the provider tells nobody of disputes: asserted."""
    answer = await world.press(f"payments/{world.bought.payment.ref}/dispute", {})
    if world.abilities.has_disputes:
        assert answer.is_success, answer.text
        await world.tick()
        [dispute] = (await settled(world)).disputes
        assert dispute.state is DisputeState.OPEN
        assert dispute.money == world.bought.payment.money
        return dispute.ref
    assert not answer.is_success
    assert (await settled(world)).disputes == ()
    return None


@pytest.mark.parametrize("verdict", ["won", "lost"])
async def test_a_dispute_opens_and_is_decided(sold, verdict):
    if not (ref := await disputed(sold)):
        return
    await sold.control(f"disputes/{ref}/{verdict}")
    [dispute] = (await settled(sold)).disputes
    assert (dispute.ref, dispute.state) == (ref, DisputeState(verdict))
