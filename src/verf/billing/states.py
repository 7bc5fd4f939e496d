"""The words of a subscription's life, the same for every provider."""

from enum import StrEnum


class SubscriptionState(StrEnum):
    INCOMPLETE = "incomplete"
    TRIALING = "trialing"
    ACTIVE = "active"
    PAST_DUE = "past_due"
    SUSPENDED = "suspended"
    ENDED = "ended"


class PaymentState(StrEnum):
    """A payment that was paid stays paid: what goes back is a refund or a dispute of its own."""

    PENDING = "pending"
    PAID = "paid"
    FAILED = "failed"
    VOID = "void"


class PaymentKind(StrEnum):
    INITIAL = "initial"
    RENEWAL = "renewal"
    PRORATION = "proration"
    ONE_OFF = "one_off"


class RefundState(StrEnum):
    PENDING = "pending"
    DONE = "done"
    FAILED = "failed"


class DisputeState(StrEnum):
    OPEN = "open"
    WON = "won"
    LOST = "lost"


class CheckoutState(StrEnum):
    OPEN = "open"
    COMPLETED = "completed"
    EXPIRED = "expired"
    FAILED = "failed"


class Engine(StrEnum):
    """Who keeps the calendar of a subscription: the provider (mirror), or we do (own)."""

    MIRROR = "mirror"
    OWN = "own"
