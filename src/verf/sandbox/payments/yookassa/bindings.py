"""Keeping a card without a payment: pending until its owner confirms at the hosted page."""

from typing import Any

from verf.kit import now
from verf.sandbox.payments.cards import Card, Outcome
from verf.sandbox.payments.store import Document
from verf.sandbox.payments.yookassa.bodies import NewMethod
from verf.sandbox.payments.yookassa.errors import Refused, not_there
from verf.sandbox.payments.yookassa.methods import shown
from verf.sandbox.payments.yookassa.moments import identity
from verf.sandbox.payments.yookassa.shop import RECIPIENT, Shop


class Bindings:
    def __init__(self, shop: Shop) -> None:
        self._shop = shop

    def create(self, wanted: NewMethod) -> Document:
        if not self._shop.settings.recurring:
            raise Refused(403, "forbidden", "This store can't save payment methods. Contact the YooMoney manager")
        method_id = identity(self._shop.dice, now(), "0037")
        binding: dict[str, Any] = {
            "type": wanted.type,
            "id": method_id,
            "saved": False,
            "status": "pending",
            "holder": RECIPIENT,
            "confirmation": {
                "type": "redirect",
                "return_url": wanted.confirmation.return_url,
                "confirmation_url": f"{self._shop.address}/checkout/payments/v2/contract?orderId={method_id}",
            },
        }
        return self._shop.store.put("binding", method_id, binding)

    def show(self, method_id: str) -> Document:
        kept = self._shop.methods.get(method_id)
        found = kept["object"] if kept else self._shop.store.get("binding", method_id)
        if found is None:
            raise not_there("Payment method", "payment_method_id")
        return found

    def confirm(self, binding: Document, card: Card) -> Document:
        method = {"holder": RECIPIENT, **shown(binding["id"], binding["type"], card, now())}
        if card.outcome != Outcome.PAYS:
            binding = {**binding, "status": "inactive"}
            binding.pop("confirmation", None)
            return self._shop.store.put("binding", binding["id"], binding)
        self._shop.store.remove("binding", binding["id"])
        kept = self._shop.methods.keep(method, card.later)
        self._shop.notify("payment_method.active", kept["object"], now())
        shown_method: Document = kept["object"]
        return shown_method
