"""What only Wata does: it asks before it charges, lets a link see several attempts, and counts our looks."""

import base64
from dataclasses import replace
from datetime import timedelta

import pytest
from pydantic import SecretStr

from verf.billing.providers.events import Forged, ProviderRefused, ProviderUnreachable
from verf.billing.providers.pictures import Subject
from verf.billing.providers.wata import WataSettings
from verf.billing.states import CheckoutState, PaymentState, RefundState
from verf.kit import Money, new_id, now
from verf.settings import House


async def seen(world, opened):
    return await world.look(Subject("checkout", opened.ref))


def states(picture):
    return [payment.state for payment in picture.payments]


async def pressed_pay(world, opened):
    await world.press(f"checkouts/{world.case.checkout_id(opened)}/pay", {})
    await world.tick()


async def test_an_order_that_is_payable_is_paid_after_the_question(wata):
    order, opened = await wata.open()
    await wata.pay(opened)
    kinds = [letter.event.kind for letter in wata.letters]
    assert kinds == ["payment.created", "payment.paid"]
    assert wata.letters[0].event.question.order == order.id
    assert wata.letters[0].event.question.money == order.money
    assert wata.letters[0].event.subject is None


@pytest.mark.parametrize("ours", [None, Money(1, "RUB")], ids=["over", "another sum"])
async def test_an_order_that_is_not_payable_is_declined(wata, ours):
    order, opened = await wata.open()
    wata.payable[order.id] = ours
    await pressed_pay(wata, opened)
    picture = await seen(wata, opened)
    assert states(picture) == [PaymentState.FAILED]
    assert picture.payments[0].failure.code
    assert picture.checkout.state is CheckoutState.OPEN


async def test_a_closed_order_is_declined_whoever_has_its_link(wata):
    order, opened = await wata.open()
    await wata.provider.close_checkout(opened.ref)
    del wata.payable[order.id]
    await pressed_pay(wata, opened)
    assert await wata.paid() == []


async def test_every_attempt_stands_in_the_picture(wata):
    order, opened = await wata.open()
    for outcome in ("insufficient_funds", "stolen"):
        await wata.decline(opened, outcome)
        await wata.live(seconds=5)
    await wata.pay(opened)
    picture = await seen(wata, opened)
    assert states(picture) == [PaymentState.FAILED, PaymentState.FAILED, PaymentState.PAID]
    assert [payment.failure.is_hard for payment in picture.payments[:2]] == [False, True]
    assert {payment.order for payment in picture.payments} == {order.id}
    assert picture.checkout.payment == picture.payments[-1].ref


async def test_a_second_look_too_soon_says_when_to_come_back(wata):
    _, opened = await wata.open()
    await seen(wata, opened)
    with pytest.raises(ProviderUnreachable) as busy:
        await wata.provider.fetch(Subject("checkout", opened.ref))
    assert 30 <= busy.value.retry_after <= 60


async def test_a_payment_right_after_the_link_can_be_looked_at_once(wata):
    """The customer waits at the return page: nothing may stand between the webhook and the first look."""
    _, opened = await wata.open()
    await wata.pay(opened)
    picture = await wata.provider.fetch(wata.telling().event.subject)
    assert states(picture) == [PaymentState.PAID]


async def test_a_refund_is_a_transaction_and_no_payment(wata):
    bought = await wata.buy()
    await wata.provider.refund(bought.payment.ref, bought.order.money, key=str(new_id()), reason="asked for")
    await wata.live(minutes=2)
    assert [letter.event.kind for letter in wata.letters][-1] == "refund.paid"
    picture = await wata.again(bought)
    assert states(picture) == [PaymentState.PAID]
    assert [refund.state for refund in picture.payments[0].refunds] == [RefundState.DONE]
    assert len(await wata.payments()) == 1


async def test_a_refund_that_the_bank_declines_has_failed(wata):
    bought = await wata.buy()
    await wata.turn(slow_refund={"seconds": 60}, refund_declined={})
    refund = await wata.provider.refund(bought.payment.ref, bought.order.money, key=str(new_id()), reason="asked for")
    assert refund.state is RefundState.PENDING
    await wata.live(minutes=5)
    [failed] = (await wata.again(bought)).payments[0].refunds
    assert (failed.ref, failed.state) == (refund.ref, RefundState.FAILED)


async def test_a_key_without_a_time_makes_one_refund_in_this_process(wata):
    bought = await wata.buy()
    part = Money(10_000, "RUB")
    made = [await wata.provider.refund(bought.payment.ref, part, key="k", reason="r") for _ in range(3)]
    assert len({refund.ref for refund in made}) == 1


async def test_a_slow_bank_is_pending_and_found_later(wata):
    await wata.turn(slow_bank={"seconds": 120})
    _, opened = await wata.open()
    await wata.pay(opened)
    assert states(await seen(wata, opened)) == [PaymentState.PENDING]
    since = now()
    await wata.live(minutes=5)
    [changed] = await wata.changed(since)
    assert states(await wata.look(changed)) == [PaymentState.PAID]


async def test_a_link_that_has_run_out_is_forgotten(wata):
    _, opened = await wata.open()
    await wata.live(hours=2)
    assert await seen(wata, opened) is None


async def test_a_link_lives_as_long_as_wata_lets_it(wata):
    _, short = await wata.open(expires_at=now() + timedelta(minutes=3))
    assert timedelta(minutes=14) < short.expires_at - now() <= timedelta(minutes=15)
    _, long = await wata.open(expires_at=now() + timedelta(days=90))
    assert timedelta(days=29) < long.expires_at - now() < timedelta(days=30)


async def test_a_paid_order_is_not_opened_again(wata):
    bought = await wata.buy()
    await wata.live(minutes=2)
    with pytest.raises(ProviderRefused) as over:
        await wata.case.provider().open_checkout(bought.order)
    assert over.value.provider_code == "checkout-over"


async def test_a_sum_below_the_least_is_refused_with_its_code(wata):
    order = await wata.order(money=Money(999, "RUB"))
    with pytest.raises(ProviderRefused) as refused:
        await wata.provider.open_checkout(order)
    assert refused.value.provider_code == "Payment:PL_1001"


async def test_a_new_key_of_wata_is_fetched_and_the_old_one_is_good_no_more(wata):
    await wata.buy()
    old = wata.letters[-1]
    await wata.live(minutes=2)
    await wata.control("key/rotate")
    await wata.buy()
    assert [letter for letter in wata.letters if letter.refused] == []
    with pytest.raises(Forged):
        await wata.event(old.headers, old.body)


async def test_a_signature_of_the_right_length_is_not_enough(wata):
    await wata.buy()
    headers = {"x-signature": base64.b64encode(b"\1" * 256).decode()}
    with pytest.raises(Forged):
        await wata.event(headers, wata.letters[-1].body)


async def test_a_token_that_has_run_out_is_a_no(wata):
    bought = await wata.buy()
    await wata.control("settings", {"token_is_valid": False})
    with pytest.raises(ProviderRefused) as refused:
        await wata.provider.fetch(bought.root)
    assert refused.value.provider_code == "http-401"


async def test_a_link_over_another_sum_is_not_taken_for_ours(wata):
    order, _ = await wata.open()
    await wata.live(minutes=2)
    other = replace(order, money=Money(10_000, "RUB"))
    with pytest.raises(ProviderRefused) as differs:
        await wata.case.provider().open_checkout(other)
    assert differs.value.provider_code == "amount-differs"


async def test_an_array_where_an_object_belongs_is_no_answer(wata):
    bought = await wata.buy()
    await wata.live(minutes=2)
    wata.wire.mode = "array"
    with pytest.raises(ProviderUnreachable):
        await wata.provider.fetch(bought.root)
    wata.wire.mode = "empty"
    with pytest.raises(ProviderUnreachable):
        await wata.provider.fetch(bought.root)


def test_without_keys_it_is_off_in_production_and_simulated_in_the_sandbox():
    none, sandbox, production = WataSettings(), House(mode="sandbox"), House(mode="production")
    assert none.in_house(production) is None
    assert none.in_house(sandbox).url.startswith(sandbox.url)
    ours = WataSettings(token=SecretStr("x"), terminal="t")
    assert ours.in_house(production) is ours
    assert ours.is_live
