"""What billing asks its worker to do."""

from dataclasses import dataclass
from uuid import UUID

from verf.billing.providers.pictures import SubjectKind


@dataclass(frozen=True)
class HandleEvent:
    """Find out what a stored webhook is about, and believe the provider's own answer."""

    event: UUID


@dataclass(frozen=True)
class Refresh:
    """Read an object at its provider and apply what it says. `cause` goes into the log."""

    provider: str
    kind: SubjectKind
    ref: str
    cause: str


@dataclass(frozen=True)
class SweepEvents:
    """Queue again what was stored and not handled."""


@dataclass(frozen=True)
class CheckIntents:
    """Ask about open checkouts whose time has come."""


@dataclass(frozen=True)
class ForgetEvents:
    """Webhooks are kept for 90 days."""
