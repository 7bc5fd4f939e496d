"""How a row is measured: rounds of ours and the baseline by turns, the median of each, and how far it spread."""

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import asdict, dataclass
from statistics import median
from typing import Any, Literal

Measure = Callable[[], Awaitable[float]]


@dataclass(frozen=True)
class Scale:
    """How long to look. `tiny` only shows that every row runs; its numbers mean nothing."""

    name: str
    rounds: int
    seconds: float
    rows: int
    jobs: int
    requests: int
    connections: int
    answer: int


SCALES = {
    "full": Scale("full", 5, 1.0, 50_000, 5_000, 200, 1_000, 250_000),
    "quick": Scale("quick", 2, 0.5, 50_000, 2_000, 60, 500, 250_000),
    "tiny": Scale("tiny", 1, 0.2, 500, 50, 3, 10, 1_000),
}


@dataclass(frozen=True)
class Sample:
    """The median of some rounds, and the distance between the best and the worst in percent of it."""

    value: float
    spread: float = 0.0

    @classmethod
    def of(cls, values: Sequence[float]) -> "Sample":
        middle = median(values)
        return cls(middle, 100 * (max(values) - min(values)) / middle if middle else 0.0)


@dataclass(frozen=True)
class Line:
    """One line of the table. The target is held against `judged`: the ratio, or our own number."""

    name: str
    unit: str
    ours: Sample
    baseline: Sample | None = None
    baseline_name: str = ""
    target: float | None = None
    judged: Literal["ratio", "ours"] = "ours"
    better: Literal["more", "less"] = "less"
    note: str = ""

    @property
    def ratio(self) -> float | None:
        return self.ours.value / self.baseline.value if self.baseline and self.baseline.value else None

    @property
    def met(self) -> bool | None:
        value = self.ratio if self.judged == "ratio" else self.ours.value
        if self.target is None or value is None:
            return None
        return value >= self.target if self.better == "more" else value <= self.target

    def as_data(self) -> dict[str, Any]:
        return asdict(self) | {"ratio": self.ratio, "met": self.met}


async def by_turns(rounds: int, ours: Measure, baseline: Measure) -> tuple[Sample, Sample]:
    """Each round measures both, in changing order; the first of each warms up and is not counted, unless it is all."""
    if rounds > 1:
        await ours()
        await baseline()
    mine: list[float] = []
    theirs: list[float] = []
    for number in range(rounds):
        if number % 2:
            theirs.append(await baseline())
            mine.append(await ours())
        else:
            mine.append(await ours())
            theirs.append(await baseline())
    return Sample.of(mine), Sample.of(theirs)


def percentile(values: Sequence[float], share: float) -> float:
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))]
