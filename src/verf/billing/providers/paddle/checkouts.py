"""A checkout is a transaction that its customer pays on a page; it becomes a subscription once it is paid."""

from collections.abc import Mapping
from typing import Any
from urllib.parse import urlencode

from verf.billing.providers.events import ProviderRefused
from verf.billing.providers.orders import Opened, Order
from verf.billing.providers.paddle.answers import Api
from verf.billing.providers.paddle.fields import ORDER, PRICE, Json, ours
from verf.billing.providers.paddle.prices import discount, publish, terms_of
from verf.web import _

CANCEL = {"status": "canceled"}
# Only a transaction with an address can be canceled. The country means nothing: nobody will pay it.
ANY_COUNTRY = {"country_code": "IE", "description": "Closed before it was paid"}


async def open_checkout(api: Api, order: Order) -> Opened:
    customer = order.customer or await customer_of(api, order.email, order.locale)
    transaction = await _opened_before(api, customer, order) or await api.post(
        "/transactions", await _body(api, customer, order)
    )
    total = int(transaction["details"]["totals"]["grand_total"])
    if total != (0 if order.trial else order.money.minor_units):
        await close_checkout(api, transaction["id"])
        raise ProviderRefused(_("Paddle asks for another sum than we do."), provider_code="amount")
    return Opened(ref=transaction["id"], url=transaction["checkout"]["url"], expires_at=order.expires_at)


async def close_checkout(api: Api, ref: str) -> None:
    transaction = await api.get(f"/transactions/{ref}")
    if transaction["status"] == "canceled":
        return
    if transaction["status"] == "draft":
        await _address(api, transaction)
    await api.patch(f"/transactions/{ref}", CANCEL)


async def customer_of(api: Api, email: str, locale: str) -> str:
    """Found by address of mail, which Paddle keeps unique."""
    return await _known(api, email) or await _introduced(api, email, locale)


async def _known(api: Api, email: str) -> str:
    async for customer in api.every("/customers", email=email, status="active,archived"):
        return str(customer["id"])
    return ""


async def _introduced(api: Api, email: str, locale: str) -> str:
    try:
        return str((await api.post("/customers", {"email": email, "locale": locale}))["id"])
    except ProviderRefused as refusal:
        # Somebody introduced the same customer a moment ago.
        if refusal.provider_code == "customer_already_exists" and (found := await _known(api, email)):
            return found
        raise


async def _opened_before(api: Api, customer: str, order: Order) -> Json | None:
    async for transaction in api.every("/transactions", customer_id=customer, origin="api", per_page="30"):
        if ours(transaction, ORDER) == str(order.id) and transaction["status"] != "canceled":
            return transaction
    return None


async def _body(api: Api, customer: str, order: Order) -> Mapping[str, Any]:
    body: Json = {
        "items": [await _item(api, order)],
        "customer_id": customer,
        "currency_code": order.price.money.currency,
        "collection_mode": "automatic",
        "custom_data": {ORDER: str(order.id)},
        "checkout": {"url": _page(api, order)},
    }
    if order.discount:
        body["discount_id"] = await discount(api, order)
    return body


async def _item(api: Api, order: Order) -> Json:
    published = await publish(api, order.price)
    if not order.trial:
        return {"price_id": published, "quantity": order.quantity}
    # Trials belong to prices at Paddle. One made for this checkout alone leaves the catalogue as it is.
    own = await api.get(f"/prices/{published}")
    price = {
        **terms_of(order.price),
        "product_id": own["product_id"],
        "trial_period": {"interval": "day", "frequency": max(1, order.trial.days)},
        "custom_data": {PRICE: published},
    }
    return {"price": price, "quantity": order.quantity}


def _page(api: Api, order: Order) -> str | None:
    """The page with Paddle.js learns from its own address where to go afterwards; Paddle adds `_ptxn`."""
    if not api.connection.checkout_url:
        return None
    return f"{api.connection.checkout_url}?{urlencode({'return_url': order.return_url, 'locale': order.locale})}"


async def _address(api: Api, transaction: Json) -> None:
    address = await api.post(f"/customers/{transaction['customer_id']}/addresses", ANY_COUNTRY)
    await api.patch(f"/transactions/{transaction['id']}", {"address_id": address["id"]})
