"""What a provider says about one business object at one moment: the only thing the ledger believes.

A picture is whole: that of a subscription carries every payment, refund and dispute of it, so that applying the
latest picture brings us to the truth whatever webhooks were lost, doubled or late.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from verf.billing.states import CheckoutState, DisputeState, PaymentKind, PaymentState, RefundState, SubscriptionState
from verf.kit import Money

SubjectKind = Literal["subscription", "payment", "checkout", "order", "method"]


@dataclass(frozen=True)
class Subject:
    """A business object at a provider, by the provider's own id.

    `order` is for providers that know no object of their own over several payments (Wata): the ref is our order id.
    """

    kind: SubjectKind
    ref: str

    def __str__(self) -> str:
        return f"{self.kind}:{self.ref}"


@dataclass(frozen=True, kw_only=True)
class Failure:
    """`is_hard`: trying the same method again cannot help (stolen, expired, permission revoked)."""

    code: str
    is_hard: bool = False
    message: str = ""


@dataclass(frozen=True, kw_only=True)
class Method:
    """A way to pay that the provider keeps for us: never the number itself."""

    ref: str
    kind: str  # card, sbp, wallet…
    title: str  # as shown to its owner: "Visa ···· 4242"
    expires: str = ""  # "2030-11"
    fingerprint: str = ""  # the same card, whoever uses it; empty where the provider tells none
    can_charge_again: bool = False


@dataclass(frozen=True, kw_only=True)
class Refund:
    ref: str
    state: RefundState
    money: Money
    occurred_at: datetime
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class Dispute:
    ref: str
    state: DisputeState
    money: Money
    occurred_at: datetime
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class Payment:
    """`price` is the provider's id of the price this payment gives access to; the period is half-open.

    `order` is our intent's or charge's id as it came back in the provider's metadata.
    """

    ref: str
    state: PaymentState
    money: Money
    occurred_at: datetime
    tax: Money | None = None
    fee: Money | None = None
    kind: PaymentKind | None = None
    price: str = ""
    quantity: int = 1
    period_start: datetime | None = None
    period_end: datetime | None = None
    order: UUID | None = None
    failure: Failure | None = None
    method: Method | None = None
    refunds: tuple[Refund, ...] = ()
    disputes: tuple[Dispute, ...] = ()
    number: str = ""
    invoice_url: str = ""
    receipt_url: str = ""


@dataclass(frozen=True, kw_only=True)
class Subscription:
    ref: str
    state: SubscriptionState
    price: str
    currency: str
    created_at: datetime
    quantity: int = 1
    period_start: datetime | None = None
    period_end: datetime | None = None
    trial_end: datetime | None = None
    cancel_at: datetime | None = None
    ended_at: datetime | None = None
    # Nothing is charged until it is resumed; `paused_at` where the provider tells since when. A pause that begins with
    # the end of the period leaves the state as it is until then.
    is_paused: bool = False
    paused_at: datetime | None = None
    resumes_at: datetime | None = None
    pending_price: str = ""
    order: UUID | None = None
    method: Method | None = None


@dataclass(frozen=True, kw_only=True)
class CheckoutSeen:
    ref: str
    state: CheckoutState
    order: UUID | None = None
    money: Money | None = None
    # Refs of what came out of it, once completed.
    subscription: str = ""
    payment: str = ""


@dataclass(frozen=True, kw_only=True)
class Picture:
    """`taken_at` is the time just before the first GET, by our clock: an older picture never overwrites a newer."""

    provider: str
    account: str
    is_live: bool
    subject: Subject
    taken_at: datetime
    customer: str = ""
    checkout: CheckoutSeen | None = None
    subscription: Subscription | None = None
    payments: tuple[Payment, ...] = ()
    # The answers as they came, for the people who look into a case. Never read by rules.
    raw: Mapping[str, Any] = field(default_factory=dict)
