"""What billing asks its worker to do."""

from dataclasses import dataclass
from datetime import datetime
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
class KeepTallies:
    """Bring the numbers of the business up to date."""


@dataclass(frozen=True)
class ForgetEvents:
    """Webhooks are kept for 90 days."""


@dataclass(frozen=True)
class AttendDue:
    """Look for subscriptions of our own engine whose time has come."""


@dataclass(frozen=True)
class Attend:
    organisation: UUID
    subscription: UUID


@dataclass(frozen=True)
class Collect:
    """Every word of a charge, so that asking again says the same. `amount` is in minor units."""

    organisation: UUID
    subscription: UUID
    payment: UUID
    provider: str
    key: str
    email: str
    method: str
    amount: int
    currency: str
    title: str


@dataclass(frozen=True)
class LookFor:
    """Find out whether a charge of ours that nobody has heard of was ever made."""

    organisation: UUID
    payment: UUID


@dataclass(frozen=True)
class RemindDue:
    """Look for subscriptions whose owners should hear of something that is coming."""


@dataclass(frozen=True)
class Remind:
    organisation: UUID
    subscription: UUID


@dataclass(frozen=True)
class SendRefund:
    """Ask the provider for a refund that was reserved."""

    organisation: UUID
    refund: UUID


@dataclass(frozen=True)
class EndSubscription:
    """End it now, at the provider too. `because` goes into the row."""

    organisation: UUID
    subscription: UUID
    because: str


@dataclass(frozen=True)
class PassOn:
    """Tell the provider of a cancellation that it has not heard of, or not answered. `by` is who asked for it."""

    organisation: UUID
    subscription: UUID
    by: UUID


@dataclass(frozen=True)
class KeepPending:
    """Look whether the plan that was to come is still to come, and say so again where it was let go."""

    organisation: UUID
    subscription: UUID


@dataclass(frozen=True)
class EndHolds:
    """Look for warnings of chargebacks that nothing has followed for long."""


@dataclass(frozen=True)
class EndHold:
    organisation: UUID
    dispute: UUID


@dataclass(frozen=True)
class PutOffDue:
    """Put off the charges that given days come before."""


@dataclass(frozen=True)
class PutOff:
    organisation: UUID
    subscription: UUID


@dataclass(frozen=True)
class ExpireHolds:
    """Free the quota that was held for work nobody has closed in time."""


@dataclass(frozen=True)
class CheckRefunds:
    """Look for refunds that were asked for and are neither made nor refused."""


@dataclass(frozen=True)
class CheckSubscriptions:
    """Ask about subscriptions whose next check is due."""


@dataclass(frozen=True)
class ReadEveryChange:
    """Ask every provider what has changed."""


@dataclass(frozen=True)
class ReadChanges:
    provider: str


@dataclass(frozen=True)
class LookAgain:
    """Read and apply an object, and say so if no webhook had told of what that brings."""

    provider: str
    kind: SubjectKind
    ref: str
    cause: str


@dataclass(frozen=True)
class ReconcileAll:
    """Compare the payments of every provider with ours."""


@dataclass(frozen=True)
class Reconcile:
    """Compare the payments made in [since, until), a day at a time."""

    provider: str
    since: datetime
    until: datetime


@dataclass(frozen=True)
class Settle:
    """Look whether differences that are open are gone."""

    provider: str


@dataclass(frozen=True)
class ForgetUsage:
    """Single events of usage are kept until 90 days after their window; its sum stays."""


@dataclass(frozen=True)
class ReportAllUsage:
    """Look for use of metered prices that its provider was not told of."""


@dataclass(frozen=True)
class ReportUsage:
    organisation: UUID
    product: str
