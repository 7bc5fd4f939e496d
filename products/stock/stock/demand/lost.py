"""Orders that an empty shelf cost."""

import numpy as np

from stock.demand.history import Floats


def lost_units(per_day: Floats, available: Floats, *, days: int = 28) -> Floats:
    """Expected orders on the watched part of the last days that the shelf was empty; unwatched days cost nothing."""
    recent = available[:, -days:]
    empty = np.where(np.isnan(recent), 0.0, 1.0 - np.clip(np.nan_to_num(recent), 0.0, 1.0))
    lost: Floats = per_day * empty.sum(axis=1)
    return lost
