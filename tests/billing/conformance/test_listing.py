"""What no webhook has told is found by asking."""

from datetime import timedelta

from verf.billing.providers.pictures import Subject
from verf.billing.states import PaymentState
from verf.kit import Money, now


async def test_changes_tell_what_no_webhook_told(world):
    since = now() - timedelta(seconds=1)
    await world.turn(drop={})
    bought = await world.buy()
    assert all(letter.event.question for letter in world.letters)
    assert bought.root in await world.changed(since)


async def test_changes_tell_of_a_refund_in_the_cabinet(world):
    bought = await world.buy()
    await world.live(days=3)
    since = now() - timedelta(seconds=1)
    await world.turn(drop={})
    await world.control(f"payments/{bought.payment.ref}/refund", {"amount": 5_000})
    await world.live(minutes=30)
    assert bought.root in await world.changed(since)


async def test_changes_tell_of_a_page_that_was_opened_before_and_paid_after(world):
    _, opened = await world.open()
    await world.live(minutes=10)
    since = now() - timedelta(seconds=1)
    await world.pay(opened)
    assert await world.root_of(opened) in await world.changed(since)


async def test_old_changes_are_not_told_again(world):
    await world.buy()
    await world.live(days=3)
    assert await world.changed(now() - timedelta(minutes=1)) == []


async def test_a_window_of_payments_is_complete_over_its_pages(world):
    for _ in range(world.case.page):
        _, opened = await world.open("starter")
        await world.control(f"checkouts/{world.case.checkout_id(opened)}/pay", {})
    listed = await world.payments()
    refs = [payment.ref for payment in listed if payment.state is PaymentState.PAID]
    assert len(refs) == len(set(refs)) == world.case.page


async def test_a_window_is_half_open(world):
    bought = await world.buy()
    at = bought.payment.occurred_at
    second = timedelta(seconds=1)
    inside = await world.payments(at - second * 5, at + second)
    assert bought.payment.ref in [payment.ref for payment in inside]
    assert await world.payments(at + second, at + second * 60) == []
    assert await world.payments(at - second * 600, at - second * 5) == []


async def test_listed_payments_carry_their_refunds_made_after_the_window(world):
    bought = await world.buy()
    until = now() + timedelta(seconds=1)
    await world.live(days=5)
    await world.control(f"payments/{bought.payment.ref}/refund", {"amount": 5_000})
    await world.live(hours=1)
    [listed] = await world.payments(until=until)
    assert [refund.money for refund in listed.refunds] == [Money(5_000, bought.order.money.currency)]
    assert listed.order == bought.order.id


async def test_what_is_listed_can_be_looked_at(world):
    since = now() - timedelta(seconds=1)
    await world.buy()
    for subject in await world.changed(since):
        assert isinstance(subject, Subject)
        assert (await world.look(subject)).payments
