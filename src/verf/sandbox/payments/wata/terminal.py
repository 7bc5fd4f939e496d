"""The terminal that the simulated Wata serves, the times and amounts it writes, and the tools its parts share."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import orjson
from pydantic import BaseModel, ConfigDict, Field

from verf.kit import Money
from verf.sandbox.payments.agenda import Agenda
from verf.sandbox.payments.dice import Dice
from verf.sandbox.payments.knobs import Knobs
from verf.sandbox.payments.outbox import Outbox
from verf.sandbox.payments.store import Document, Store

TERMINAL = "3a16a4dd-8c83-fa4d-897a-3b334ed0ebed"
TERMINAL_NAME = "verf"
TOKEN = "sandbox"  # noqa: S105 - of the sandbox, known to everybody


class Settings(BaseModel):
    """`asks_first`: the pre-payment webhook is on. `enforces_limits`: one GET of an object in 30 seconds.
    `token_is_valid`: False once the token has run out. `question_seconds`: how long it waits for the shop's yes."""

    model_config = ConfigDict(extra="forbid")

    asks_first: bool = True
    enforces_limits: bool = True
    token_is_valid: bool = True
    question_seconds: float = Field(default=10, gt=0, le=10)


@dataclass(frozen=True)
class Terminal:
    store: Store
    dice: Dice
    knobs: Knobs
    outbox: Outbox
    agenda: Agenda
    address: str

    @property
    def settings(self) -> Settings:
        return Settings(**(self.store.get("settings", "terminal") or {}))

    def set_up(self, changes: dict[str, Any]) -> Settings:
        settings = self.settings.model_copy(update=changes)
        self.store.put("settings", "terminal", settings.model_dump())
        return settings

    def identity(self) -> str:
        """Its ids grow with time, which shows in their beginnings."""
        return f"3a1{self.dice.uuid()[3:]}"


def zulu(at: datetime) -> str:
    """To the microsecond, as its database has it: 2024-12-05T10:32:07.739314Z."""
    return at.astimezone(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def number(minor_units: int, currency: str) -> orjson.Fragment:
    """A JSON number with two decimals that never was a float."""
    return orjson.Fragment(str(Money(minor_units, currency).decimal).encode())


def written(document: Document) -> bytes:
    return orjson.dumps(document)
