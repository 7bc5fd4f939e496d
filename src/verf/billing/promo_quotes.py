"""What a code would make of a price, before anybody has decided to pay it."""

from dataclasses import dataclass
from typing import NoReturn
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from verf.billing.models import CheckoutIntent
from verf.billing.promo_codes import named, reserve, settle_redemption
from verf.billing.providers.orders import PriceTag
from verf.billing.states import CheckoutState
from verf.kit import Money, new_id


@dataclass(frozen=True)
class Quote:
    """`due` is what the first payment takes; so does each whose period begins within `months`."""

    due: Money
    months: int = 1


class _Undone(Exception):
    """Leaves the savepoint, so that nothing of it stays."""

    def __init__(self, seen: Quote) -> None:
        self.seen = seen


async def quote(session: AsyncSession, organisation: UUID, code: str, tag: PriceTag, *, person: UUID) -> Quote:
    """Or PromoRefused. The code is reserved and at once let go, so that this says what the checkout will say."""
    try:
        async with session.begin_nested():
            await _let_go(session, organisation, tag.product)
            await _reserve_in_vain(session, organisation, code, tag, person)
    except _Undone as undone:
        return undone.seen


async def _reserve_in_vain(
    session: AsyncSession, organisation: UUID, code: str, tag: PriceTag, person: UUID
) -> NoReturn:
    due = await reserve(
        session,
        organisation,
        code,
        product=tag.product,
        plan=tag.plan,
        money=tag.money,
        intent=new_id(),
        person=person,
    )
    row = await named(session, code)
    raise _Undone(Quote(due, row.months if row else 1))


async def _let_go(session: AsyncSession, organisation: UUID, product: str) -> None:
    """What their own open checkout holds is theirs still: it is let go when another is opened."""
    query = select(CheckoutIntent).where(
        CheckoutIntent.organisation_id == organisation,
        CheckoutIntent.product == product,
        CheckoutIntent.state == CheckoutState.OPEN,
        CheckoutIntent.promo_code != "",
    )
    held = await session.scalar(query)
    if held is None:
        return
    held.state = CheckoutState.EXPIRED
    await session.flush()
    await settle_redemption(session, held.id)
