"""Money back: in parts, never more than was paid, within three years."""

from datetime import datetime, timedelta
from typing import Any

from verf.kit import now
from verf.sandbox.payments.store import Document
from verf.sandbox.payments.yookassa import receipts
from verf.sandbox.payments.yookassa.bodies import NewRefund
from verf.sandbox.payments.yookassa.errors import invalid, not_there
from verf.sandbox.payments.yookassa.fiscal import Receipts
from verf.sandbox.payments.yookassa.moments import identity, minor, moment, money, zulu
from verf.sandbox.payments.yookassa.shop import Shop

POSSIBLE_FOR = timedelta(days=3 * 365)


class Refunds:
    def __init__(self, shop: Shop, registered: Receipts) -> None:
        self._shop, self._registered = shop, registered

    def create(self, wanted: NewRefund) -> Document:
        payment = self._refundable(wanted.payment_id)
        amount, left = wanted.amount.minor, self.left_of(payment)
        if not 0 < amount <= left:
            raise invalid(
                f"The refund amount must be more than zero and at most {money(left)['value']}", "amount.value"
            )
        is_partial = amount < minor(payment["object"]["amount"])
        is_required = self._shop.settings.receipts and payment["receipt"] is not None and is_partial
        receipts.check(wanted.receipt, amount, is_required=is_required)
        receipt = receipts.document(wanted.receipt) if wanted.receipt else payment["receipt"]
        return self.make(payment, amount, wanted.description, receipt)

    def make(self, payment: Document, amount: int, description: str | None, receipt: Document | None) -> Document:
        """The receipt of a full refund is the payment's own."""
        at = now()
        refund: dict[str, Any] = {
            "id": identity(self._shop.dice, at, "0015"),
            "payment_id": payment["object"]["id"],
            "status": "pending",
            "created_at": zulu(at),
            "amount": money(amount),
        }
        if description:
            refund["description"] = description
        if receipt and self._shop.settings.receipts:
            refund["receipt_registration"] = "pending"
            self._shop.store.put("refund_receipt", refund["id"], receipt)
        self._shop.store.put("refund", refund["id"], refund)
        if slow := self._shop.knobs.acts("slow_refund", refund["payment_id"]):
            due = at + timedelta(seconds=slow.seconds or 3600)
            self._shop.agenda.plan(f"refund {refund['id']}", due, "refund", refund["id"])
        else:
            self.finish(refund, at)
        return dict(refund)

    def finish(self, refund: Document, at: datetime) -> None:
        """There is an event for the refund that was made, and none for the one that was not."""
        if self._shop.knobs.acts("refund_canceled", refund["payment_id"]):
            refund |= {
                "status": "canceled",
                "cancellation_details": {"party": "yoo_money", "reason": "insufficient_funds"},
            }
            self._shop.store.put("refund", refund["id"], refund)
            return
        refund["status"] = "succeeded"
        self._shop.store.put("refund", refund["id"], refund)
        payment = self._shop.store.get("payment", refund["payment_id"])
        assert payment is not None
        done = minor(payment["object"]["refunded_amount"]) + minor(refund["amount"])
        payment["object"] |= {"refunded_amount": money(done), "refundable": done < minor(payment["object"]["amount"])}
        self._shop.store.put("payment", refund["payment_id"], payment)
        if "receipt_registration" in refund:
            self._shop.agenda.plan(
                f"receipt {refund['id']}", at + timedelta(seconds=30), "refund_receipt", refund["id"]
            )
        self._shop.notify("refund.succeeded", dict(refund), at)

    def register_receipt(self, refund: Document, at: datetime) -> None:
        self._shop.store.put("refund", refund["id"], {**refund, "receipt_registration": "succeeded"})
        receipt = self._shop.store.get("refund_receipt", refund["id"])
        assert receipt is not None
        self._registered.register("refund", refund, receipt, at)

    def show(self, refund_id: str) -> Document:
        refund = self._shop.store.get("refund", refund_id)
        if refund is None:
            raise not_there("Refund", "refund_id")
        return refund

    def all(self) -> list[Document]:
        return self._shop.store.all("refund")

    def left_of(self, payment: Document) -> int:
        """What is neither given back nor on its way."""
        gone = sum(
            minor(refund["amount"])
            for refund in self.all()
            if refund["payment_id"] == payment["object"]["id"] and refund["status"] != "canceled"
        )
        return minor(payment["object"]["amount"]) - gone

    def _refundable(self, payment_id: str) -> Document:
        payment = self._shop.store.get("payment", payment_id)
        if payment is None:
            raise invalid("Payment doesn't exist", "payment_id")
        if payment["object"]["status"] != "succeeded":
            raise invalid("Only a payment that succeeded can be refunded", "payment_id")
        if moment(payment["object"]["captured_at"]) + POSSIBLE_FOR < now():
            raise invalid("The payment is too old to be refunded", "payment_id")
        return payment
