"""Every order of a seller in one table of integers; how an order stands at a moment follows from its row."""

from array import array
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

from stock.simulators.wildberries.demand import BOUGHT, Integers, Wish

(SIZE, ORDERED, KNOWN, OUTCOME, OUTCOME_AT, RETURNED_AT, BACK_AT, SOURCE, PRICE, DISCOUNT, SPP, PRICED_AT) = range(12)
(REGION, BASKET, IS_B2B, IS_DEFECTIVE) = range(12, 16)
WIDTH: Final = 16

Flags: TypeAlias = npt.NDArray[np.bool_]


class Orders:
    def __init__(self) -> None:
        self._cells = array("q")
        self._table: Integers = np.zeros((0, WIDTH), dtype=np.int64)

    def __len__(self) -> int:
        return len(self._cells) // WIDTH

    def add(self, wish: Wish, *, source: int, price: int, discount: int) -> int:
        number = len(self)
        outcome_at = wish.at + wish.outcome_after
        returned_at = outcome_at + wish.return_after if wish.return_after else 0
        self._cells.extend(
            (
                wish.size,
                wish.at,
                wish.at + wish.known_after,
                wish.outcome,
                outcome_at,
                returned_at,
                (returned_at or outcome_at) + wish.back_after,
                source,
                price,
                discount,
                wish.spp,
                outcome_at + wish.priced_after,
                wish.region,
                wish.basket,
                wish.is_b2b,
                wish.is_defective,
            )
        )
        return number

    def row(self, number: int) -> tuple[int, ...]:
        return tuple(self._cells[number * WIDTH : number * WIDTH + WIDTH])

    def table(self) -> Integers:
        """A copy, so that orders may go on being added while somebody reads."""
        if len(self._table) != len(self):
            self._table = np.array(self._cells, dtype=np.int64).reshape(-1, WIDTH)
        return self._table


def is_bought(table: Integers, moment: int) -> Flags:
    bought: Flags = (table[:, OUTCOME] == BOUGHT) & (table[:, OUTCOME_AT] < moment)
    return bought


def is_cancelled(table: Integers, moment: int) -> Flags:
    cancelled: Flags = (table[:, OUTCOME] != BOUGHT) & (table[:, OUTCOME_AT] < moment)
    return cancelled


def is_returned(table: Integers, moment: int) -> Flags:
    return (table[:, RETURNED_AT] > 0) & (table[:, RETURNED_AT] < moment)
