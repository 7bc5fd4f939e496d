"""The shop that the simulated YooKassa serves, as it is set up in the cabinet, and the tools its parts share."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from verf.sandbox.payments.agenda import Agenda
from verf.sandbox.payments.dice import Dice
from verf.sandbox.payments.knobs import Knobs
from verf.sandbox.payments.outbox import Outbox
from verf.sandbox.payments.store import Document, Store
from verf.sandbox.payments.yookassa.methods import Methods

ACCOUNT = "100500"
SECRET = "test_sandbox"  # noqa: S105 - of the sandbox, known to everybody
RECIPIENT = {"account_id": ACCOUNT, "gateway_id": "100700"}


class Settings(BaseModel):
    """`receipts`: 54-FZ receipts are on. `recurring`: the manager allowed saved methods. `test`: a test shop."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"receipts": True}]})

    receipts: bool = False
    recurring: bool = True
    test: bool = True
    confirmation_minutes: int = Field(default=60, ge=1, le=10_080)


@dataclass(frozen=True)
class Shop:
    store: Store
    dice: Dice
    knobs: Knobs
    outbox: Outbox
    agenda: Agenda
    methods: Methods
    address: str

    @property
    def settings(self) -> Settings:
        return Settings(**(self.store.get("settings", "shop") or {}))

    def set_up(self, changes: dict[str, Any]) -> Settings:
        settings = self.settings.model_copy(update=changes)
        self.store.put("settings", "shop", settings.model_dump())
        return settings

    def notify(self, event: str, subject: Document, at: datetime) -> None:
        """The object as it is now, word for word the same at every redelivery."""
        body = {"type": "notification", "event": event, "object": subject}
        self.outbox.post(f"{event}:{subject['id']}", event, body, at)
