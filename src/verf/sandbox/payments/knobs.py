"""What a tester turns to make a simulated provider misbehave."""

from typing import Any, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field

from verf.sandbox.payments.dice import Dice
from verf.sandbox.payments.store import Store

OfWebhooks = Literal["duplicate", "reorder", "delay", "drop", "together"]
OfAnswers = Literal["slow", "too_many", "fail", "timeout", "fail_after", "timeout_after"]
COMMON: tuple[str, ...] = (*get_args(OfWebhooks), *get_args(OfAnswers))


class Knob(BaseModel):
    """Without a count it stays until it is taken away; with one it wears off after so many times.

    `seconds`: how long a delay (clock time) or a slow answer (real time) lasts, or what Retry-After says. `path`: only
    requests whose path (for answers) or events whose kind (for webhooks) contain this text.
    """

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"rate": 0.1, "count": 5}]})

    rate: float = Field(default=1.0, gt=0, le=1)
    count: int | None = Field(default=None, ge=1)
    seconds: float = Field(default=0, ge=0, le=10_000_000)
    path: str = Field(default="", max_length=200)


class Knobs:
    def __init__(self, store: Store, dice: Dice, own: tuple[str, ...] = ()) -> None:
        self._store, self._dice = store, dice
        self.names = (*COMMON, *own)

    def turn(self, name: str, knob: Knob | None) -> None:
        if knob is None:
            self._store.remove("knob", name)
        else:
            self._store.put("knob", name, knob.model_dump())

    def reset(self) -> None:
        for name in self.names:
            if self._store.get("knob", name):
                self._store.remove("knob", name)

    def reading(self) -> dict[str, Any]:
        """Every knob that is turned; counts are what is left."""
        return {name: knob for name in self.names if (knob := self._store.get("knob", name))}

    def acts(self, name: str, on: str = "") -> Knob | None:
        """The knob, if it strikes now; counts it down."""
        kept = self._store.get("knob", name)
        if not kept or kept["path"] not in on or not self._dice.happens(f"knob {name}", kept["rate"]):
            return None
        knob = Knob(**kept)
        if knob.count is not None:
            self.turn(name, knob.model_copy(update={"count": knob.count - 1}) if knob.count > 1 else None)
        return knob
