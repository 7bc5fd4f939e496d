"""What we write to YooKassa. Nothing in it may differ when it is written again: no times, no random words."""

from typing import Any

from verf.billing.providers.orders import Charge, Order
from verf.billing.providers.yookassa.answers import CHARGED
from verf.billing.providers.yookassa.settings import YooKassaSettings
from verf.kit import Money

LONGEST_TITLE = 128
LONGEST_VALUE = 512


def checkout_body(order: Order, settings: YooKassaSettings) -> dict[str, Any]:
    title = order.price.title if order.quantity == 1 else f"{order.price.title} × {order.quantity}"
    body: dict[str, Any] = {
        "amount": amount(order.money),
        "capture": True,
        "confirmation": {"type": "redirect", "return_url": order.return_url},
        "description": title[:LONGEST_TITLE],
        "metadata": {"order_id": str(order.id), "organisation": str(order.organisation)},
    }
    if order.save_method and settings.recurring:
        body["save_payment_method"] = True
    return _with_receipt(body, order.email, title, order.money, settings)


def charge_body(charge: Charge, settings: YooKassaSettings) -> dict[str, Any]:
    told = {key[:32]: value[:LONGEST_VALUE] for key, value in charge.metadata.items()}
    body: dict[str, Any] = {
        "amount": amount(charge.money),
        "capture": True,
        "payment_method_id": charge.method,
        "description": charge.title[:LONGEST_TITLE],
        "metadata": {
            **told,
            "order_id": str(charge.id),
            "organisation": str(charge.organisation),
            CHARGED: charge.key[:LONGEST_VALUE],
        },
    }
    return _with_receipt(body, charge.email, charge.title, charge.money, settings)


def refund_body(
    payment: str, money: Money, *, description: str, title: str, email: str, settings: YooKassaSettings
) -> dict[str, Any]:
    body: dict[str, Any] = {"payment_id": payment, "amount": amount(money), "description": description}
    return _with_receipt(body, email, title, money, settings)


def amount(money: Money) -> dict[str, str]:
    return {"value": f"{money.decimal:f}", "currency": money.currency}


def _with_receipt(
    body: dict[str, Any], email: str, title: str, money: Money, settings: YooKassaSettings
) -> dict[str, Any]:
    """A receipt goes to its customer: without an address there can be none."""
    if not settings.receipts or not email:
        return body
    item = {
        "description": title[:LONGEST_TITLE],
        "quantity": "1.00",
        "amount": amount(money),
        "vat_code": settings.vat_code,
        "payment_subject": "service",
        "payment_mode": "full_payment",
    }
    receipt: dict[str, Any] = {"customer": {"email": email}, "items": [item]}
    if settings.tax_system:
        receipt["tax_system_code"] = settings.tax_system
    return {**body, "receipt": receipt}
