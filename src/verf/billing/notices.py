"""What billing has to say by mail, to the owners of an organisation. Nobody can opt out: it is about their money."""

from dataclasses import dataclass
from datetime import date

from verf.kit import Money
from verf.manifest import Notice


@dataclass(frozen=True)
class TrialStarted:
    plan: str
    days: int
    ends: date
    url: str


@dataclass(frozen=True)
class TrialEndsSoon:
    """`price` is what will be charged then; None when nobody has said how to pay."""

    plan: str
    days: int
    ends: date
    price: Money | None
    url: str


@dataclass(frozen=True)
class TrialEnded:
    plan: str
    url: str


@dataclass(frozen=True)
class PaymentReceipt:
    """`link` leads to the invoice or receipt, where the provider makes one."""

    plan: str
    money: Money
    paid_on: date
    paid_until: date | None
    method: str
    number: str
    link: str
    url: str


@dataclass(frozen=True)
class PaymentFailed:
    """`retries_on` is empty when nobody knows or nothing will be tried; `suspends_on` when access is gone already."""

    plan: str
    money: Money
    method: str
    is_hard: bool
    retries_on: date | None
    suspends_on: date | None
    ends_on: date
    url: str


@dataclass(frozen=True)
class AccessSuspended:
    plan: str
    money: Money | None
    ends_on: date
    url: str


@dataclass(frozen=True)
class SubscriptionEnded:
    """`because`: unpaid, cancelled, expired, refunded, dispute."""

    plan: str
    because: str
    url: str


@dataclass(frozen=True)
class CancellationConfirmed:
    plan: str
    ends: date
    url: str


@dataclass(frozen=True)
class SubscriptionPaused:
    """`open_until` is empty when what was paid for is used up."""

    plan: str
    open_until: date | None
    url: str


@dataclass(frozen=True)
class SubscriptionResumed:
    plan: str
    next_on: date | None
    url: str


@dataclass(frozen=True)
class PlanChanged:
    """`starts` is empty when the new plan is there already. `interval`: what it is paid by from then on."""

    old: str
    new: str
    interval: str
    starts: date | None
    url: str


@dataclass(frozen=True)
class PrepaidEnds:
    plan: str
    days: int
    ends: date
    url: str


@dataclass(frozen=True)
class RefundMade:
    plan: str
    money: Money
    of: Money
    url: str


@dataclass(frozen=True)
class DisputeOpened:
    plan: str
    money: Money
    url: str


@dataclass(frozen=True)
class CardExpires:
    plan: str
    method: str
    charged_on: date
    url: str


@dataclass(frozen=True)
class UsageWarning:
    """`percent` is 80 or 100; `what` is what is counted; `is_hard`: nothing more is let through at 100."""

    what: str
    percent: int
    limit: int
    used: int
    resets_on: date
    is_hard: bool
    url: str


def _notice(name: str, data: type[object]) -> Notice:
    return Notice(name=name, data=data, can_opt_out=False)


TRIAL_STARTED = _notice("trial_started", TrialStarted)
TRIAL_ENDS_SOON = _notice("trial_ends_soon", TrialEndsSoon)
TRIAL_ENDED = _notice("trial_ended", TrialEnded)
PAYMENT_RECEIPT = _notice("payment_receipt", PaymentReceipt)
PAYMENT_FAILED = _notice("payment_failed", PaymentFailed)
ACCESS_SUSPENDED = _notice("access_suspended", AccessSuspended)
SUBSCRIPTION_ENDED = _notice("subscription_ended", SubscriptionEnded)
CANCELLATION_CONFIRMED = _notice("cancellation_confirmed", CancellationConfirmed)
SUBSCRIPTION_PAUSED = _notice("subscription_paused", SubscriptionPaused)
SUBSCRIPTION_RESUMED = _notice("subscription_resumed", SubscriptionResumed)
PLAN_CHANGED = _notice("plan_changed", PlanChanged)
PREPAID_ENDS = _notice("prepaid_ends", PrepaidEnds)
REFUND_MADE = _notice("refund_made", RefundMade)
DISPUTE_OPENED = _notice("dispute_opened", DisputeOpened)
CARD_EXPIRES = _notice("card_expires", CardExpires)
USAGE_WARNING = _notice("usage_warning", UsageWarning)

NOTICES = (
    TRIAL_STARTED,
    TRIAL_ENDS_SOON,
    TRIAL_ENDED,
    PAYMENT_RECEIPT,
    PAYMENT_FAILED,
    ACCESS_SUSPENDED,
    SUBSCRIPTION_ENDED,
    CANCELLATION_CONFIRMED,
    SUBSCRIPTION_PAUSED,
    SUBSCRIPTION_RESUMED,
    PLAN_CHANGED,
    PREPAID_ENDS,
    REFUND_MADE,
    DISPUTE_OPENED,
    CARD_EXPIRES,
    USAGE_WARNING,
)
