"""Payments: pending → (waiting_for_capture) → succeeded or canceled, and both ends are final."""

from datetime import datetime, timedelta
from typing import Any

from verf.kit import Money, now
from verf.sandbox.payments.cards import Card
from verf.sandbox.payments.store import Document
from verf.sandbox.payments.yookassa import receipts
from verf.sandbox.payments.yookassa.bodies import Amount, Capture, NewPayment
from verf.sandbox.payments.yookassa.errors import Refused, invalid, not_there
from verf.sandbox.payments.yookassa.fiscal import Receipts
from verf.sandbox.payments.yookassa.methods import REASONS, shown
from verf.sandbox.payments.yookassa.moments import identity, minor, money, zulu
from verf.sandbox.payments.yookassa.shop import RECIPIENT, Shop

LEAST = 100
LARGEST = 35_000_000
HELD_FOR = timedelta(days=7)
REGISTERED_AFTER = timedelta(seconds=30)
FEE_PER_MILLE = 35


class Payments:
    """A kept document is {"object": what the API shows, and beside it what it does not show}."""

    def __init__(self, shop: Shop, registered: Receipts) -> None:
        self._shop, self._registered = shop, registered

    def create(self, wanted: NewPayment) -> Document:
        self._check(wanted)
        at = now()
        payment_id = identity(self._shop.dice, at, "000f")
        payment = {
            "object": self._blank(payment_id, wanted, at),
            "returns_to": wanted.confirmation.return_url if wanted.confirmation else "",
            "kind": wanted.payment_method_data.type if wanted.payment_method_data else "bank_card",
            "saves": wanted.save_payment_method,
            "captures": wanted.capture,
            "receipt": receipts.document(wanted.receipt) if wanted.receipt else None,
        }
        self._shop.store.put("payment", payment_id, payment)
        if wanted.payment_method_id:
            self._begin_charge(payment, wanted.payment_method_id, at)
        else:
            minutes = timedelta(minutes=self._shop.settings.confirmation_minutes)
            self._shop.agenda.plan(f"confirmation {payment_id}", at + minutes, "confirmation", payment_id)
        return self._shown(payment)

    def find(self, payment_id: str) -> Document:
        payment = self._shop.store.get("payment", payment_id)
        if payment is None:
            raise not_there("Payment", "payment_id")
        return payment

    def show(self, payment_id: str) -> Document:
        return self._shown(self.find(payment_id))

    def all(self) -> list[Document]:
        return [self._shown(payment) for payment in self._shop.store.all("payment")]

    def confirm(self, payment: Document, card: Card) -> Document:
        """The payer has chosen a card at the hosted page."""
        shown_payment, at = payment["object"], now()
        shown_payment.pop("confirmation", None)
        method = shown(shown_payment["id"], payment["kind"], card, at)
        shown_payment["payment_method"] = method
        self._authorise(payment, is_secured=True)
        self._shop.agenda.forget(f"confirmation {shown_payment['id']}")
        if card.outcome in REASONS:
            return self.cancel(payment, *REASONS[card.outcome], at)
        if payment["saves"]:
            self._shop.methods.keep(method, card.later)
        return self._take(payment, at)

    def charge(self, payment: Document, at: datetime) -> Document:
        """Without its payer, by a saved method."""
        kept = self._shop.methods.get(payment["object"]["payment_method"]["id"])
        assert kept is not None
        self._authorise(payment, is_secured=False)
        refusal = self._shop.methods.refusal(kept)
        return self.cancel(payment, *refusal, at) if refusal else self._take(payment, at)

    def capture(self, payment_id: str, wanted: Capture) -> Document:
        payment = self._held(payment_id)
        amount = wanted.amount.minor if wanted.amount else minor(payment["object"]["amount"])
        if amount > minor(payment["object"]["amount"]):
            raise invalid("The amount is more than was held", "amount.value")
        receipts.check(wanted.receipt, amount, is_required=False)
        payment["object"]["amount"] = money(amount)
        return self._shown(self._succeed(payment, now()))

    def call_off(self, payment_id: str) -> Document:
        return self._shown(self.cancel(self._held(payment_id), "merchant", "canceled_by_merchant", now()))

    def cancel(self, payment: Document, party: str, reason: str, at: datetime) -> Document:
        shown_payment = payment["object"]
        shown_payment |= {"status": "canceled", "paid": False, "refundable": False}
        shown_payment["cancellation_details"] = {"party": party, "reason": reason}
        for field in ("confirmation", "expires_at"):
            shown_payment.pop(field, None)
        for what in ("confirmation", "hold"):
            self._shop.agenda.forget(f"{what} {shown_payment['id']}")
        if "receipt_registration" in shown_payment:
            shown_payment["receipt_registration"] = "canceled"
        return self._told("payment.canceled", payment, at)

    def register_receipt(self, payment: Document, at: datetime) -> None:
        payment["object"]["receipt_registration"] = "succeeded"
        self._shop.store.put("payment", payment["object"]["id"], payment)
        self._registered.register("payment", payment["object"], payment["receipt"], at)

    def _check(self, wanted: NewPayment) -> None:
        check_amount(wanted.amount)
        settings = self._shop.settings
        receipts.check(wanted.receipt, wanted.amount.minor, is_required=settings.receipts)
        if (wanted.payment_method_id or wanted.save_payment_method) and not settings.recurring:
            raise Refused(
                403, "forbidden", "This store can't make recurring payments. Contact the YooMoney manager to learn more"
            )
        if wanted.payment_method_id:
            if wanted.payment_method_data or wanted.save_payment_method:
                raise invalid("A saved payment method goes with no other", "payment_method_id")
            if self._shop.methods.get(wanted.payment_method_id) is None:
                raise invalid("Payment method with this ID doesn't exist", "payment_method_id")
        elif wanted.confirmation is None:
            raise invalid("The confirmation scenario is missing", "confirmation")

    def _blank(self, payment_id: str, wanted: NewPayment, at: datetime) -> dict[str, Any]:
        settings = self._shop.settings
        blank: dict[str, Any] = {
            "id": payment_id,
            "status": "pending",
            "amount": money(wanted.amount.minor),
            "recipient": RECIPIENT,
            "created_at": zulu(at),
            "test": settings.test,
            "paid": False,
            "refundable": False,
            "metadata": wanted.metadata,
        }
        for field in ("description", "merchant_customer_id"):
            if value := getattr(wanted, field):
                blank[field] = value
        if wanted.payment_method_data:
            kind = wanted.payment_method_data.type
            blank["payment_method"] = {"type": kind, "id": payment_id, "saved": False, "status": "inactive"}
        if wanted.receipt and settings.receipts:
            blank["receipt_registration"] = "pending"
        if wanted.confirmation and not wanted.payment_method_id:
            blank["confirmation"] = {
                "type": "redirect",
                "return_url": wanted.confirmation.return_url,
                "confirmation_url": f"{self._shop.address}/checkout/payments/v2/contract?orderId={payment_id}",
            }
        return blank

    def _begin_charge(self, payment: Document, method_id: str, at: datetime) -> None:
        kept = self._shop.methods.get(method_id)
        assert kept is not None
        payment["object"]["payment_method"] = kept["object"]
        if slow := self._shop.knobs.acts("slow_charge", method_id):
            due = at + timedelta(seconds=slow.seconds or 60)
            self._shop.agenda.plan(f"charge {payment['object']['id']}", due, "charge", payment["object"]["id"])
        else:
            self.charge(payment, at)

    def _authorise(self, payment: Document, *, is_secured: bool) -> None:
        if payment["object"]["payment_method"]["type"] == "bank_card":
            digits, secured = "0123456789", {"applied": is_secured}
            secured |= {"method_completed": False, "challenge_completed": is_secured}
            rrn, code = self._shop.dice.token(15, digits), self._shop.dice.token(6, digits)
            payment["object"]["authorization_details"] = {"rrn": rrn, "auth_code": code, "three_d_secure": secured}

    def _take(self, payment: Document, at: datetime) -> Document:
        if payment["captures"]:
            return self._succeed(payment, at)
        payment["object"] |= {"status": "waiting_for_capture", "paid": True, "expires_at": zulu(at + HELD_FOR)}
        payment_id = payment["object"]["id"]
        self._shop.agenda.plan(f"hold {payment_id}", at + HELD_FOR, "hold", payment_id)
        return self._told("payment.waiting_for_capture", payment, at)

    def _succeed(self, payment: Document, at: datetime) -> Document:
        shown_payment = payment["object"]
        amount = minor(shown_payment["amount"])
        shown_payment |= {
            "status": "succeeded",
            "paid": True,
            "refundable": True,
            "captured_at": zulu(at),
            "income_amount": money(amount - Money(amount, "RUB").share(FEE_PER_MILLE, 1000).minor_units),
            "refunded_amount": money(0),
        }
        shown_payment.pop("expires_at", None)
        self._shop.agenda.forget(f"hold {shown_payment['id']}")
        if shown_payment.get("receipt_registration") == "pending":
            self._shop.agenda.plan(
                f"receipt {shown_payment['id']}", at + REGISTERED_AFTER, "receipt", shown_payment["id"]
            )
        return self._told("payment.succeeded", payment, at)

    def _told(self, event: str, payment: Document, at: datetime) -> Document:
        self._shop.store.put("payment", payment["object"]["id"], payment)
        self._shop.notify(event, self._shown(payment), at)
        return payment

    def _held(self, payment_id: str) -> Document:
        payment = self.find(payment_id)
        if payment["object"]["status"] != "waiting_for_capture":
            raise invalid(
                f"Payment status is {payment['object']['status']}; it must be waiting_for_capture", "payment_id"
            )
        return payment

    def _shown(self, payment: Document) -> Document:
        """A saved method looks as it does now, wherever it was used."""
        shown_payment = dict(payment["object"])
        method = shown_payment.get("payment_method")
        kept = self._shop.methods.get(method["id"]) if method else None
        if kept:
            shown_payment["payment_method"] = kept["object"]
        return shown_payment


def check_amount(amount: Amount) -> None:
    if not LEAST <= amount.minor <= LARGEST:
        raise invalid("The amount is out of the limits of the payment method", "amount.value")
