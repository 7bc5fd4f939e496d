"""Changes of a subscription. Each reads first and does nothing when it is done already, so a repetition is harmless."""

from datetime import datetime
from typing import Literal

from verf.billing.providers.events import ProviderRefused
from verf.billing.providers.orders import Preview
from verf.billing.providers.paddle.answers import Api
from verf.billing.providers.paddle.fields import Json, maybe, moment, sum_of
from verf.billing.providers.paddle.payments import recurring_item
from verf.billing.providers.pictures import Subscription
from verf.kit import Money, now
from verf.web import _

# Charge the difference now, or leave everything as it was.
NOW = {"proration_billing_mode": "prorated_immediately", "on_payment_failure": "prevent_change"}
# Replace the items and let the next renewal bill them. `full_next_billing_period` would bill them twice then.
LATER = {"proration_billing_mode": "do_not_bill"}


async def preview(api: Api, subscription: str, price: str) -> Preview:
    told = await api.get(f"/subscriptions/{subscription}")
    body = {"items": _items(told, price), **_mode(told)}
    seen = await api.patch(f"/subscriptions/{subscription}/preview", body)
    zero = Money(0, seen["currency_code"])
    totals, coming = _totals(seen["immediate_transaction"]), _totals(seen["next_transaction"])
    return Preview(
        due_now=sum_of(totals.get("grand_total"), zero.currency) or zero,
        credit=sum_of(totals.get("credit"), zero.currency) or zero,
        next_payment=sum_of(coming.get("grand_total"), zero.currency) or zero,
        next_payment_at=maybe(seen["next_billed_at"]),
    )


async def change(api: Api, seen: Subscription, ref: str, when: Literal["now", "period_end"]) -> None:
    """`seen` is the subscription as its picture shows it: `price` is what is billed, `pending_price` what will be."""
    if ref == (seen.pending_price or seen.price) and (when == "period_end" or not seen.pending_price):
        return
    path = f"/subscriptions/{seen.ref}"
    told = await api.get(path)
    if when == "period_end" or ref == seen.price:
        await _replace_later(api, path, told, ref)
        return
    if seen.pending_price:
        # The difference is counted from what was billed, not from what was to come.
        told = await _replace_later(api, path, told, seen.price)
    try:
        await api.patch(path, {"items": _items(told, ref), **_mode(told)})
    except ProviderRefused:
        if seen.pending_price:
            await _replace_later(api, path, told, seen.pending_price)
        raise


async def cancel(api: Api, subscription: str, when: Literal["now", "period_end"]) -> None:
    path = f"/subscriptions/{subscription}"
    told = await api.get(path)
    # A paused subscription has no period that could end.
    at_end = when == "period_end" and told["status"] != "paused"
    scheduled = (told["scheduled_change"] or {}).get("action", "")
    if told["status"] == "canceled" or (at_end and scheduled == "cancel"):
        return
    if scheduled:
        await api.patch(path, {"scheduled_change": None})
    await api.post(f"{path}/cancel", {"effective_from": "next_billing_period" if at_end else "immediately"})


async def resume(api: Api, subscription: str) -> None:
    path = f"/subscriptions/{subscription}"
    told = await api.get(path)
    if told["scheduled_change"] and told["status"] != "paused":
        await api.patch(path, {"scheduled_change": None})
    elif told["status"] != "active":
        period = told["current_billing_period"]
        # What was paid for before the pause is not paid for again.
        is_paid = period is not None and moment(period["ends_at"]) > now()
        mode = "continue_existing_billing_period" if is_paid else "start_new_billing_period"
        await api.post(f"{path}/resume", {"effective_from": "immediately", "on_resume": mode})


async def put_off(api: Api, subscription: str, until: datetime) -> None:
    path = f"/subscriptions/{subscription}"
    told = await api.get(path)
    if told["next_billed_at"] is None or moment(told["next_billed_at"]) != until:
        await api.patch(path, {"next_billed_at": f"{until:%Y-%m-%dT%H:%M:%SZ}", **LATER})


async def pause(api: Api, subscription: str) -> None:
    path = f"/subscriptions/{subscription}"
    told = await api.get(path)
    if told["status"] == "paused":
        return
    if told["scheduled_change"]:
        raise ProviderRefused(_("The subscription is about to end. Take that back first."), provider_code="scheduled")
    await api.post(f"{path}/pause", {"effective_from": "immediately"})


async def _replace_later(api: Api, path: str, told: Json, price: str) -> Json:
    """Another interval moves the next payment; what is paid for lasts as long as it was sold for."""
    changed = await api.patch(path, {"items": _items(told, price), **LATER})
    if changed["next_billed_at"] == told["next_billed_at"]:
        return changed
    return await api.patch(path, {"next_billed_at": told["next_billed_at"], **LATER})


def _totals(transaction: Json | None) -> Json:
    return dict(transaction["details"]["totals"]) if transaction else {}


def _items(told: Json, price: str) -> list[Json]:
    """All that shall stay must be named: what is left out is taken off."""
    plan = recurring_item(told["items"])
    others = [item for item in told["items"] if item is not plan]
    changed = {"price_id": price, "quantity": plan["quantity"]}
    return [changed, *({"price_id": each["price"]["id"], "quantity": each["quantity"]} for each in others)]


def _mode(told: Json) -> Json:
    return LATER if told["status"] == "trialing" else NOW
