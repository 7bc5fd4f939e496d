"""Registered receipts: what the cash register in the cloud says a little after the money moved."""

from datetime import datetime, timedelta, timezone
from typing import Any

from verf.sandbox.payments.store import Document
from verf.sandbox.payments.yookassa.errors import not_there
from verf.sandbox.payments.yookassa.shop import Shop

MOSCOW = timezone(timedelta(hours=3))
PROVIDER = "fd9e9404-eaca-4000-8ec9-dc228ead2345"


class Receipts:
    def __init__(self, shop: Shop) -> None:
        self._shop = shop

    def register(self, kind: str, subject: Document, receipt: Document, at: datetime) -> None:
        """`kind` is payment or refund; a refund's receipt names the payment too."""
        number, digits = self._shop.store.count("fiscal document"), "0123456789"
        registered: dict[str, Any] = {
            "id": f"rt_{self._shop.dice.uuid()}",
            "type": kind,
            "payment_id": subject.get("payment_id", subject["id"]),
            **({"refund_id": subject["id"]} if kind == "refund" else {}),
            "status": "succeeded",
            "fiscal_document_number": str(number),
            "fiscal_storage_number": "9288000100115785",
            "fiscal_attribute": self._shop.dice.token(10, digits),
            "registered_at": at.astimezone(MOSCOW).isoformat(timespec="milliseconds"),
            "fiscal_provider_id": PROVIDER,
            "tax_system_code": receipt.get("tax_system_code", 1),
            "items": receipt["items"],
        }
        self._shop.store.put("receipt", registered["id"], registered)

    def show(self, receipt_id: str) -> Document:
        receipt = self._shop.store.get("receipt", receipt_id)
        if receipt is None:
            raise not_there("Receipt", "receipt_id")
        return receipt

    def all(self) -> list[Document]:
        return self._shop.store.all("receipt")
