"""The life of a subscription (C19.1). Cancelling at the end, a change to come and a hold are attributes, not states."""

from collections.abc import Mapping
from enum import StrEnum

from verf.billing.states import Engine, SubscriptionState
from verf.errors import Conflict

INCOMPLETE, TRIALING, ACTIVE, PAST_DUE, SUSPENDED, ENDED = SubscriptionState


class Happening(StrEnum):
    """What our own engine learns about a subscription."""

    TRIAL_STARTED = "trial_started"
    PAID = "paid"
    CHARGE_FAILED = "charge_failed"
    GAVE_UP = "gave_up"
    PAUSED = "paused"
    RESUMED = "resumed"
    # The cancellation came due, or somebody wanted it at once.
    CANCELLED = "cancelled"
    # Nobody paid in time: a checkout, a trial without a card, a suspension.
    RAN_OUT = "ran_out"


ARROWS: Mapping[SubscriptionState, Mapping[Happening, SubscriptionState]] = {
    INCOMPLETE: {
        Happening.TRIAL_STARTED: TRIALING,
        Happening.PAID: ACTIVE,
        Happening.CANCELLED: ENDED,
        Happening.RAN_OUT: ENDED,
    },
    TRIALING: {
        Happening.PAID: ACTIVE,
        Happening.CHARGE_FAILED: PAST_DUE,
        Happening.CANCELLED: ENDED,
        Happening.RAN_OUT: ENDED,
    },
    ACTIVE: {
        Happening.PAID: ACTIVE,
        Happening.CHARGE_FAILED: PAST_DUE,
        Happening.PAUSED: SUSPENDED,
        Happening.CANCELLED: ENDED,
        Happening.RAN_OUT: ENDED,
    },
    PAST_DUE: {
        Happening.PAID: ACTIVE,
        Happening.CHARGE_FAILED: PAST_DUE,
        Happening.GAVE_UP: SUSPENDED,
        Happening.CANCELLED: ENDED,
        Happening.RAN_OUT: ENDED,
    },
    SUSPENDED: {
        Happening.PAID: ACTIVE,
        Happening.RESUMED: ACTIVE,
        Happening.CANCELLED: ENDED,
        Happening.RAN_OUT: ENDED,
    },
    ENDED: {},
}

ALLOWED: Mapping[SubscriptionState, frozenset[SubscriptionState]] = {
    state: frozenset(arrows.values()) - {state} for state, arrows in ARROWS.items()
}


class ImpossibleStep(Conflict):
    """A subscription cannot go there from here."""

    def __init__(self, current: SubscriptionState, wanted: str) -> None:
        super().__init__(f"A subscription that is {current} cannot become {wanted}.")


def step(current: SubscriptionState, happening: Happening) -> SubscriptionState:
    """Where our own engine's subscription goes when this happens."""
    if happening not in ARROWS[current]:
        raise ImpossibleStep(current, happening)
    return ARROWS[current][happening]


def is_allowed(current: SubscriptionState, wanted: SubscriptionState, *, engine: Engine) -> bool:
    """A mirror follows its provider anywhere, since what lies between may have been missed; only ended is for ever."""
    if current is wanted:
        return True
    if engine is Engine.MIRROR:
        return current is not ENDED
    return wanted in ALLOWED[current]


def moved(current: SubscriptionState, wanted: SubscriptionState, *, engine: Engine) -> SubscriptionState:
    """`wanted`, or ImpossibleStep."""
    if not is_allowed(current, wanted, engine=engine):
        raise ImpossibleStep(current, wanted)
    return wanted
