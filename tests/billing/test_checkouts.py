"""From a price to access, through a provider's page; one page at a time, and the truth whatever is closed or lost."""

import asyncio
from datetime import timedelta

import pytest
from sqlalchemy import select

from verf.billing.checkouts import AlreadySubscribed, check_checkout, see_checkout
from verf.billing.models import CheckoutIntent, Grant, Payment, Subscription
from verf.billing.states import CheckoutState
from verf.database import transaction
from verf.kit import advance

PROVIDERS = ["stripe", "paddle", "yookassa", "wata"]
# All webhooks are lost; but Wata declines a payment about which it could not ask.
NEWS = {name: {"rate": 1} for name in PROVIDERS} | {"wata": {"rate": 1, "path": "payment.paid"}}


async def rows(record):
    async with transaction(system="test looks") as session:
        return list(await session.scalars(select(record).order_by(record.id)))


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_a_paid_page_opens_the_product(harbour, provider):
    anna = await harbour.member()
    bought = await harbour.buy(anna, provider=provider)
    seen = await see_checkout(anna.organisation, bought.id)
    assert seen.state == CheckoutState.COMPLETED
    [subscription] = [row for row in await rows(Subscription) if row.provider == provider]
    assert subscription.state == "active"
    [grant] = [row for row in await rows(Grant) if row.source == "payment"]
    assert grant.ends_at == subscription.paid_until
    [payment] = await rows(Payment)
    assert (payment.state, payment.amount) == ("paid", bought.money.minor_units)


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_fifty_who_start_at_once_get_one_page(harbour, provider):
    anna = await harbour.member()
    opened = await asyncio.gather(*(harbour.checkout(anna, provider=provider) for _ in range(50)))
    assert len({each.url for each in opened}) == 1
    assert len(await rows(CheckoutIntent)) == 1


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_a_page_that_was_declined_or_left_is_told_as_it_is(harbour, provider):
    anna = await harbour.member()
    opened = await harbour.checkout(anna, provider=provider)
    assert (await check_checkout(anna.organisation, opened.id)).state == CheckoutState.OPEN
    [ref] = await harbour.refs(opened)
    await harbour.control(provider, f"checkouts/{ref}/expire")
    await harbour.settle()
    await harbour.live(timedelta(minutes=1))
    seen = await check_checkout(anna.organisation, opened.id)
    assert seen.state in (CheckoutState.EXPIRED, CheckoutState.FAILED)
    assert [row for row in await rows(Grant) if row.source == "payment"] == []
    again = await harbour.checkout(anna, provider=provider)
    assert again.id != opened.id


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_the_return_page_needs_no_webhook(harbour, provider):
    anna = await harbour.member()
    await harbour.control(provider, "knobs", drop=NEWS[provider])
    opened = await harbour.checkout(anna, provider=provider)
    [ref] = await harbour.refs(opened)
    await harbour.control(provider, f"checkouts/{ref}/pay")
    await harbour.settle()
    assert (await see_checkout(anna.organisation, opened.id)).state == CheckoutState.OPEN
    # Wata is asked about one object at most once in 30 seconds.
    advance(timedelta(minutes=1))
    assert (await check_checkout(anna.organisation, opened.id)).state == CheckoutState.COMPLETED


@pytest.mark.parametrize("provider", sorted(set(PROVIDERS) - {"wata"}))
async def test_who_pays_already_is_not_sold_a_second(harbour, provider):
    anna = await harbour.member()
    await harbour.buy(anna, provider=provider)
    with pytest.raises(AlreadySubscribed):
        await harbour.checkout(anna, "enterprise", provider=provider)


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_another_choice_takes_the_place_of_the_open_page(harbour, provider):
    anna = await harbour.member()
    first = await harbour.checkout(anna, "starter", provider=provider)
    second = await harbour.checkout(anna, "pro", provider=provider)
    assert (await see_checkout(anna.organisation, first.id)).state != CheckoutState.OPEN
    assert (await see_checkout(anna.organisation, second.id)).state == CheckoutState.OPEN


async def test_what_is_prepaid_may_be_bought_again_before_it_ends(harbour):
    anna = await harbour.member()
    for _again in range(2):
        await harbour.buy(anna, provider="wata")
    [subscription] = [row for row in await rows(Subscription) if row.provider == "wata"]
    first, second = [row for row in await rows(Grant) if row.source == "payment"]
    assert (first.ends_at, second.ends_at) == (second.starts_at, subscription.paid_until)


@pytest.mark.parametrize("provider", PROVIDERS)
async def test_a_lost_webhook_is_made_up_for_in_minutes(harbour, provider):
    anna = await harbour.member()
    await harbour.control(provider, "knobs", drop=NEWS[provider])
    opened = await harbour.checkout(anna, provider=provider)
    [ref] = await harbour.refs(opened)
    await harbour.control(provider, f"checkouts/{ref}/pay")
    await harbour.live(timedelta(minutes=20), step=timedelta(minutes=1))
    assert (await see_checkout(anna.organisation, opened.id)).state == CheckoutState.COMPLETED
