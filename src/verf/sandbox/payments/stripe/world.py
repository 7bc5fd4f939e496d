"""Everything Stripe knows: objects by kind, its clock, and the events by which it tells about them."""

import copy
import json
from datetime import UTC, datetime
from functools import cache
from importlib.resources import files
from typing import Any

from verf.kit import now
from verf.sandbox.payments.agenda import Agenda
from verf.sandbox.payments.dice import Dice
from verf.sandbox.payments.knobs import Knobs
from verf.sandbox.payments.outbox import Outbox
from verf.sandbox.payments.store import Document, Store
from verf.sandbox.payments.stripe.refusals import missing

VERSION = "2026-10-28.endive"
EVENTS_KEPT = 30 * 86400
NOBODYS = {"id": None, "idempotency_key": None}
PREFIXES = {
    "balance_transaction": "txn_3",
    "billing.meter": "mtr_test_",
    "billing_portal.session": "bps_1",
    "charge": "ch_3",
    "checkout.session": "cs_test_a1",
    "coupon": "",
    "customer": "cus_",
    "discount": "di_1",
    "dispute": "du_1",
    "event": "evt_1",
    "invoice": "in_1",
    "invoice_payment": "inpay_1",
    "line_item": "il_1",
    "payment_intent": "pi_3",
    "payment_method": "pm_1",
    "price": "price_1",
    "product": "prod_",
    "promotion_code": "promo_1",
    "refund": "re_3",
    "setup_intent": "seti_1",
    "subscription": "sub_1",
    "subscription_item": "si_",
    "subscription_schedule": "sub_sched_1",
}


class World:
    """Keys that begin with an underscore are ours: what the simulator must remember and Stripe never shows."""

    outbox: Outbox

    def __init__(self, store: Store, dice: Dice, knobs: Knobs, address: str) -> None:
        self.store, self.dice, self.knobs, self.address = store, dice, knobs, address
        self.agenda = Agenda(store)
        # The second at which the calendar is living; None while requests are answered.
        self.living: int | None = None
        # The request of the API that causes what is told now; nobody's at pages, controls and by the calendar.
        self.request: dict[str, Any] = dict(NOBODYS)

    @property
    def time(self) -> int:
        return int(now().timestamp()) if self.living is None else self.living

    def make(self, kind: str, *, identity: str = "", **fields: Any) -> Document:
        document = {**blank(kind), "id": identity or self.identity(kind), "created": self.time, **fields}
        return self.store.put(kind, document["id"], document)

    def identity(self, kind: str) -> str:
        length = 56 if kind == "checkout.session" else 8 if kind == "coupon" else 14 if kind == "customer" else 24
        return PREFIXES[kind] + self.dice.token(length)

    def get(self, kind: str, identity: str, param: str = "id") -> Document:
        found = self.store.get(kind, identity)
        if found is None:
            raise missing(kind, identity, param)
        return found

    def all(self, kind: str, **wanted: Any) -> list[Document]:
        """Newest first; only what has these values."""
        found = self.store.all(kind)
        for name, value in wanted.items():
            found = [each for each in found if each.get(name) == value]
        return found[::-1]

    def keep(self, document: Document) -> Document:
        return self.store.put(document["object"], document["id"], document)

    def plan(self, what: str, subject: str, at: int) -> None:
        self.agenda.plan(f"{what} {subject}", datetime.fromtimestamp(at, UTC), what, subject)

    def forget(self, what: str, subject: str) -> None:
        self.agenda.forget(f"{what} {subject}")

    def tell(self, kind: str, document: Document, before: Document | None = None) -> None:
        """Keep an event, and send it. `before` is a `picture` of the object before the change."""
        data: dict[str, Any] = {"object": picture(document)}
        if before is not None:
            data["previous_attributes"] = difference(before, data["object"])
            if not data["previous_attributes"]:
                return
        event: Document = {
            "id": self.identity("event"),
            "object": "event",
            "api_version": VERSION,
            "created": self.time,
            "data": data,
            "livemode": False,
            "pending_webhooks": 1,
            "request": dict(self.request),
            "type": kind,
        }
        self.store.put("event", event["id"], event)
        self._forget_old_events()
        self.outbox.post(event["id"], kind, event)

    def _forget_old_events(self) -> None:
        for event in self.store.all("event")[:20]:
            if event["created"] > self.time - EVENTS_KEPT:
                return
            self.store.remove("event", event["id"])


def picture(document: Document) -> Document:
    """As Stripe shows it; a copy that later changes leave alone."""
    shown: Document = _shown(document)
    return shown


def _shown(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _shown(each) for key, each in value.items() if not key.startswith("_")}
    if isinstance(value, list):
        return [_shown(each) for each in value]
    return value


def difference(before: Document, after: Document) -> Document:
    """The values before, of what changed; inside objects only the keys that did, lists whole."""
    changed: Document = {}
    for key, value in before.items():
        if value == after.get(key):
            continue
        inner = isinstance(value, dict) and isinstance(after.get(key), dict) and "object" not in value
        changed[key] = difference(value, after[key]) if inner else value
        if key == "items":
            changed[key] = {"data": value["data"]}
    return changed


def blank(kind: str) -> Document:
    return copy.deepcopy(_blanks()[kind])


@cache
def _blanks() -> dict[str, Document]:
    text = files("verf.sandbox.payments.stripe").joinpath("blank.json").read_text(encoding="utf-8")
    known: dict[str, Document] = json.loads(text)
    return known
