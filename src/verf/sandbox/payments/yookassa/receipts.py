"""Fiscal receipts (54-FZ): what must stand in them, and how they are registered a little later."""

from decimal import Decimal, InvalidOperation
from typing import Any

from verf.sandbox.payments.yookassa.bodies import Item, Receipt
from verf.sandbox.payments.yookassa.errors import invalid

SUBJECTS = frozenset(
    [
        "commodity",
        "excise",
        "job",
        "service",
        "gambling_bet",
        "gambling_prize",
        "lottery",
        "lottery_prize",
        "intellectual_activity",
        "payment",
        "agent_commission",
        "composite",
        "another",
        "property_right",
        "non_operating_gain",
        "sales_tax",
        "resort_fee",
        "deposit",
        "casino",
        "marked",
    ]
)
MODES = frozenset(
    ["full_prepayment", "partial_prepayment", "advance", "full_payment", "partial_payment", "credit", "credit_payment"]
)


def check(receipt: Receipt | None, total: int, *, is_required: bool) -> None:
    """A receipt that is there must be right, whether or not the shop registers receipts."""
    if receipt is None:
        if is_required:
            raise invalid("Receipt is missing or illegal", "receipt")
        return
    customer = receipt.customer
    if not (receipt.email or receipt.phone or (customer and (customer.email or customer.phone))):
        raise invalid("The customer's e-mail or phone is required", "receipt.customer")
    for number, item in enumerate(receipt.items):
        _check_item(item, f"receipt.items.{number}")
    if sum((_sum_of(item) for item in receipt.items), Decimal()) != total:
        raise invalid("Сумма платежа и сумма товаров в чеке не совпадают", "receipt.items")


def document(receipt: Receipt) -> dict[str, Any]:
    return receipt.model_dump(exclude_none=True)


def _check_item(item: Item, where: str) -> None:
    if item.payment_subject not in SUBJECTS:
        raise invalid("The payment subject is missing or unknown", f"{where}.payment_subject")
    if item.payment_mode not in MODES:
        raise invalid("The payment mode is missing or unknown", f"{where}.payment_mode")
    try:
        quantity = Decimal(str(item.quantity))
    except InvalidOperation as error:
        raise invalid("The quantity is not a number", f"{where}.quantity") from error
    if not quantity.is_finite() or quantity <= 0:
        raise invalid("The quantity must be more than zero", f"{where}.quantity")


def _sum_of(item: Item) -> Decimal:
    return Decimal(str(item.quantity)) * item.amount.minor
