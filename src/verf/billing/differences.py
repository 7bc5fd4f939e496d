"""Two accounts of one payment, the provider's and ours: what differs, what it is called, what would put it right.

Pure: nothing here reads or asks. `reconciling` does, and repairs what may be repaired without a person.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

from verf.billing.providers import pictures
from verf.billing.states import DisputeState, PaymentState, RefundState

LOST, ELSEWHERE, AMOUNT = "lost_webhook", "refund_elsewhere", "amount_differs"
UNKNOWN, MISSING, DUPLICATE, MODE = "unknown_payment", "missing_there", "duplicate", "wrong_mode"

# Reading the object again and applying what it says is all that these need.
SAFE = frozenset({LOST, ELSEWHERE})

PROPOSALS: Mapping[str, str] = {
    LOST: "Read it again and apply what it says.",
    ELSEWHERE: "A refund was made in the provider's cabinet. Read the payment again and book it.",
    AMOUNT: "The sums differ. Look at the provider; correct by a refund or by hand, never by changing the ledger.",
    UNKNOWN: "Nobody of ours has set out to pay this. Look at the provider; refund what is a mistake.",
    MISSING: "We hold this for paid and the provider does not know it. Look whether the account or the mode changed.",
    DUPLICATE: "One order was paid more than once. Refund all but the first payment.",
    MODE: "It belongs to another mode or account than ours. Look at the keys in the settings.",
}


@dataclass(frozen=True, kw_only=True)
class Ours:
    """A payment as we hold it; `returned` is what went back for certain, `refunds` and `disputes` by their refs."""

    id: UUID
    organisation: UUID
    ref: str
    state: str
    amount: int
    currency: str
    returned: int = 0
    refunds: Mapping[str, str] = field(default_factory=dict)
    disputes: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Difference:
    kind: str
    subject: str
    organisation: UUID | None = None
    ours: Mapping[str, Any] = field(default_factory=dict)
    theirs: Mapping[str, Any] = field(default_factory=dict)

    @property
    def is_safe(self) -> bool:
        return self.kind in SAFE

    @property
    def proposal(self) -> str:
        return PROPOSALS[self.kind]


def compare(theirs: pictures.Payment, ours: Ours | None, *, is_ordered: bool) -> list[Difference]:
    """`is_ordered`: an order or a charge of ours bears the id that came with it."""
    if theirs.state != PaymentState.PAID:
        return []
    if ours is None:
        return [_difference(LOST if is_ordered else UNKNOWN, theirs, ours)]
    if ours.state != PaymentState.PAID:
        return [_difference(LOST, theirs, ours)]
    if (ours.amount, ours.currency) != (theirs.money.minor_units, theirs.money.currency):
        return [_difference(AMOUNT, theirs, ours)]
    found = []
    if any(ours.refunds.get(each.ref) != each.state for each in theirs.refunds if each.state != RefundState.FAILED):
        known = all(each.ref in ours.refunds for each in theirs.refunds)
        found.append(_difference(LOST if known else ELSEWHERE, theirs, ours))
    elif ours.returned > returned(theirs):
        found.append(_difference(AMOUNT, theirs, ours))
    if any(ours.disputes.get(each.ref) != each.state for each in theirs.disputes):
        found.append(_difference(LOST, theirs, ours))
    return found


def missing(ours: Ours) -> Difference:
    return _difference(MISSING, None, ours)


def twice_paid(theirs: Sequence[pictures.Payment]) -> list[Difference]:
    """Payments after the first of one order that have not been given back whole."""
    paid = [each for each in theirs if each.state == PaymentState.PAID and each.order]
    counts = Counter(each.order for each in paid)
    doubled = sorted((each for each in paid if counts[each.order] > 1), key=lambda each: each.occurred_at)
    seen: set[UUID | None] = set()
    found = []
    for each in doubled:
        if each.order in seen and returned(each) < each.money.minor_units:
            found.append(_difference(DUPLICATE, each, None))
        seen.add(each.order)
    return found


def returned(theirs: pictures.Payment) -> int:
    return sum(each.money.minor_units for each in theirs.refunds if each.state == RefundState.DONE)


def _difference(kind: str, theirs: pictures.Payment | None, ours: Ours | None) -> Difference:
    ref = theirs.ref if theirs else ours.ref if ours else ""
    return Difference(
        kind=kind,
        subject=f"payment:{ref}",
        organisation=ours.organisation if ours else None,
        ours=_told(ours) if ours else {},
        theirs=_seen(theirs) if theirs else {},
    )


def _told(ours: Ours) -> dict[str, Any]:
    told: dict[str, Any] = {"state": ours.state, "amount": ours.amount, "currency": ours.currency}
    if ours.returned:
        told["refunded"] = ours.returned
    if ours.disputes:
        told["disputes"] = dict(ours.disputes)
    return told


def _seen(theirs: pictures.Payment) -> dict[str, Any]:
    seen: dict[str, Any] = {
        "state": str(theirs.state),
        "amount": theirs.money.minor_units,
        "currency": theirs.money.currency,
    }
    if theirs.refunds:
        seen["refunded"] = returned(theirs)
    if disputes := {each.ref: str(DisputeState(each.state)) for each in theirs.disputes}:
        seen["disputes"] = disputes
    if theirs.order:
        seen["order"] = str(theirs.order)
    return seen
