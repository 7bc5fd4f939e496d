"""Saved methods of payment: what they show, and what the bank says when they are charged."""

from datetime import datetime
from typing import Any

from verf.sandbox.payments.cards import Card, Outcome
from verf.sandbox.payments.store import Document, Store

BRANDS = {"visa": "Visa", "mastercard": "MasterCard"}
# Outcome -> (party, reason) of cancellation_details
REASONS = {
    Outcome.INSUFFICIENT_FUNDS: ("payment_network", "insufficient_funds"),
    Outcome.EXPIRED: ("payment_network", "card_expired"),
    Outcome.STOLEN: ("payment_network", "payment_method_restricted"),
    Outcome.THREE_D_SECURE_FAILED: ("payment_network", "3d_secure_failed"),
}
REVOKED = ("payment_network", "permission_revoked")


def shown(identity: str, kind: str, card: Card, at: datetime) -> Document:
    """The payment_method of a payment, not saved yet."""
    method: dict[str, Any] = {"type": kind, "id": identity, "saved": False, "status": "inactive"}
    if kind == "yoo_money":
        number = f"4100117588{card.last4}"
        return method | {"title": f"YooMoney wallet {number}", "account_number": number}
    if kind == "sbp":
        return method | {"title": "SBP"}
    details = {
        "first6": card.first6,
        "last4": card.last4,
        "expiry_year": str(at.year + (-1 if card.outcome == Outcome.EXPIRED else 4)),
        "expiry_month": "11",
        "card_type": BRANDS[card.brand],
        "issuer_country": "RU",
        "issuer_name": "Sberbank",
    }
    return method | {"title": f"Bank card *{card.last4}", "card": details}


class Methods:
    """A kept document is {"object": what the API shows, "later": what charges come to}."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def keep(self, method: Document, later: Outcome) -> Document:
        method |= {"saved": True, "status": "active"}
        kept = {"object": dict(method), "later": later.value}
        return self._store.put("method", str(method["id"]), kept)

    def get(self, identity: str) -> Document | None:
        return self._store.get("method", identity)

    def set_later(self, identity: str, later: Outcome) -> Document | None:
        kept = self.get(identity)
        return self._store.put("method", identity, {**kept, "later": later.value}) if kept else None

    def revoke(self, identity: str) -> Document | None:
        kept = self.get(identity)
        if kept is None:
            return None
        inactive = {**kept["object"], "status": "inactive"}
        return self._store.put("method", identity, {**kept, "object": inactive})

    def refusal(self, kept: Document) -> tuple[str, str] | None:
        """Why a charge fails: (party, reason); None when it is paid."""
        if kept["object"]["status"] != "active":
            return REVOKED
        return REASONS.get(Outcome(kept["later"]))
