"""What a change of plan costs with our own engine, and when it is made."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from verf.billing.credits import worth
from verf.billing.discounts import price_from
from verf.billing.earning import period_of_change
from verf.billing.models import Payment, Price, Subscription
from verf.billing.on_account import credit_of
from verf.billing.periods import Period
from verf.billing.proration import Paid, Quote, Settlement, quote, settle
from verf.billing.states import PaymentState
from verf.kit import Money

When = Literal["now", "period_end"]
LENGTHS = {"day": 1, "week": 7, "month": 30, "year": 365}


@dataclass(frozen=True, kw_only=True)
class Estimate:
    """`when` says whether the change is made at once or when the paid time is over; `token` goes back with it."""

    when: When
    due_now: Money
    credit: Money
    next_payment: Money
    next_payment_at: datetime | None
    token: str = ""


def when_to_change(old: tuple[int, Price], new: tuple[int, Price]) -> When:
    """Up now, down later; of the same plan, the longer period now. Each is (rank, price)."""
    before, after = (_size(*old), _size(*new))
    return "now" if after > before else "period_end"


def _size(rank: int, price: Price) -> tuple[int, int]:
    return rank, LENGTHS.get(price.interval, 0) * price.interval_count


async def quote_for(session: AsyncSession, row: Subscription, old: Price, new: Price, at: datetime) -> Quote:
    period = period_of_change(row, old, new, at=at)
    price = await price_from(session, row, new, period.start)
    return quote(await paid_for(session, row, at), price, at=at, period=period)


async def paid_for(session: AsyncSession, row: Subscription, at: datetime) -> Sequence[Paid]:
    """What covers this moment and after, net of what went back."""
    query = select(Payment).where(
        Payment.subscription_id == row.id,
        Payment.state == PaymentState.PAID,
        Payment.turned_into.is_(None),
        Payment.period_end > at,
    )
    return [
        Paid(Money(worth(each), each.currency), Period(each.period_start, each.period_end))
        for each in await session.scalars(query.order_by(Payment.id))
        if each.period_start and each.period_end
    ]


def settle_change(told: Quote, balance: Money) -> Settlement:
    """What a change takes from the card, and what is carried on; nothing, when the old plan left something over."""
    if told.left_over:
        return Settlement(Money(0, balance.currency), balance - told.left_over)
    return settle(told.due, balance=balance)


async def estimate(
    session: AsyncSession, row: Subscription, old: Price, new: Price, *, when: When, at: datetime
) -> Estimate:
    if when == "period_end":
        return later(await price_from(session, row, new, row.period_end), row.period_end)
    told = await quote_for(session, row, old, new, at)
    balance = -await credit_of(session, row.organisation_id, row.product, new.currency)
    settled = settle_change(told, balance)
    ends = period_of_change(row, old, new, at=at).end
    following = settle(await price_from(session, row, new, ends), balance=settled.carried).charge
    return Estimate(
        when="now", due_now=settled.charge, credit=told.credit, next_payment=following, next_payment_at=ends
    )


def later(full: Money, at: datetime | None) -> Estimate:
    """Nothing now, and the new price from then on."""
    nothing = Money(0, full.currency)
    return Estimate(when="period_end", due_now=nothing, credit=nothing, next_payment=full, next_payment_at=at)
