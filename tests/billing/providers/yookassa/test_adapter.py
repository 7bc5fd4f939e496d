"""What only YooKassa does: keys that are forgotten, answers that are not ready, receipts, methods that are revoked."""

from contextlib import suppress
from dataclasses import replace
from datetime import timedelta
from uuid import UUID, uuid4

import pytest
from pydantic import SecretStr
from world import Bought

from verf.billing.providers.events import NotAble, ProviderRefused, ProviderUnreachable
from verf.billing.providers.orders import Charge
from verf.billing.providers.pictures import Subject
from verf.billing.providers.yookassa import YooKassaSettings
from verf.billing.states import CheckoutState, PaymentState, RefundState
from verf.kit import Money, new_id, now
from verf.settings import House


def made_before(order, **ago):
    """The same order with an id that is so old."""
    moment = int((now() - timedelta(**ago)).timestamp() * 1000)
    return replace(order, id=UUID(int=moment << 80 | order.id.int & (2**80 - 1)))


def charge_of(bought, **changes):
    charge = Charge(
        id=new_id(),
        key=f"renew:{uuid4()}:1",
        organisation=bought.order.organisation,
        email=bought.order.email,
        method=bought.payment.method.ref,
        money=bought.order.money,
        title=bought.order.price.title,
    )
    return replace(charge, **changes)


async def test_processing_is_waited_for_with_the_same_key(yookassa):
    order = await yookassa.order()
    await yookassa.turn(processing={"count": 1})
    try:
        opened = await yookassa.provider.open_checkout(order)
    except ProviderUnreachable as error:
        assert error.retry_after  # noqa: PT017 - either way is right, by how long it wants
        opened = await yookassa.provider.open_checkout(order)
    await yookassa.pay(opened)
    assert [payment.order for payment in await yookassa.paid()] == [order.id]


async def test_processing_without_an_end_comes_back_later(yookassa):
    order = await yookassa.order()
    await yookassa.turn(processing={})
    with pytest.raises(ProviderUnreachable) as later:
        await yookassa.provider.open_checkout(order)
    assert later.value.retry_after


async def test_one_answer_of_500_is_repeated_at_once_with_the_same_bytes(yookassa):
    await yookassa.turn(fail_after={"count": 1, "path": "POST"})
    order, opened = await yookassa.open()
    await yookassa.pay(opened)
    assert [payment.order for payment in await yookassa.paid()] == [order.id]


async def test_an_old_order_is_looked_for_and_not_repeated(yookassa):
    order = made_before(await yookassa.order(), hours=30)
    first = await yookassa.provider.open_checkout(order)
    yookassa.wire.calls.clear()
    again = await yookassa.provider.open_checkout(order)
    assert again.ref == first.ref
    assert [call.partition(" ")[0] for call in yookassa.wire.calls] == ["GET"]


async def test_an_old_order_that_is_over_is_not_opened_again(yookassa):
    order = made_before(await yookassa.order(), hours=30)
    opened = await yookassa.provider.open_checkout(order)
    await yookassa.pay(opened)
    with pytest.raises(ProviderRefused) as over:
        await yookassa.provider.open_checkout(order)
    assert over.value.provider_code == "succeeded"
    assert len(await yookassa.payments()) == 1


async def test_a_page_nobody_paid_on_ends_within_the_hour(yookassa):
    order, opened = await yookassa.open()
    assert opened.expires_at == order.expires_at
    _, longer = await yookassa.open(expires_at=now() + timedelta(days=2))
    assert longer.expires_at - now() <= timedelta(hours=1)
    await yookassa.live(minutes=61)
    seen = await yookassa.look(Subject("checkout", opened.ref))
    assert seen.checkout.state is CheckoutState.EXPIRED
    assert seen.payments[0].state is PaymentState.VOID


async def test_a_pending_page_cannot_be_taken_back_and_says_so(yookassa):
    _, opened = await yookassa.open()
    with pytest.raises(NotAble):
        await yookassa.provider.close_checkout(opened.ref)
    await yookassa.live(hours=2)
    await yookassa.provider.close_checkout(opened.ref)


async def test_a_page_of_nobody_is_closed(yookassa):
    await yookassa.provider.close_checkout("22d6d597-000f-5000-9000-145f6df21d6f")


async def test_a_shop_that_must_give_receipts_gets_them_all(yookassa):
    await yookassa.control("settings", {"receipts": True})
    _, opened = await yookassa.open()
    await yookassa.pay(opened)
    await yookassa.live(minutes=5)
    seen = await yookassa.look(Subject("checkout", opened.ref))
    [payment] = seen.payments
    assert payment.state is PaymentState.PAID
    bought = Bought(await yookassa.order(), opened, seen.subject, seen)
    await yookassa.provider.charge(charge_of(bought))
    part = Money(10_000, "RUB")
    await yookassa.provider.refund(payment.ref, part, key="k", reason="asked for", email="anna@example.com")
    await yookassa.live(minutes=5)
    truth = await yookassa.truth()
    made = [each["receipt_registration"] for each in [*truth["payments"], *truth["refunds"]]]
    assert made == ["succeeded"] * 3


async def test_a_method_taken_back_by_its_owner_fails_hard(yookassa):
    bought = await yookassa.buy()
    await yookassa.control(f"methods/{bought.payment.method.ref}/revoke")
    made = await yookassa.provider.charge(charge_of(bought))
    assert made.failure.is_hard
    assert made.failure.code == "permission_revoked"


async def test_a_refund_repeated_days_later_is_found(yookassa):
    bought = await yookassa.buy()
    old = f"refund:{made_before(bought.order, hours=40).id}"
    money = Money(10_000, "RUB")

    async def refund():
        return await yookassa.provider.refund(bought.payment.ref, money, key=old, reason="asked for")

    first = await refund()
    await yookassa.live(days=2)
    assert (await refund()).ref == first.ref
    assert len((await yookassa.again(bought)).payments[0].refunds) == 1


async def test_a_refund_that_was_cancelled_has_failed(yookassa):
    bought = await yookassa.buy()
    await yookassa.turn(slow_refund={"seconds": 60}, refund_canceled={})
    refund = await yookassa.provider.refund(bought.payment.ref, Money(10_000, "RUB"), key="k", reason="asked for")
    assert refund.state is RefundState.PENDING
    await yookassa.live(minutes=5)
    [seen] = (await yookassa.again(bought)).payments[0].refunds
    assert seen.state is RefundState.FAILED


async def test_a_charge_under_way_is_pending_and_then_paid(yookassa):
    bought = await yookassa.buy()
    await yookassa.turn(slow_charge={"seconds": 60})
    made = await yookassa.provider.charge(charge_of(bought))
    assert made.state is PaymentState.PENDING
    await yookassa.live(minutes=5)
    picture = await yookassa.look(Subject("payment", made.ref))
    assert picture.payments[0].state is PaymentState.PAID
    assert picture.checkout is None


async def test_long_keys_work_and_stay_apart(yookassa):
    bought = await yookassa.buy()
    keys = ["renew:" + "x" * 80 + str(number) for number in (1, 2)]
    charges = [charge_of(bought, key=key) for key in keys]
    first, second = [await yookassa.provider.charge(charge) for charge in charges]
    assert first.ref != second.ref


async def test_the_same_key_with_another_sum_is_refused(yookassa):
    bought = await yookassa.buy()
    charge = charge_of(bought)
    await yookassa.provider.charge(charge)
    with pytest.raises(ProviderRefused):
        await yookassa.provider.charge(replace(charge, money=Money(1_000, "RUB")))
    assert len(await yookassa.paid()) == 2


async def test_of_a_method_there_is_nothing_to_look_at(yookassa):
    bought = await yookassa.buy()
    assert await yookassa.provider.fetch(Subject("method", bought.payment.method.ref)) is None


async def test_forged_hints_about_foreign_payments_change_nothing(yookassa):
    """Whoever guesses the address may send anything from nowhere; what is asked for decides."""
    _, opened = await yookassa.open()
    claim = {
        "type": "notification",
        "event": "payment.succeeded",
        "object": {"id": opened.ref, "status": "succeeded", "paid": True, "test": False},
    }
    headers, body = yookassa.signed(claim)
    event = await yookassa.event(headers, body)
    picture = await yookassa.look(await yookassa.provider.locate(event))
    assert picture.payments[0].state is PaymentState.PENDING
    assert not picture.is_live
    with suppress(ProviderRefused):
        await yookassa.provider.refund(opened.ref, Money(100, "RUB"), key="k", reason="r")
    assert await yookassa.paid() == []


async def test_money_that_is_held_is_let_go_when_its_page_is_closed(yookassa):
    body = {
        "amount": {"value": "100.00", "currency": "RUB"},
        "capture": False,
        "confirmation": {"type": "redirect", "return_url": "http://127.0.0.1:8000/"},
    }
    made = await yookassa.http.post(
        "/sandbox/yookassa/v3/payments", json=body, auth=("100500", "test_sandbox"), headers={"Idempotence-Key": "1"}
    )
    ref = made.json()["id"]
    await yookassa.control(f"checkouts/{ref}/pay", {})
    await yookassa.provider.close_checkout(ref)
    picture = await yookassa.look(Subject("payment", ref))
    assert picture.payments[0].state is PaymentState.VOID
    assert picture.checkout is None


async def test_an_empty_answer_is_no_answer(yookassa):
    bought = await yookassa.buy()
    yookassa.wire.mode = "empty"
    with pytest.raises(ProviderUnreachable):
        await yookassa.provider.fetch(bought.root)


def test_without_keys_it_is_off_in_production_and_simulated_in_the_sandbox():
    none, sandbox, production = YooKassaSettings(), House(mode="sandbox"), House(mode="production")
    assert none.in_house(production) is None
    assert none.in_house(sandbox).url.startswith(sandbox.url)
    ours = YooKassaSettings(shop_id="1", secret_key=SecretStr("live_x"))
    assert ours.in_house(production) is ours
