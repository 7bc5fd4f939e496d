"""Where units lie, what was shown of it, and what a day left behind."""

from dataclasses import dataclass
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt

Counts: TypeAlias = npt.NDArray[np.int64]
WB: Final = 0  # the first source is the warehouse of Wildberries; the others are the seller's own


@dataclass(frozen=True, slots=True)
class Warehouse:
    """A warehouse of the seller."""

    id: int
    name: str
    office_id: int


@dataclass(frozen=True, slots=True)
class View:
    """What was made visible at a refresh: quantities by source and size."""

    at: int
    shelf: Counts
    to_client: Counts
    from_client: Counts


@dataclass(slots=True)
class DayBook:
    """What one Moscow day left behind, by size: stock at midnight at Wildberries and at the seller's, hours without."""

    close: npt.NDArray[np.int32]
    empty_ticks: npt.NDArray[np.int16]
    lost: npt.NDArray[np.int16]
