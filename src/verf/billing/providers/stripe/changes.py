"""Changing a running subscription: plan, cancellation, pause."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, Literal, cast

import stripe

from verf.billing.providers.events import ProviderRefused
from verf.billing.providers.orders import Preview, PriceTag
from verf.billing.providers.stripe.amounts import from_stripe
from verf.billing.providers.stripe.connection import found
from verf.billing.providers.stripe.events import ref_of
from verf.billing.providers.stripe.payments import moment
from verf.billing.providers.stripe.subscriptions import licensed_item
from verf.kit import now
from verf.web import _

Period = Literal["day", "week", "month", "year"]


async def preview(client: stripe.StripeClient, ref: str, tag: PriceTag, price: str) -> Preview:
    """What Stripe would put on the invoice this very second; the second goes back with the change."""
    subscription = await client.v1.subscriptions.retrieve_async(ref)
    item = licensed_item(subscription)
    second = max(int(now().timestamp()), item.current_period_start)
    invoice = await client.v1.invoices.create_preview_async(
        {
            "subscription": ref,
            "subscription_details": {
                "items": [{"id": item.id, "price": price, "quantity": item.quantity or 1}],
                "proration_behavior": "always_invoice",
                "proration_date": second,
            },
        }
    )
    lines = [each async for each in invoice.lines.auto_paging_iter()]
    debits = [line.period.end for line in lines if line.amount > 0]
    return Preview(
        due_now=from_stripe(max(0, invoice.amount_due), invoice.currency),
        credit=from_stripe(-sum(line.amount for line in lines if line.amount < 0), invoice.currency),
        next_payment=tag.money * (item.quantity or 1),
        next_payment_at=moment(max(debits, default=item.current_period_end)),
        token=str(second),
    )


async def change_now(
    client: stripe.StripeClient, ref: str, price: str, metered: Sequence[str], *, key: str, token: str
) -> None:
    subscription = await client.v1.subscriptions.retrieve_async(ref, {"expand": ["schedule"]})
    item = licensed_item(subscription)
    if item.price.id == price and subscription.schedule is None:
        return
    planned = _planned(subscription)
    await _release(client, subscription, key)
    params: stripe.params.SubscriptionUpdateParams = {
        "items": _items(subscription, price, metered),
        "proration_behavior": "always_invoice",
        # What waits to be paid has no room beside a schedule, which is made again if nothing comes of it.
        "payment_behavior": "error_if_incomplete" if planned else "pending_if_incomplete",
    }
    if token:
        params["proration_date"] = int(token)
    try:
        changed = await client.v1.subscriptions.update_async(ref, params, {"idempotency_key": key})
    except stripe.CardError as error:
        if planned:
            await _schedule(client, ref, planned, key=f"{key}:again")
        raise _unpaid() from error
    if changed.pending_update is not None:
        raise _unpaid()


def _items(subscription: stripe.Subscription, price: str, metered: Sequence[str]) -> list[Any]:
    """The plan's own price is another one; of the metered ones those it does not have go, and those it has come."""
    item = licensed_item(subscription)
    others = {each.price.id: each.id for each in subscription.items.data if each.id != item.id}
    return [
        {"id": item.id, "price": price, "quantity": item.quantity or 1},
        *({"id": known, "deleted": True} for other, known in others.items() if other not in metered),
        *({"price": each} for each in metered if each not in others),
    ]


def _unpaid() -> ProviderRefused:
    return ProviderRefused(
        _("The difference could not be paid, so the plan stays as it is. Check the card and try again."),
        provider_code="payment_failed",
    )


async def change_at_period_end(
    client: stripe.StripeClient, ref: str, tag: PriceTag, prices: Sequence[str], *, key: str
) -> None:
    """A schedule of two phases: what runs until its end, then the new price, then Stripe lets the schedule go."""
    subscription = await client.v1.subscriptions.retrieve_async(ref, {"expand": ["schedule"]})
    item = licensed_item(subscription)
    if item.price.id == prices[0]:
        await _release(client, subscription, key)
        return
    following: dict[str, Any] = {
        "items": [{"price": prices[0], "quantity": item.quantity or 1}, *({"price": each} for each in prices[1:])],
        "duration": {"interval": cast(Period, tag.interval), "interval_count": tag.interval_count},
        "proration_behavior": "none",
    }
    schedule = subscription.schedule
    known = schedule if isinstance(schedule, stripe.SubscriptionSchedule) else None
    await _schedule(client, ref, following, key=key, schedule=known)


async def _schedule(
    client: stripe.StripeClient,
    ref: str,
    following: dict[str, Any],
    *,
    key: str,
    schedule: stripe.SubscriptionSchedule | None = None,
) -> None:
    """What runs goes on to its end; then comes the phase that follows."""
    if schedule is None:
        schedule = await client.v1.subscription_schedules.create_async(
            {"from_subscription": ref}, {"idempotency_key": f"{key}:schedule"}
        )
    running = _running_phase(schedule)
    following = {**following, "start_date": running["end_date"]}
    await client.v1.subscription_schedules.update_async(
        schedule.id,
        {"phases": cast(Any, [running, following]), "end_behavior": "release", "proration_behavior": "none"},
        {"idempotency_key": f"{key}:phases"},
    )


async def cancel(client: stripe.StripeClient, ref: str, *, when: str, key: str) -> None:
    if when == "now":
        await _end(client, ref, key)
        return
    subscription = await client.v1.subscriptions.retrieve_async(ref)
    # A schedule owns the end of its subscription; a downgrade nobody lives to see is dropped.
    await _release(client, subscription, key)
    await client.v1.subscriptions.update_async(ref, {"cancel_at_period_end": True}, {"idempotency_key": key})


async def _end(client: stripe.StripeClient, ref: str, key: str) -> None:
    """A DELETE is not repeated by its key: the second one finds nothing to cancel, which is what was wanted."""
    ended = await found(client.v1.subscriptions.cancel_async(ref, {}, {"idempotency_key": key}))
    if ended is None:
        await client.v1.subscriptions.retrieve_async(ref)


async def resume(client: stripe.StripeClient, ref: str, *, key: str) -> None:
    subscription = await client.v1.subscriptions.retrieve_async(ref, {"expand": ["latest_invoice"]})
    if subscription.status == "paused":
        await client.v1.subscriptions.resume_async(
            ref, {"billing_cycle_anchor": {"type": "now"}}, {"idempotency_key": key}
        )
        return
    params: stripe.params.SubscriptionUpdateParams = {}
    if subscription.pause_collection is not None:
        params["pause_collection"] = ""
        if _is_void(subscription.latest_invoice):
            # Nobody has paid for the period that runs: another begins now, and is charged now.
            params["billing_cycle_anchor"] = {"type": "now"}
            params["proration_behavior"] = "none"
    if subscription.cancel_at_period_end:
        params["cancel_at_period_end"] = False
    elif subscription.cancel_at:
        params["cancel_at"] = ""
    if params:
        await client.v1.subscriptions.update_async(ref, params, {"idempotency_key": key})


async def put_off(client: stripe.StripeClient, ref: str, until: datetime, *, key: str) -> None:
    """As a trial that begins now: Stripe has no other way to move a renewal without charging or crediting for it.

    A schedule ends its phases at moments of its own, so what is planned is taken off and planned anew for after it.
    """
    subscription = await client.v1.subscriptions.retrieve_async(ref, {"expand": ["schedule"]})
    end, ended = int(until.timestamp()), max(each.current_period_end for each in subscription.items.data)
    if ended == end:
        return
    planned = _planned(subscription)
    await _release(client, subscription, key)
    await client.v1.subscriptions.update_async(
        ref, {"trial_end": end, "proration_behavior": "none"}, {"idempotency_key": key}
    )
    if planned:
        following = {**planned, "end_date": planned["end_date"] + end - ended}
        await _schedule(client, ref, following, key=f"{key}:again")


async def pause(client: stripe.StripeClient, ref: str, *, key: str) -> None:
    """The calendar runs on and its invoices are void: works in every billing mode, and prorates nothing.

    The younger /pause endpoint would move the billing day and credit the unused rest.
    """
    await client.v1.subscriptions.update_async(
        ref, {"pause_collection": {"behavior": "void"}}, {"idempotency_key": key}
    )


def _is_void(invoice: stripe.Invoice | str | None) -> bool:
    return isinstance(invoice, stripe.Invoice) and invoice.status == "void"


async def _release(client: stripe.StripeClient, subscription: stripe.Subscription, key: str) -> None:
    if subscription.schedule is not None:
        await client.v1.subscription_schedules.release_async(
            ref_of(subscription.schedule), {}, {"idempotency_key": f"{key}:release"}
        )


def _planned(subscription: stripe.Subscription) -> dict[str, Any] | None:
    """The phase that a schedule has after the running one, as it can be said again."""
    schedule = subscription.schedule
    if not isinstance(schedule, stripe.SubscriptionSchedule) or schedule.current_phase is None:
        return None
    for phase in schedule.phases:
        if phase.start_date >= schedule.current_phase.end_date and phase.items:
            return {
                "items": _said(phase),
                "end_date": phase.end_date,
                "proration_behavior": "none",
            }
    return None


def _running_phase(schedule: stripe.SubscriptionSchedule) -> dict[str, Any]:
    """The phase that runs now, as it must be said again: what is left out would be taken away."""
    starts = schedule.current_phase.start_date if schedule.current_phase else schedule.phases[0].start_date
    phase = next(each for each in schedule.phases if each.start_date == starts)
    said: dict[str, Any] = {
        "items": _said(phase),
        "start_date": phase.start_date,
        "end_date": phase.end_date,
        "proration_behavior": "none",
    }
    discounts = _discounts(phase.discounts or [])
    if discounts:
        said["discounts"] = discounts
    if phase.trial_end and phase.trial_end > int(now().timestamp()):
        said["trial_end"] = phase.trial_end
    return said


def _said(phase: Any) -> list[dict[str, Any]]:
    """A metered price has no quantity."""
    return [
        {"price": ref_of(each.price), **({"quantity": each.quantity} if each.quantity else {})} for each in phase.items
    ]


def _discounts(given: Sequence[Any]) -> list[dict[str, str]]:
    kept = [{name: ref_of(getattr(each, name, None)) for name in ("discount", "coupon")} for each in given]
    return [{name: value for name, value in each.items() if value} for each in kept]
