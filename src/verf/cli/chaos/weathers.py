"""Kinds of trouble, as knobs of the simulated providers and as harm to our own processes."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

KnobValues = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, kw_only=True)
class Weather:
    """`of` overrides knobs for one provider. `kills`: workers die; `crowd`: several work and deliver at once."""

    name: str
    knobs: KnobValues = field(default_factory=dict)
    of: Mapping[str, KnobValues] = field(default_factory=dict)
    kills: bool = False
    crowd: bool = False

    def knobs_of(self, provider: str) -> dict[str, Mapping[str, Any]]:
        return {**self.knobs, **self.of.get(provider, {})}


HALF = {"rate": 0.5}
# Wata asks before it charges; a question that is lost is a payment declined, which would be another life.
NOT_THE_QUESTION = ".paid"

WEATHERS = (
    Weather(name="duplicated", knobs={"duplicate": {"rate": 0.6}}),
    Weather(name="reordered", knobs={"reorder": {"rate": 1.0}, "duplicate": {"rate": 0.3}}),
    Weather(
        name="delayed",
        knobs={"delay": {"rate": 0.5, "seconds": 7200}, "reorder": HALF},
        of={"wata": {"delay": {"rate": 0.5, "seconds": 7200, "path": NOT_THE_QUESTION}}},
    ),
    Weather(
        name="lost",
        knobs={"drop": {"rate": 0.5}},
        of={"wata": {"drop": {"rate": 0.5, "path": NOT_THE_QUESTION}}},
    ),
    Weather(
        name="provider down",
        knobs={
            "fail": {"rate": 0.1},
            "too_many": {"rate": 0.05, "seconds": 1},
            "timeout": {"rate": 0.05},
            "fail_after": {"rate": 0.05},
            "timeout_after": {"rate": 0.05},
        },
    ),
    Weather(name="crowded", knobs={"duplicate": {"rate": 0.8}, "reorder": HALF}, crowd=True),
    Weather(name="killed", knobs={"duplicate": {"rate": 0.3}}, kills=True),
)
