"""The past of many products: what was ordered each day, and for how much of the day it could be bought."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Booleans = NDArray[np.bool_]

# Fewer than one order in a thousand years is none.
SLOWEST = 1e-6
# A silent stretch this unlikely (1 in 100) under the product's own rate is taken for an empty shelf.
SILENCE = -float(np.log(0.01))


@dataclass(frozen=True)
class History:
    """`available` is the in-stock share of each day, NaN where nobody watched the shelf."""

    orders: Floats
    available: Floats

    @property
    def days(self) -> int:
        return int(self.orders.shape[1])


def likely_in_stock(history: History) -> Floats:
    """Shares of the day, with the unwatched days judged by their orders.

    Before the first sync there are orders but no stock history. A day with orders had stock; a stretch without
    any that the product's own rate makes unlikely had none; other quiet days count as in stock.
    """
    unknown = np.isnan(history.available)
    shares: Floats = np.where(unknown, 1.0, history.available)
    if not unknown.any():
        return shares
    for _ in range(3):
        silent = _silent_days(history.orders, _rate(history.orders, shares))
        judged: Floats = np.where(unknown & silent, 0.0, np.where(unknown, 1.0, history.available))
        if np.array_equal(judged, shares):
            break
        shares = judged
    return shares


def _rate(orders: Floats, shares: Floats) -> Floats:
    days = shares.sum(axis=1)
    sold = (orders * (shares > 0)).sum(axis=1)
    rate: Floats = np.divide(sold, days, out=np.zeros_like(days), where=days > 0)
    return rate


def _silent_days(orders: Floats, rate: Floats) -> Booleans:
    """Days inside a stretch without orders so long that the rate makes it a surprise."""
    lengths = _stretch_lengths(orders == 0)
    silent: Booleans = lengths * rate[:, None] > SILENCE
    return silent


def _stretch_lengths(quiet: NDArray[Any]) -> Floats:
    """For each quiet day, the length of the unbroken stretch it belongs to; 0 for the others."""
    forward = np.zeros(quiet.shape)
    backward = np.zeros(quiet.shape)
    count = np.zeros(quiet.shape[0])
    for day in range(quiet.shape[1]):
        count = np.where(quiet[:, day], count + 1, 0)
        forward[:, day] = count
    count = np.zeros(quiet.shape[0])
    for day in reversed(range(quiet.shape[1])):
        count = np.where(quiet[:, day], count + 1, 0)
        backward[:, day] = count
    return np.where(quiet, forward + backward - 1, 0.0)
