"""How an organisation stands with a product: what it has, since when, until when, and what happens next."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from verf.billing.discounts import price_from
from verf.billing.gifts import given_until
from verf.billing.mirroring import HOUSE
from verf.billing.models import PaymentMethod, PlanVersion, Price, Subscription
from verf.billing.on_account import credit_of
from verf.billing.proration import settle
from verf.billing.states import Engine, SubscriptionState
from verf.kit import Money, now

TRIAL_IS_SHORT = timedelta(days=3)
ENDED_IS_NEWS = timedelta(days=14)

Alarm = Literal["past_due", "suspended", "paused", "held", "trial_ends", "trial_over", "prepaid_ends", ""]


@dataclass(frozen=True, kw_only=True)
class Standing:
    """`plan` is empty when there never was a subscription; an ended one is told for as long as it is the last."""

    product: str
    subscription: UUID | None = None
    state: SubscriptionState | None = None
    plan: str = ""
    plan_title: str = ""
    rank: int = 0
    price: UUID | None = None
    money: Money | None = None
    interval: str = ""
    provider: str = ""
    engine: Engine | None = None
    created_at: datetime | None = None
    trial_end: datetime | None = None
    period_start: datetime | None = None
    period_end: datetime | None = None
    # Days that were given come before the next charge.
    given_until: datetime | None = None
    paid_until: datetime | None = None
    cancel_at: datetime | None = None
    # "period_end" or "now": cancelled, and its provider has not confirmed it yet.
    leaving: str = ""
    pending_plan: str = ""
    pending_money: Money | None = None
    # Of our own engine: what the next charge will be, with what is taken off.
    next_money: Money | None = None
    # On account with us; below zero is what is carried to the next charge.
    credit: Money | None = None
    method: str = ""
    method_expires: str = ""
    charges_itself: bool = False
    access_hold: str = ""
    past_due_since: datetime | None = None
    paused_at: datetime | None = None
    next_try_at: datetime | None = None
    ended_at: datetime | None = None
    ended_because: str = ""

    @property
    def is_live(self) -> bool:
        return self.state is not None and self.state not in (SubscriptionState.ENDED, SubscriptionState.INCOMPLETE)

    @property
    def is_trial(self) -> bool:
        return self.state == SubscriptionState.TRIALING

    @property
    def is_free_trial(self) -> bool:
        """Nobody has said how to pay yet."""
        return self.is_trial and self.provider == HOUSE

    @property
    def is_paid(self) -> bool:
        """There is somebody to cancel, change or charge."""
        return self.is_live and self.provider != HOUSE

    @property
    def is_ours(self) -> bool:
        """We keep its calendar, and charge."""
        return self.engine == Engine.OWN

    @property
    def is_prepaid(self) -> bool:
        """It ends by itself unless another period is bought."""
        return self.is_paid and self.engine == Engine.OWN and not self.charges_itself

    @property
    def can_pay_here(self) -> bool:
        """What is owed can be paid on a page, with another card. Mirrored providers have a page of theirs."""
        owes = self.state in (SubscriptionState.PAST_DUE, SubscriptionState.SUSPENDED) and not self.paused_at
        return self.is_paid and self.engine == Engine.OWN and owes

    @property
    def can_pause(self) -> bool:
        """There is a charge to come that can be put off; whether its provider can is another question."""
        runs = self.state == SubscriptionState.ACTIVE and not (self.cancel_at or self.leaving or self.paused_at)
        return self.is_paid and runs and self.charges_itself and not self.access_hold

    @property
    def open_while_paused(self) -> datetime | None:
        """Until when what was paid before the pause stays open; None when it is used up."""
        is_open = self.paused_at is not None and self.paid_until is not None and self.paid_until > now()
        return self.paid_until if is_open else None

    @property
    def next_charge_at(self) -> datetime | None:
        if not self.is_paid or self.is_prepaid or self.cancel_at or self.leaving or self.paused_at:
            return None
        if self.state == SubscriptionState.PAST_DUE:
            return self.next_try_at
        return self.trial_end if self.is_trial else self.given_until or self.period_end

    @property
    def next_charge(self) -> Money | None:
        if self.next_charge_at is None:
            return None
        return self.next_money if self.next_money is not None else self.pending_money or self.money

    @property
    def ends_at(self) -> datetime | None:
        """When it is over as things stand."""
        if self.cancel_at or self.ended_at:
            return self.cancel_at or self.ended_at
        if self.is_free_trial:
            return self.trial_end
        return self.paid_until if self.is_prepaid else None

    @property
    def alarm(self) -> Alarm:
        """What deserves a word on every page."""
        if self.is_live:
            return self._alarm_of_the_living()
        is_news = self.ended_at is not None and now() < self.ended_at + ENDED_IS_NEWS
        return "trial_over" if is_news and self.provider == HOUSE and self.ended_because != "converted" else ""

    def _alarm_of_the_living(self) -> Alarm:
        if self.access_hold:
            return "held"
        if self.state == SubscriptionState.SUSPENDED and self.paused_at:
            return "" if self.open_while_paused else "paused"
        if self.state == SubscriptionState.SUSPENDED:
            return "suspended"
        if self.state == SubscriptionState.PAST_DUE:
            return "past_due"
        if self.is_free_trial and _is_near(self.trial_end):
            return "trial_ends"
        return "prepaid_ends" if self.is_prepaid and _is_near(self.paid_until) else ""


async def standing_of(session: AsyncSession, organisation: UUID, product: str) -> Standing:
    row = await _subscription(session, organisation, product)
    if row is None:
        return Standing(product=product)
    plan = await session.get_one(PlanVersion, row.plan_version_id)
    price = await session.get(Price, row.price_id) if row.price_id else None
    pending = await session.get(Price, row.pending_price_id) if row.pending_price_id else None
    pending_plan = await session.get_one(PlanVersion, pending.plan_version_id) if pending else None
    coming = pending or price
    credit = await credit_of(session, organisation, product, coming.currency) if coming else None
    method = await session.get(PaymentMethod, row.method_id) if row.method_id else None
    return Standing(
        product=product,
        subscription=row.id,
        state=SubscriptionState(row.state),
        plan=plan.plan,
        plan_title=plan.title,
        rank=plan.rank,
        price=row.price_id,
        money=Money(price.amount * row.quantity, price.currency) if price else None,
        interval=price.interval if price else "",
        provider=row.provider,
        engine=Engine(row.engine),
        created_at=row.created_at,
        trial_end=row.trial_end,
        period_start=row.period_start,
        period_end=row.period_end,
        given_until=await given_until(session, row, row.period_end) if row.period_end else None,
        paid_until=row.paid_until,
        cancel_at=row.cancel_at,
        leaving=row.leaving,
        pending_plan=pending_plan.title if pending_plan else "",
        pending_money=Money(pending.amount * row.quantity, pending.currency) if pending else None,
        next_money=await _next_money(session, row, coming, credit) if coming and credit is not None else None,
        credit=credit,
        method=method.title if method else "",
        method_expires=method.expires if method else "",
        charges_itself=row.engine == Engine.MIRROR or bool(method and method.can_charge_again),
        access_hold=row.access_hold,
        past_due_since=row.past_due_since,
        paused_at=row.paused_at,
        next_try_at=row.next_charge_at,
        ended_at=row.ended_at,
        ended_because=row.ended_because,
    )


async def _next_money(session: AsyncSession, row: Subscription, price: Price, credit: Money) -> Money | None:
    """None: its provider keeps the calendar, and knows."""
    if row.engine != Engine.OWN:
        return None
    return settle(await price_from(session, row, price, row.period_end), balance=-credit).charge


async def _subscription(session: AsyncSession, organisation: UUID, product: str) -> Subscription | None:
    """The live one; else the last there was."""
    query = (
        select(Subscription)
        .where(
            Subscription.organisation_id == organisation,
            Subscription.product == product,
            Subscription.state != SubscriptionState.INCOMPLETE,
            Subscription.duplicate_of.is_(None),
        )
        .order_by((Subscription.state == SubscriptionState.ENDED), Subscription.created_at.desc(), Subscription.id)
        .limit(1)
    )
    return await session.scalar(query)


def _is_near(moment: datetime | None) -> bool:
    return moment is not None and moment - now() <= TRIAL_IS_SHORT
