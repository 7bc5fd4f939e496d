"""What an adapter must never do."""

import logging
from contextlib import suppress

import pytest
from cases import CASES

from verf.billing.providers.events import NotAble, ProviderUnreachable
from verf.billing.providers.orders import Usage
from verf.billing.providers.pictures import Subject
from verf.billing.providers.registry import CONNECTORS
from verf.database import transaction
from verf.errors import VerfError
from verf.kit import new_id, now
from verf.outbound import CallInsideTransaction


async def test_nobody_is_called_while_a_transaction_is_open(world, database):
    order = await world.order()
    world.wire.calls.clear()
    async with transaction(system="a test opens what must be closed"):
        for ask in (
            lambda: world.provider.open_checkout(order),
            lambda: world.provider.fetch(Subject("checkout", str(new_id()))),
        ):
            with pytest.raises(CallInsideTransaction):
                await ask()
    assert world.wire.calls == []


async def test_secrets_stand_in_no_log_and_in_no_error(world, caplog, capsys):
    caplog.set_level(logging.DEBUG)
    errors = []
    bought = await world.buy()
    for fault in ({"fail": {}}, {"too_many": {}}, {"timeout": {}}):
        await world.calm()
        await world.turn(**fault)
        for ask in (lambda: world.provider.fetch(bought.root), lambda: world.provider.close_checkout("nothing")):
            try:
                await ask()
            except VerfError as error:
                errors += [repr(error), str(error), str(vars(error)), repr(error.__cause__)]
    await world.calm()
    stranger = world.case.stranger()
    with suppress(VerfError):
        await stranger.fetch(bought.root)
    told = "\n".join([*errors, caplog.text, *capsys.readouterr(), repr(world.provider)])
    assert errors
    assert [secret for secret in world.case.secrets if secret in told] == []


def test_every_provider_of_the_house_is_in_this_suite():
    assert set(CASES) == set(CONNECTORS)


async def test_the_abilities_deny_what_is_refused_and_nothing_else(world):
    able, provider, price = world.abilities, world.provider, world.price()
    order = await world.order()
    usage = Usage(key=str(new_id()), customer="c", meter="calls", amount=1, at=now())
    asked = {
        "publish_price": (able.has_prices, lambda: provider.publish_price(price)),
        "portal": (able.has_portal, lambda: provider.portal("nobody", order.return_url)),
        "preview_change": (able.can_prorate, lambda: provider.preview_change("nothing", price)),
        "pause": (able.can_pause, lambda: provider.pause("nothing", key="k")),
        "report_usage": (able.can_meter, lambda: provider.report_usage(usage)),
        "cancel": (world.keeps_the_calendar, lambda: provider.cancel("nothing", when="now", key="k")),
        "resume": (world.keeps_the_calendar, lambda: provider.resume("nothing", key="k")),
    }
    said = {name: await is_denied(ask) for name, (_, ask) in asked.items()}
    assert said == {name: not can for name, (can, _) in asked.items()}


async def is_denied(ask) -> bool:
    try:
        await ask()
    except NotAble:
        return True
    except VerfError:
        return False
    return False


async def test_a_price_has_one_id_however_often_it_is_published(world):
    if not world.abilities.has_prices:
        with pytest.raises(NotAble):
            await world.provider.publish_price(world.price())
        return
    first = await world.provider.publish_price(world.price())
    assert await world.case.provider().publish_price(world.price()) == first
    assert await world.provider.publish_price(world.price("starter")) != first


async def test_a_portal_is_a_page_of_the_customer(world):
    if not world.abilities.has_portal:
        with pytest.raises(NotAble):
            await world.provider.portal("customer", "http://127.0.0.1:8000/billing")
        return
    bought = await world.buy()
    assert bought.picture.customer
    url = await world.provider.portal(bought.picture.customer, "http://127.0.0.1:8000/billing")
    assert url.startswith("http")


async def test_usage_is_counted_once_for_each_key(world):
    usage = Usage(key=str(new_id()), customer="", meter="api_calls", amount=7, at=now())
    if not world.abilities.can_meter:
        with pytest.raises(NotAble):
            await world.provider.report_usage(usage)
        return
    bought = await world.buy()
    usage = Usage(key=usage.key, customer=bought.picture.customer, meter="api_calls", amount=7, at=now())
    for _ in range(2):
        with suppress(ProviderUnreachable):
            await world.provider.report_usage(usage)
    assert str(await world.truth()).count(usage.key) <= 1


async def test_the_adapter_speaks_only_through_its_own_client(world):
    world.wire.calls.clear()
    await world.buy()
    assert world.wire.calls
    assert all(call.partition(" ")[2].startswith(f"/sandbox/{world.case.name}") for call in world.wire.calls)
