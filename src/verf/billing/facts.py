"""What billing tells the rest of the house, and itself, as durable facts."""

from dataclasses import dataclass
from uuid import UUID


@dataclass(frozen=True)
class PaymentRecorded:
    """Money came in. `payment` is ours."""

    organisation: UUID
    payment: UUID


@dataclass(frozen=True)
class PaymentFailed:
    organisation: UUID
    payment: UUID


@dataclass(frozen=True)
class RefundRecorded:
    """Money went back, for good."""

    organisation: UUID
    refund: UUID


@dataclass(frozen=True)
class DisputeChanged:
    """Opened, won or lost: `state` says which."""

    organisation: UUID
    dispute: UUID
    state: str


@dataclass(frozen=True)
class SubscriptionChanged:
    """`from_state` is empty for a new one. `entry` is the line in the log that says all that changed."""

    organisation: UUID
    subscription: UUID
    from_state: str
    to_state: str
    entry: UUID


@dataclass(frozen=True)
class CheckoutClosed:
    organisation: UUID
    intent: UUID
    state: str


@dataclass(frozen=True, kw_only=True)
class UsageReached:
    """A quota is used to so many per cent, for the first time in this window."""

    organisation: UUID
    product: str
    feature: str
    window: UUID
    percent: int
    limit: int
    used: int
