"""What our own engine takes for a period: the price, less the promo code that still lasts when the period begins.

A provider that keeps the calendar does the same by itself: each payment whose period begins within the months of the
code is lowered, whatever the plan is by then.
"""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from verf.billing.models import CheckoutIntent, Price, PromoCode, Subscription
from verf.billing.periods import Calendar
from verf.billing.promo_codes import named, taken_off
from verf.kit import Money


async def begin_discount(session: AsyncSession, row: Subscription, intent: CheckoutIntent) -> None:
    """From the period that has just begun on, for as many months as the code of this checkout says."""
    if not intent.promo_code or row.period_start is None:
        return
    promo = await named(session, intent.promo_code)
    if promo is None or promo.months < 2:
        return
    row.promo_id = promo.id
    row.promo_until = Calendar(row.period_start, "month", 1, row.zone or "UTC").boundary(promo.months)


async def price_from(session: AsyncSession, row: Subscription, price: Price, start: datetime | None) -> Money:
    """Of a period that begins then; of one that nobody knows the beginning of, the price as it stands."""
    full = Money(price.amount * row.quantity, price.currency)
    if row.promo_id is None or row.promo_until is None or start is None:
        return full
    return lowered(full, await session.get_one(PromoCode, row.promo_id), until=row.promo_until, start=start)


def lowered(full: Money, promo: PromoCode, *, until: datetime, start: datetime) -> Money:
    if start >= until or promo.currency not in ("", full.currency):
        return full
    return full - taken_off(promo, full)
