"""What the tracker's workers are asked to do."""

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True)
class Synchronise:
    """Go on with a run, from wherever it stands."""

    organisation: UUID
    run: UUID


@dataclass(frozen=True)
class Appraise:
    """All steps of the run are over: work out the outlooks, raise alerts, close the run."""

    organisation: UUID
    run: UUID


@dataclass(frozen=True)
class StartDueSyncs:
    pass


@dataclass(frozen=True)
class WarnOfExpiry:
    pass


@dataclass(frozen=True)
class WarnShop:
    """The token of this connection ends soon: say so."""

    organisation: UUID
    connection: UUID


@dataclass(frozen=True)
class EraseShop:
    """Delete all data of a connection that was disconnected for good."""

    organisation: UUID
    connection: UUID
