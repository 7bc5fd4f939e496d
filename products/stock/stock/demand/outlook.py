"""When the shelf will be empty: a day-by-day simulation, and the one-line formula that explains it."""

from dataclasses import dataclass

import numpy as np

from stock.demand.history import SLOWEST, Floats

HORIZON = 365
# One standard normal quantile: the 10th percentile lies this many deviations below the middle.
NINETIETH = 1.2816


@dataclass(frozen=True)
class Pipeline:
    """How long goods travel, in days; a marketplace's usual times unless the shop knows better."""

    days_to_client: int = 4
    days_from_client: int = 6


@dataclass(frozen=True)
class Outlook:
    """Days until the shelf is empty; infinity when not within the horizon. Early ≤ middle ≤ late."""

    early: Floats
    middle: Floats
    late: Floats


def days_of_cover(quantity: Floats, per_day: Floats, buyout: Floats) -> Floats:
    """The quick formula: quantity / (orders per day × buy-out share).

    Goods on the way are left out on purpose: adding them makes the answer up to 84 % too long.
    """
    net = per_day * buyout
    cover: Floats = np.divide(quantity, net, out=np.full_like(quantity, np.inf), where=net > SLOWEST)
    return cover


@dataclass(frozen=True)
class Shelf:
    quantity: Floats
    to_client: Floats
    from_client: Floats


def run_out(
    shelf: Shelf,
    per_day: Floats,
    buyout: Floats,
    *,
    weekdays: Floats,
    tomorrow: int = 0,
    pipeline: Pipeline | None = None,
    horizon: int = HORIZON,
) -> Outlook:
    """Walk day by day: orders leave the shelf, what is not bought comes back after its journey.

    The spread comes from Poisson demand: its deviation grows with the root of what has been ordered net of returns.
    """
    demand = per_day[:, None] * weekdays[(np.arange(horizon) + tomorrow) % 7][None, :]
    position = _expected_position(shelf, demand, buyout, pipeline or Pipeline())
    deviation = np.sqrt(np.cumsum(demand, axis=1) * buyout[:, None])
    return Outlook(
        early=_first_empty(position - NINETIETH * deviation, shelf.quantity),
        middle=_first_empty(position, shelf.quantity),
        late=_first_empty(position + NINETIETH * deviation, shelf.quantity),
    )


def _expected_position(shelf: Shelf, demand: Floats, buyout: Floats, pipeline: Pipeline) -> Floats:
    """The expected shelf at the end of each day, below zero when demand is not met."""
    horizon = demand.shape[1]
    returned = 1 - buyout
    arrivals = np.zeros_like(demand)
    back = pipeline.days_from_client
    arrivals[:, :back] += (shelf.from_client / back)[:, None]
    first = back
    arrivals[:, first : first + pipeline.days_to_client] += (returned * shelf.to_client / pipeline.days_to_client)[
        :, None
    ]
    journey = back + pipeline.days_to_client
    if horizon > journey:
        arrivals[:, journey:] += returned[:, None] * demand[:, : horizon - journey]
    position: Floats = shelf.quantity[:, None] + np.cumsum(arrivals - demand, axis=1)
    return position


def _first_empty(position: Floats, quantity: Floats) -> Floats:
    """The moment the line crosses zero, within the day it does so."""
    empty = position <= 0
    day = empty.argmax(axis=1)
    rows = np.arange(position.shape[0])
    after = position[rows, day]
    before = np.where(day > 0, position[rows, day - 1], quantity)
    drop = before - after
    part = np.divide(before, drop, out=np.zeros_like(before), where=drop > 0)
    moment: Floats = np.where(empty.any(axis=1), day + np.clip(part, 0.0, 1.0), np.inf)
    return np.where(quantity <= 0, 0.0, moment)
