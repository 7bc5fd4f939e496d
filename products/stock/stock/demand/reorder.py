"""How much to order, and the level at which to do it."""

from dataclasses import dataclass

import numpy as np

from stock.demand.history import SLOWEST, Floats


@dataclass(frozen=True)
class Policy:
    """Days from ordering goods to selling them, how much that varies, how often orders are placed.

    `service` is a standard normal quantile: 1.645 keeps goods on the shelf in 95 % of the cycles.
    """

    lead_days: float = 21.0
    lead_deviation: float = 5.0
    review_days: float = 7.0
    service: float = 1.645


@dataclass(frozen=True)
class Reorder:
    safety_stock: Floats
    point: Floats
    quantity: Floats
    days_left: Floats


def reorder(
    per_day: Floats,
    deviation: Floats,
    position: Floats,
    policy: Policy,
    lead_days: Floats | None = None,
) -> Reorder:
    """`position` is what is on the shelf, coming in and expected back; `per_day` is net of returns."""
    lead = np.full_like(per_day, policy.lead_days) if lead_days is None else lead_days
    safety = policy.service * np.sqrt(lead * deviation**2 + (per_day * policy.lead_deviation) ** 2)
    point = np.ceil(per_day * lead + safety)
    wanted = per_day * (lead + policy.review_days) + safety - position
    needed = (position <= point + per_day * policy.review_days) & (per_day > SLOWEST)
    return Reorder(
        safety_stock=np.ceil(safety),
        point=point,
        quantity=np.where(needed, np.ceil(np.maximum(wanted, 0.0)), 0.0),
        days_left=_days_left(position - point, per_day),
    )


def _days_left(above: Floats, per_day: Floats) -> Floats:
    days: Floats = np.divide(above, per_day, out=np.full_like(above, np.inf), where=per_day > SLOWEST)
    return np.where(per_day > SLOWEST, np.maximum(days, 0.0), np.inf)
