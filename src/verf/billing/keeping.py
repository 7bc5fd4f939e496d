"""The plan that is to come with the next period comes, though its provider was made to let go of it for a moment.

A mirrored provider takes no upgrade, and moves no charge, beside what it has planned: the plan is taken off, and put on
again unless the upgrade has taken its place. Our row remembers it before the first question (`kept_price_id`) and shows
it all the while, and a job queued in the same transaction puts it on again, whoever died at whatever step.
"""

from collections.abc import Awaitable
from contextlib import suppress
from dataclasses import replace
from typing import TypeVar
from uuid import UUID

from verf.billing.for_sale import published, tag_of
from verf.billing.handling import refresh
from verf.billing.models import PlanVersion, Price, Subscription
from verf.billing.providers.events import ProviderRefused, ProviderUnreachable
from verf.billing.providers.orders import PriceTag
from verf.billing.providers.pictures import Subject
from verf.billing.providers.registry import provider
from verf.billing.renewals import locked
from verf.billing.states import SubscriptionState
from verf.billing.steering import MARK_LASTS, Wheel, steer, take
from verf.database import transaction
from verf.jobs import TryLater
from verf.kit import now

Made = TypeVar("Made")


async def or_keep(wheel: Wheel, doing: Awaitable[Made]) -> Made:
    """When it was refused, what was to come is to come again before anybody hears of the refusal; else the job's."""
    try:
        return await doing
    except ProviderRefused:
        with suppress(ProviderRefused, ProviderUnreachable, TryLater):
            await keep_pending(wheel.organisation, wheel.subscription)
        raise


async def keep_pending(organisation: UUID, subscription: UUID) -> None:
    """Done twice, it is done once. TryLater while somebody steers."""
    async with transaction(organisation=organisation) as session:
        row = await locked(session, subscription)
        if row is None or row.kept_price_id is None:
            return
        if row.changing_since and row.changing_since > now() - MARK_LASTS:
            raise TryLater(after=MARK_LASTS)
        name, ref = row.provider, row.ref
    # Perhaps the upgrade was made before anybody died, or the time has come: then nothing is left to keep.
    await refresh(name, Subject("subscription", ref), cause="what is to come")
    if found := await _kept(organisation, subscription):
        await _say_again(*found)


async def _kept(organisation: UUID, subscription: UUID) -> tuple[Wheel, PriceTag, UUID] | None:
    async with transaction(organisation=organisation) as session:
        row = await locked(session, subscription)
        if row is None or row.kept_price_id is None:
            return None
        if row.changing_since and row.changing_since > now() - MARK_LASTS:
            raise TryLater(after=MARK_LASTS)
        if row.state == SubscriptionState.ENDED or row.cancel_at or row.leaving:
            row.kept_price_id = None
            return None
        price = await session.get_one(Price, row.kept_price_id)
        tag = tag_of(price, await session.get_one(PlanVersion, price.plan_version_id))
        return await take(session, row, keeping=True), tag, price.id


async def _say_again(wheel: Wheel, tag: PriceTag, price: UUID) -> None:
    source = provider(wheel.provider)
    named = replace(tag, ref=await published(source, tag, price))
    key = f"keep:{wheel.subscription}:{int(now().timestamp())}"
    await steer(
        wheel,
        lambda to: to.change_plan(wheel.ref, named, when="period_end", key=key),
        cause="what is to come was said again",
    )
    async with transaction(organisation=wheel.organisation) as session:
        row = await session.get(Subscription, wheel.subscription, with_for_update=True)
        if row is not None and row.kept_price_id == price:
            row.kept_price_id = None
