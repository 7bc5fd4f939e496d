"""Where a value stands on the picture."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

STEPS = (1, 2, 2.5, 5, 10)


def ticks(low: float, high: float, count: int = 4) -> list[float]:
    """Round values that enclose low and high, about `count` steps apart."""
    if not math.isfinite(low) or not math.isfinite(high):
        return [0, 1]
    if high <= low:
        high = low + (abs(low) or 1)
    magnitude = 10 ** math.floor(math.log10((high - low) / count))
    step = next(part * magnitude for part in STEPS if (high - low) / (part * magnitude) <= count + 0.5)
    start = math.floor(low / step + 1e-9)
    end = math.ceil(high / step - 1e-9)
    return [round(index * step, 10) for index in range(start, end + 1)]


@dataclass(frozen=True)
class Frame:
    """The inner area of a chart in units of the picture."""

    width: int
    height: int
    low: float
    high: float
    count: int
    left: int = 46
    right: int = 12
    top: int = 12
    bottom: int = 28

    @property
    def floor(self) -> float:
        return self.height - self.bottom

    @property
    def inner_width(self) -> float:
        return self.width - self.left - self.right

    @property
    def slot(self) -> float:
        """The width one label has in a bar chart."""
        return self.inner_width / max(self.count, 1)

    def x(self, index: int) -> float:
        return self.left + self.inner_width * (index / (self.count - 1) if self.count > 1 else 0.5)

    def slot_start(self, index: int) -> float:
        return self.left + self.slot * index

    def y(self, value: float) -> float:
        share = (value - self.low) / (self.high - self.low or 1)
        return self.top + (self.floor - self.top) * (1 - share)


def runs(values: Sequence[float | None]) -> list[list[int]]:
    """Indexes of neighbouring known values; a gap in the data is a gap in the line."""
    found: list[list[int]] = [[]]
    for index, value in enumerate(values):
        if value is None:
            found.append([])
        else:
            found[-1].append(index)
    return [run for run in found if run]


def path(points: Sequence[tuple[float, float]]) -> str:
    """Straight lines with softened corners, which never swing beyond the data."""
    parts = [f"M{points[0][0]:.1f} {points[0][1]:.1f}"]
    for (before_x, before_y), (x, y) in pairwise(points):
        middle = (before_x + x) / 2
        parts.append(f"C{middle:.1f} {before_y:.1f} {middle:.1f} {y:.1f} {x:.1f} {y:.1f}")
    return "".join(parts)
