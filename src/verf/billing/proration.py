"""What a change of plan costs now: by the second of the half-open period, on what was really paid (C5)."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from verf.billing.periods import Period
from verf.kit import Money, smallest_charge


@dataclass(frozen=True)
class Paid:
    """Money that covers a period, net of what went back: a payment, or credit put into it."""

    money: Money
    period: Period


@dataclass(frozen=True, kw_only=True)
class Quote:
    """`due` is owed now; `credit` is what the old plan had left; what the new one did not need is `left_over`.

    `covers` stands for all payments so far in the next quote, so that a second change counts from here.
    """

    due: Money
    credit: Money
    left_over: Money
    covers: Paid


@dataclass(frozen=True)
class Settlement:
    """`charge` goes to the card; `carried` waits for the next charge (negative: in the customer's favour)."""

    charge: Money
    carried: Money


def unused(paid: Sequence[Paid], *, at: datetime, currency: str) -> Money:
    """What is left of it at that moment. Never more than was paid, and of a refunded payment nothing."""
    left = (
        one.money.share(one.period.seconds_left(at), one.period.seconds) for one in paid if one.money.minor_units > 0
    )
    return sum(left, Money(0, currency))


def quote(old: Sequence[Paid], price: Money, *, at: datetime, period: Period) -> Quote:
    """Change to `price` at that moment.

    `period` is the one that the new price pays for. When the anchor stays, it began earlier and only its rest is
    counted; when the change starts a new period, it begins now and counts whole.
    """
    rest = price.share(period.seconds_left(at), period.seconds)
    credit = unused(old, at=at, currency=price.currency)
    nothing = Money(0, price.currency)
    return Quote(
        due=max(nothing, rest - credit),
        credit=credit,
        left_over=max(nothing, credit - rest),
        covers=Paid(rest, Period(max(at, period.start), period.end)),
    )


def settle(due: Money, *, balance: Money) -> Settlement:
    """What can be charged of the sum owed: too little for a card is carried on, not failed."""
    owed = due + balance
    if owed.minor_units <= 0 or owed < smallest_charge(owed.currency):
        return Settlement(Money(0, owed.currency), owed)
    return Settlement(owed, Money(0, owed.currency))
