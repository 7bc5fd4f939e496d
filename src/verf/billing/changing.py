"""Another plan: up at once for the difference, down when what is paid for is over.

A provider that keeps the calendar prorates by itself. With our own engine the difference is max(0, new - unused old)
by the second; the new plan comes when it is paid, by the saved method or on a page.
"""

import hashlib
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from verf.audit import record
from verf.billing.checkouts import Buyer, start_checkout
from verf.billing.collecting import collect
from verf.billing.credits import pay_without_charge, turn_over
from verf.billing.estimates import Estimate, When, estimate, later, quote_for, settle_change, when_to_change
from verf.billing.for_sale import price_tag, published, tag_of
from verf.billing.keeping import or_keep
from verf.billing.messages import Collect
from verf.billing.mirroring import HOUSE, log_changes, photograph, settle_access
from verf.billing.models import Payment, PlanVersion, Price, Subscription
from verf.billing.on_account import credit_of
from verf.billing.proration import Quote, settle
from verf.billing.providers.events import ProviderUnreachable
from verf.billing.providers.orders import PriceTag
from verf.billing.providers.registry import provider
from verf.billing.renewals import attempt, next_period, order_collection
from verf.billing.states import Engine, PaymentKind, PaymentState, SubscriptionState
from verf.billing.steering import MARK_LASTS, ChangeUnderWay, Deed, NotSubscribed, Wheel, live, note_deed, steer, take
from verf.database import transaction
from verf.errors import Conflict
from verf.kit import Money, now
from verf.web import _


class AlreadyOnPlan(Conflict):
    """This is the plan and price that runs."""


class PlanChangeRefused(Conflict):
    """Not in this state of the subscription: the message says what to do first."""


@dataclass(frozen=True, kw_only=True)
class Change:
    """done: the plan is the new one. scheduled: from `at` on. pending: its payment is under way. to_pay: at `url`.

    failed: the difference was declined with `failure`, and nothing has changed.
    """

    outcome: Literal["done", "scheduled", "pending", "to_pay", "failed"]
    at: datetime | None = None
    url: str = ""
    failure: str = ""


@dataclass(frozen=True)
class _Plan:
    """The change as it was decided under the lock."""

    row: Subscription
    old: Price
    new: Price
    when: When


async def preview_change(organisation: UUID, product: str, price: UUID) -> Estimate:
    """What it would cost now. Changes nothing; calls outside for a subscription that its provider keeps."""
    async with transaction(organisation=organisation) as session:
        plan = await _plan(session, organisation, product, price)
        tag = tag_of(plan.new, await session.get_one(PlanVersion, plan.new.plan_version_id))
        if plan.row.engine == Engine.OWN:
            return await estimate(session, plan.row, plan.old, plan.new, when=plan.when, at=now())
        name, ref, period_end = plan.row.provider, plan.row.ref, plan.row.period_end
    if plan.when == "period_end":
        return later(tag.money, period_end)
    source = provider(name)
    seen = await source.preview_change(ref, replace(tag, ref=await published(source, tag, price)))
    return Estimate(
        when="now",
        due_now=seen.due_now,
        credit=seen.credit,
        next_payment=seen.next_payment,
        next_payment_at=seen.next_payment_at,
        token=seen.token,
    )


async def change_plan(buyer: Buyer, product: str, price: UUID, *, key: str, token: str = "") -> Change:
    """`key` makes it one change, however often it is asked for. Calls outside."""
    async with transaction(organisation=buyer.organisation) as session:
        if known := await _made_before(session, buyer.organisation, key):
            return known
        plan = await _plan(session, buyer.organisation, product, price)
        await _note(session, plan, buyer)
        if plan.row.engine == Engine.MIRROR:
            if plan.when == "now" and plan.row.kept_price_id:
                raise ChangeUnderWay(_("A change of this subscription is under way. Please look again in a moment."))
            wheel, period_end = await take(session, plan.row, keeping=plan.when == "now"), plan.row.period_end
            tag, _version = await price_tag(session, price)
        elif plan.when == "period_end":
            return await _schedule(session, plan)
        else:
            difference = await _order_difference(session, plan, key)
            if isinstance(difference, Change):
                return difference
            order = difference
    if plan.row.engine == Engine.MIRROR:
        await or_keep(wheel, _steer(wheel, tag, price, plan.when, key=key, token=token))
        return await _outcome(buyer.organisation, product, price, period_end)
    if isinstance(order, Collect):
        return await _collect(order)
    checkout = await start_checkout(buyer, price, through=plan.row.provider, money=order, change_of=plan.row.id)
    return Change(outcome="to_pay", url=checkout.url)


async def keep_plan(organisation: UUID, product: str, *, by: UUID, key: str) -> None:
    """Forget the change that was to come with the next period."""
    wheel = None
    async with transaction(organisation=organisation) as session:
        row = await live(session, organisation, product)
        if row.pending_price_id is None or row.price_id is None:
            return
        before, price = photograph(row), row.price_id
        deed = Deed(f"person:{by}", "billing.plan-keeping", "billing.plan-kept")
        if row.engine == Engine.MIRROR:
            wheel = await take(session, row, deed)
            old = await session.get_one(Price, price)
            tag = tag_of(old, await session.get_one(PlanVersion, old.plan_version_id))
        else:
            row.pending_price_id = None
            await note_deed(session, row.id, deed)
            await log_changes(session, row, before, cause="plan kept", cause_ref=f"person:{by}")
    if wheel:
        await _steer(wheel, tag, price, "period_end", key=key)


async def _plan(session: AsyncSession, organisation: UUID, product: str, price: UUID) -> _Plan:
    row = await live(session, organisation, product)
    if row.provider == HOUSE or row.price_id is None:
        raise NotSubscribed(_("Choose how to pay first: there is no paid subscription yet."))
    _tag, version = await price_tag(session, price)
    new, old = await session.get_one(Price, price), await session.get_one(Price, row.price_id)
    if new.id == old.id:
        raise AlreadyOnPlan(_("This is your plan already."))
    if version.product != product or new.currency != old.currency:
        raise PlanChangeRefused(_("A plan is changed within one product and one currency."))
    if row.cancel_at or row.leaving:
        raise PlanChangeRefused(_("The subscription is cancelled. Take that back first, then change the plan."))
    if row.paused_at:
        # Stripe would void the invoice of the difference, and give the dearer plan for nothing.
        raise PlanChangeRefused(_("The subscription is paused. Resume it first, then change the plan."))
    if row.state in (SubscriptionState.PAST_DUE, SubscriptionState.SUSPENDED) or row.access_hold:
        raise PlanChangeRefused(_("There is a payment open. Pay it first, then change the plan."))
    rank = (await session.get_one(PlanVersion, old.plan_version_id)).rank
    when = when_to_change((rank, old), (version.rank, new))
    if row.engine == Engine.OWN:
        when = await _own_when(session, row, old, new, when)
    return _Plan(row, old, new, when)


async def _own_when(session: AsyncSession, row: Subscription, old: Price, new: Price, when: When) -> When:
    under_way = select(Payment.id).where(
        Payment.subscription_id == row.id, Payment.state == PaymentState.PENDING, Payment.attempt_key.is_not(None)
    )
    if await session.scalar(under_way.limit(1)):
        raise ChangeUnderWay(_("A payment for this subscription is under way. Please look again in a moment."))
    if row.period_end is None or row.period_end <= now():
        raise PlanChangeRefused(_("There is a payment open. Pay it first, then change the plan."))
    # Nothing is charged by itself that it could be taken off: what is left over of the old plan is used up first.
    if when == "now" and row.method_id is None and (await quote_for(session, row, old, new, now())).left_over:
        when = "period_end"
    if when == "period_end" and row.method_id is None:
        raise PlanChangeRefused(_("Nothing is charged by itself: buy the other plan when this one ends."))
    return when


async def _note(session: AsyncSession, plan: _Plan, buyer: Buyer) -> None:
    asked = {"from": plan.old.key, "to": plan.new.key, "when": plan.when}
    actor, subject = f"person:{buyer.person}", f"subscription:{plan.row.id}"
    await record(session, actor, "billing.plan-change-requested", subject, after=asked)


async def _schedule(session: AsyncSession, plan: _Plan) -> Change:
    before = photograph(plan.row)
    plan.row.pending_price_id = plan.new.id
    await session.flush()
    await log_changes(session, plan.row, before, cause="plan change scheduled")
    starts = next_period(plan.row, plan.old, plan.new).start
    return Change(outcome="scheduled", at=starts)


async def _order_difference(session: AsyncSession, plan: _Plan, key: str) -> Change | Collect | Money:
    """Done for nothing, or the charge to be made, or the sum for a page, which takes off what is on account."""
    row, new, moment = plan.row, plan.new, now()
    told = await quote_for(session, row, plan.old, new, moment)
    balance = -await credit_of(session, row.organisation_id, row.product, new.currency)
    if row.method_id is None and settle(told.due, balance=balance).charge:
        return told.due
    due = settle_change(told, balance).charge
    payment = attempt(
        row, new, kind=PaymentKind.PRORATION, amount=due.minor_units, period=told.covers.period, at=moment
    )
    payment.credit = (told.due - told.left_over - due).minor_units
    payment.attempt_key = _attempt_key(row.organisation_id, key)
    session.add(payment)
    await session.flush()
    if due and row.method_id is not None:
        return await order_collection(session, row, payment, method=row.method_id, after=MARK_LASTS)
    return await _change_for_nothing(session, plan, payment, told)


async def _change_for_nothing(session: AsyncSession, plan: _Plan, payment: Payment, told: Quote) -> Change:
    """Paid from the customer's account, or too little for a card and carried on it; what is left over goes there."""
    row, before = plan.row, photograph(plan.row)
    if told.left_over:
        await turn_over(session, row, payment, told)
    await pay_without_charge(session, row, payment)
    await settle_access(session, row)
    await log_changes(session, row, before, cause="plan changed")
    return Change(outcome="done")


async def _collect(order: Collect) -> Change:
    """Now, while the customer waits; the job does it later should the provider not answer."""
    try:
        await collect(order)
    except ProviderUnreachable:
        return Change(outcome="pending")
    async with transaction(organisation=order.organisation) as session:
        return _change_of(await session.get_one(Payment, order.payment))


async def _made_before(session: AsyncSession, organisation: UUID, key: str) -> Change | None:
    found = await session.scalar(select(Payment).where(Payment.attempt_key == _attempt_key(organisation, key)))
    return _change_of(found) if found else None


def _change_of(payment: Payment) -> Change:
    if payment.state == PaymentState.PAID:
        return Change(outcome="done")
    if payment.state == PaymentState.PENDING:
        return Change(outcome="pending")
    return Change(outcome="failed", failure=payment.failure_code)


def _attempt_key(organisation: UUID, key: str) -> str:
    return f"change:{hashlib.sha256(f'{organisation}:{key}'.encode()).hexdigest()[:40]}"


async def _steer(wheel: Wheel, tag: PriceTag, price: UUID, when: When, *, key: str, token: str = "") -> None:
    source = provider(wheel.provider)
    named = replace(tag, ref=await published(source, tag, price))
    await steer(
        wheel, lambda to: to.change_plan(wheel.ref, named, when=when, key=key, token=token), cause="plan changed"
    )


async def _outcome(organisation: UUID, product: str, price: UUID, period_end: datetime | None) -> Change:
    """As the provider shows it afterwards."""
    async with transaction(organisation=organisation) as session:
        row = await live(session, organisation, product)
        if row.price_id == price:
            return Change(outcome="done")
        if row.pending_price_id == price:
            return Change(outcome="scheduled", at=period_end)
        return Change(outcome="pending")
