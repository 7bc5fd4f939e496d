"""What all parts of the simulated Paddle hold in common: documents, ids, time, events."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson

from verf.kit import now
from verf.sandbox.payments.agenda import Agenda
from verf.sandbox.payments.dice import Dice
from verf.sandbox.payments.knobs import Knobs
from verf.sandbox.payments.outbox import Outbox
from verf.sandbox.payments.paddle.errors import not_found
from verf.sandbox.payments.store import Document, Store

CROCKFORD = "0123456789abcdefghjkmnpqrstvwxyz"
EVENTS_KEPT = timedelta(days=90)


def written(at: datetime) -> str:
    return at.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def read(text: str) -> datetime:
    return datetime.fromisoformat(text)


def shown(document: Document) -> Document:
    """A copy without what is only known inside: names that begin with an underscore."""
    kept: Document = orjson.loads(orjson.dumps(document))
    return {name: value for name, value in kept.items() if not name.startswith("_")}


class World:
    """`address` is where people reach the hosted pages."""

    def __init__(self, store: Store, dice: Dice, knobs: Knobs, agenda: Agenda, address: Callable[[], str]) -> None:
        self.store, self.dice, self.knobs, self.agenda = store, dice, knobs, agenda
        self._address = address
        self.outbox: Outbox

    @property
    def address(self) -> str:
        return self._address()

    def new_id(self, prefix: str, at: datetime | None = None) -> str:
        """Like a ULID: they sort as they were made."""
        moment = int((at or now()).timestamp() * 1000)
        number = self.store.count("id")
        return f"{prefix}_{_digits(moment, 10)}{_digits(number, 8)}{self.dice.token(8, CROCKFORD)}"

    def find(self, kind: str, identity: str) -> Document:
        found = self.store.get(kind, identity)
        if found is None:
            raise not_found(identity)
        return found

    def all(self, kind: str) -> list[Document]:
        return self.store.all(kind)

    def keep(self, kind: str, document: Document, at: datetime) -> Document:
        document["updated_at"] = written(at)
        return self.store.put(kind, document["id"], document)

    def tell(self, kind: str, document: Document, at: datetime, **more: Any) -> None:
        """An event, kept for the list of events, and its notification."""
        identity, data = self.new_id("evt", at), {**shown(document), **more}
        data.pop("management_urls", None)
        event = {"event_id": identity, "event_type": kind, "occurred_at": written(at), "data": data}
        self.store.put("event", identity, event)
        self.outbox.post(identity, kind, {**event, "notification_id": self.new_id("ntf", at)}, at)
        self._forget_old_events(at)

    def _forget_old_events(self, at: datetime) -> None:
        before = written(at - EVENTS_KEPT)
        for identity, event in self.store.items("event"):
            if event["occurred_at"] >= before:
                return
            self.store.remove("event", identity)


def _digits(number: int, length: int) -> str:
    digits = ""
    for _ in range(length):
        number, rest = divmod(number, 32)
        digits = CROCKFORD[rest] + digits
    return digits
