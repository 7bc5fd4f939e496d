"""A sliding window: never more than the quota in any stretch of its length, in bounded space.

Hits closer together than a 64th of the window share one mark that expires with the last of them, so the error is always
on the strict side and at most that 64th.
"""

from dataclasses import dataclass

GRAINS = 64


@dataclass(frozen=True, slots=True)
class Decision:
    """What became of a hit; seconds until the whole quota is back, and until the same hit would pass."""

    allowed: bool
    remaining: int
    reset_after: float
    retry_after: float = 0.0


@dataclass(slots=True)
class Mark:
    at: float
    count: int


def take(marks: list[Mark], now: float, *, quota: int, window: float, cost: int) -> Decision:
    """Count a hit into `marks`, which it prunes and extends. A cost of zero only asks whether one would pass."""
    while marks and marks[0].at + window <= now:
        del marks[0]
    used = sum(mark.count for mark in marks)
    allowed = used + max(cost, 1) <= quota
    if allowed and cost:
        _mark(marks, now, window / GRAINS, cost)
        used += cost
    reset_after = marks[-1].at + window - now if marks else 0.0
    retry_after = 0.0 if allowed else _wait(marks, now, window, too_many=used + max(cost, 1) - quota)
    return Decision(allowed, max(0, quota - used), reset_after, retry_after)


def _mark(marks: list[Mark], now: float, grain: float, cost: int) -> None:
    if marks and marks[-1].at // grain == now // grain:
        marks[-1].at = now
        marks[-1].count += cost
    else:
        marks.append(Mark(now, cost))


def _wait(marks: list[Mark], now: float, window: float, *, too_many: int) -> float:
    for mark in marks:
        too_many -= mark.count
        if too_many <= 0:
            return mark.at + window - now
    return window
