"""Stripe's own payment page for one order."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import stripe

from verf.billing.providers.events import ProviderRefused
from verf.billing.providers.orders import Opened, Order
from verf.billing.providers.stripe.amounts import to_stripe
from verf.billing.providers.stripe.payments import ORDER, PRICE
from verf.billing.providers.stripe.prices import coupon
from verf.web import _

# Languages of Stripe's page; for others it asks the browser.
LOCALES = frozenset(
    {
        "bg", "cs", "da", "de", "el", "en", "es", "et", "fi", "fr", "hr", "hu", "id", "it", "ja", "ko", "lt",
        "lv", "ms", "mt", "nb", "nl", "pl", "pt", "ro", "ru", "sk", "sl", "sv", "th", "tr", "vi", "zh",
    }
)  # fmt: skip


async def open_page(client: stripe.StripeClient, order: Order, price: str, metered: Sequence[str] = ()) -> Opened:
    """Stripe keeps a page between half an hour and a day, so `expires_at` must lie within."""
    params = _params(order, price)
    params["line_items"] = [{"price": price, "quantity": order.quantity}, *_besides(metered)]
    if order.discount is not None:
        params["discounts"] = [{"coupon": await coupon(client, order.discount)}]
    session = await client.v1.checkout.sessions.create_async(params, {"idempotency_key": str(order.id)})
    expected = 0 if order.trial else to_stripe(order.money)
    if session.amount_total != expected or not session.url:
        await client.v1.checkout.sessions.expire_async(session.id, {}, {"idempotency_key": f"{order.id}:wrong-sum"})
        raise ProviderRefused(
            _("Stripe would take another sum than the price says. Nothing has been charged."),
            provider_code="amount_differs",
        )
    return Opened(ref=session.id, url=session.url, expires_at=datetime.fromtimestamp(session.expires_at, UTC))


def _besides(metered: Sequence[str]) -> list[stripe.params.checkout.SessionCreateParamsLineItem]:
    """A metered price has no quantity: what was used is counted at the end."""
    return [{"price": each} for each in metered]


async def close_page(client: stripe.StripeClient, ref: str) -> None:
    try:
        await client.v1.checkout.sessions.expire_async(ref)
    except stripe.InvalidRequestError:
        session = await client.v1.checkout.sessions.retrieve_async(ref)
        if session.status != "expired":
            raise


def _params(order: Order, price: str) -> stripe.params.checkout.SessionCreateParams:
    metadata = _metadata(order)
    params: stripe.params.checkout.SessionCreateParams = {
        "client_reference_id": str(order.id),
        "metadata": metadata,
        "line_items": [{"price": price, "quantity": order.quantity}],
        "success_url": order.return_url,
        "cancel_url": order.return_url,
        "expires_at": int(order.expires_at.timestamp()),
        "locale": order.locale if order.locale in LOCALES else "auto",
    }
    if order.customer:
        params["customer"] = order.customer
    else:
        params["customer_email"] = order.email
    more = _once(order, metadata) if order.price.interval == "once" else _recurring(order, metadata)
    params.update(more)
    return params


def _recurring(order: Order, metadata: dict[str, str]) -> Any:
    data: dict[str, Any] = {"metadata": metadata, "description": order.price.title}
    if order.trial:
        # The page knows whole days only.
        data["trial_period_days"] = max(1, round(order.trial.total_seconds() / 86400))
        data["trial_settings"] = {"end_behavior": {"missing_payment_method": "cancel"}}
    return {"mode": "subscription", "subscription_data": data, "payment_method_collection": "always"}


def _once(order: Order, metadata: dict[str, str]) -> Any:
    data: dict[str, Any] = {"metadata": metadata, "description": order.price.title}
    if order.save_method:
        data["setup_future_usage"] = "off_session"
    given: dict[str, Any] = {"mode": "payment", "payment_intent_data": data}
    return given if order.customer else given | {"customer_creation": "always"}


def _metadata(order: Order) -> dict[str, str]:
    return {
        ORDER: str(order.id),
        PRICE: order.price.key,
        "verf_organisation_id": str(order.organisation),
        "verf_product": order.price.product,
        "verf_plan": order.price.plan,
    }
