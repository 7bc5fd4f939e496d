"""The next period: by the provider's clock where it keeps the calendar, by a charge of ours where we do."""

from contextlib import suppress
from dataclasses import replace
from uuid import uuid4

import pytest

from verf.billing.providers.events import NotAble, ProviderRefused, ProviderUnreachable
from verf.billing.providers.orders import Charge
from verf.billing.states import PaymentKind, PaymentState, SubscriptionState
from verf.kit import new_id


def charge_for(bought, **changes) -> Charge:
    method = bought.payment.method.ref if bought.payment.method else "none"
    charge = Charge(
        id=new_id(),
        key=f"renew:{uuid4()}:1",
        organisation=bought.order.organisation,
        email=bought.order.email,
        method=method,
        money=bought.order.money,
        title=bought.order.price.title,
        metadata={"kind": "renewal"},
    )
    return replace(charge, **changes)


async def chargeable(world, **buying):
    """Somebody whose method may be charged by us; None where no method of this provider may, which is then asserted."""
    bought = await world.buy(**buying)
    if world.keeps_the_calendar or not world.abilities.can_save_methods:
        with pytest.raises(NotAble):
            await world.provider.charge(charge_for(bought))
        return None
    return bought


async def test_a_renewal_comes_by_itself_or_not_at_all(world):
    bought = await world.buy()
    await world.live(days=32)
    if not world.keeps_the_calendar:
        assert len(await world.paid()) == 1
        return
    first, second = [each for each in (await world.again(bought)).payments if each.state is PaymentState.PAID]
    assert (first.kind, second.kind) == (PaymentKind.INITIAL, PaymentKind.RENEWAL)
    assert first.money == second.money
    assert second.price == bought.order.price.ref


async def test_a_charge_is_made_once_however_often_it_is_repeated(world):
    if not (bought := await chargeable(world)):
        return
    charge = charge_for(bought)
    made = [await world.provider.charge(charge) for _ in range(3)]
    assert {each.ref for each in made} == {made[0].ref}
    assert made[0].state is PaymentState.PAID
    assert (made[0].order, made[0].money, made[0].kind) == (charge.id, charge.money, PaymentKind.RENEWAL)
    assert len(await world.paid()) == 2


async def test_a_charge_repeated_days_later_is_found_and_not_made_again(world):
    if not (bought := await chargeable(world)):
        return
    charge = charge_for(bought)
    first = await world.provider.charge(charge)
    await world.live(days=3)
    assert (await world.provider.charge(charge)).ref == first.ref
    assert len(await world.paid()) == 2


@pytest.mark.parametrize("knob", ["fail_after", "timeout_after"])
async def test_a_charge_with_unknown_outcome_is_made_once(world, knob):
    if not (bought := await chargeable(world)):
        return
    charge = charge_for(bought)
    await world.turn(**{knob: {"count": 4, "path": "POST"}})
    for _ in range(6):
        with suppress(ProviderUnreachable):
            await world.provider.charge(charge)
    await world.calm()
    assert (await world.provider.charge(charge)).state is PaymentState.PAID
    assert len(await world.paid()) == 2


@pytest.mark.parametrize(("outcome", "is_hard"), [("insufficient_funds", False), ("expired", True), ("stolen", True)])
async def test_a_charge_that_fails_says_whether_to_try_again(world, outcome, is_hard):
    if not (bought := await chargeable(world, later=outcome)):
        return
    made = await world.provider.charge(charge_for(bought))
    assert made.state is PaymentState.FAILED
    assert made.failure.code
    assert made.failure.is_hard is is_hard
    assert len(await world.paid()) == 1


async def test_a_method_nobody_has_saved_cannot_be_charged(world):
    if not (bought := await chargeable(world)):
        return
    with pytest.raises(ProviderRefused) as refused:
        await world.provider.charge(charge_for(bought, method="22e12f66-000f-5000-8000-000000000000"))
    assert refused.value.provider_code
    assert len(await world.paid()) == 1


async def test_a_failed_renewal_is_past_due_and_its_recovery_is_active(world):
    bought = await world.buy(later="insufficient_funds")
    if not world.keeps_the_calendar:
        assert bought.picture.subscription is None
        return
    await world.live(days=31)
    picture = await world.again(bought)
    assert picture.subscription.state is SubscriptionState.PAST_DUE
    failed = [payment for payment in picture.payments if payment.failure]
    assert failed[-1].failure.code
    assert not failed[-1].failure.is_hard
    for method in (await world.truth())["methods"]:
        await world.control(f"methods/{method['id']}", {"outcome": "pays"})
    for _ in range(10):
        await world.live(days=1)
    picture = await world.again(bought)
    assert picture.subscription.state is SubscriptionState.ACTIVE
    assert len([payment for payment in picture.payments if payment.state is PaymentState.PAID]) == 2
