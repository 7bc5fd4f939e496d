"""Supplies of a seller to Wildberries: when one is made, how long it takes, and how much of it arrives."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from stock.simulators.wildberries.demand import Floats, Integers
from stock.simulators.wildberries.moments import DAY, HOUR

NOT_PLANNED, PLANNED, ALLOWED, ACCEPTING, ACCEPTED, AT_THE_GATE = 1, 2, 3, 4, 5, 6
REORDER_DAYS = 9
COVER_DAYS = 30


@dataclass(frozen=True, slots=True)
class Supply:
    id: int
    preorder_id: int
    created_at: int
    planned_at: int
    arrived_at: int
    ready_at: int
    sizes: Integers
    quantity: Integers
    accepted: Integers

    @classmethod
    def plan(
        cls, random: np.random.Generator, number: int, *, sizes: Integers, quantity: Integers, created_at: int
    ) -> "Supply":
        arrived_at = created_at + int(random.integers(3, 9)) * DAY + int(random.integers(0, 10 * 3600)) * 1_000_000
        missing = np.where(random.random(len(sizes)) < 0.03, random.integers(0, 3, len(sizes)), 0)
        return cls(
            id=26_000_000 + number * 37,
            preorder_id=34_000_000 + number * 41,
            created_at=created_at,
            planned_at=created_at + 2 * HOUR,
            arrived_at=arrived_at,
            ready_at=arrived_at + int(random.integers(12, 48)) * HOUR,
            sizes=sizes,
            quantity=quantity,
            accepted=np.maximum(quantity - missing, 0),
        )

    def status(self, moment: int) -> int:
        if moment < self.planned_at:
            return NOT_PLANNED
        if moment < self.planned_at + DAY:
            return PLANNED
        if moment < self.arrived_at:
            return ALLOWED
        if moment < self.arrived_at + 3 * HOUR:
            return AT_THE_GATE
        return ACCEPTING if moment < self.ready_at else ACCEPTED


def needed_by(
    random: np.random.Generator, *, have: Integers, rate: Floats, is_neglected: npt.NDArray[np.bool_]
) -> Integers:
    """How much a seller orders today: most look ahead, some only notice, late, that nothing is left."""
    is_low = have < np.ceil(rate * REORDER_DAYS)
    is_noticed = np.where(is_neglected, (have <= 0) & (random.random(len(have)) < 0.08), random.random(len(have)) < 0.5)
    wanted: Integers = np.ceil(rate * COVER_DAYS).astype(np.int64) - have
    return np.where(is_low & is_noticed & (rate > 0), np.maximum(wanted, 0), 0)
