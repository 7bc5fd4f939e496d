"""Subscriptions whose calendar we keep ourselves: time is earned by a paid payment, and by nothing else.

The first payment of an order opens a subscription, or adds a period to the one that runs; a renewal, which our own
engine asked for, moves it on by the period that was written down beforehand; a proration changes its plan.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import cast

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from verf.billing.discounts import begin_discount
from verf.billing.findings import report
from verf.billing.mirroring import HOUSE, keep_method, make_room, move
from verf.billing.models import CheckoutIntent, Grant, Payment, Price, Subscription
from verf.billing.periods import Calendar, Period
from verf.billing.providers import pictures
from verf.billing.providers.orders import Interval
from verf.billing.states import Engine, PaymentKind, PaymentState, SubscriptionState
from verf.billing.tills import Till
from verf.kit import new_id

# What our own engine charges for, by itself or when a plan is changed.
CHARGED = (PaymentKind.RENEWAL, PaymentKind.PRORATION)


async def earn(till: Till, payment: Payment, seen: pictures.Payment, row: Subscription | None) -> Subscription | None:
    """What a payment does to a subscription of our own engine, done once however often it is asked."""
    if payment.state != PaymentState.PAID:
        return row
    if payment.subscription_id is None and payment.period_end is None:
        return await _begin(till, payment, seen)
    if row is None or row.engine != Engine.OWN:
        return row
    if row.state == SubscriptionState.ENDED:
        if payment.kind in CHARGED and not await _is_applied(till.session, payment, row):
            await _came_too_late(till, payment, row)
    elif payment.kind == PaymentKind.RENEWAL and await _is_second(till.session, payment, row):
        await _came_twice(till, payment, row)
    else:
        await go_on(till.session, payment, row)
    return row


async def _is_second(session: AsyncSession, payment: Payment, row: Subscription) -> bool:
    """A charge that came through for a period that was paid for by another card meanwhile."""
    is_longer = payment.period_end is None or row.period_end is None or payment.period_end > row.period_end
    return not is_longer and not await _is_applied(session, payment, row)


async def _came_twice(till: Till, payment: Payment, row: Subscription) -> None:
    """The same plan: it buys the period that comes next. Another: nobody can say what it was meant for."""
    if payment.price_id is not None and payment.price_id == row.price_id:
        _extend(row, await till.session.get_one(Price, payment.price_id), payment)
        charge_next(row)
        await till.session.flush()
        return
    payment.period_start = payment.period_end = None
    proposal = "This period was paid for in another way meanwhile, with another plan. Refund this payment."
    await _odd(till, payment, "duplicate", {"subscription": str(row.id)}, proposal)


async def _odd(till: Till, payment: Payment, kind: str, ours: Mapping[str, str], proposal: str) -> None:
    await report(
        till.session,
        till.account,
        kind,
        f"payment:{payment.ref}",
        organisation=till.owner.organisation,
        ours=ours,
        theirs={"amount": payment.amount, "currency": payment.currency},
        proposal=proposal,
    )


async def _begin(till: Till, payment: Payment, seen: pictures.Payment) -> Subscription | None:
    intent = till.owner.intent
    if intent is None or seen.order != intent.id:
        return None
    if (payment.amount, payment.currency) != (intent.amount, intent.currency):
        await _differs(till, payment, intent)
        return None
    if payment.credit < intent.credit:
        ours = {"order": str(intent.id), "credit": str(intent.credit)}
        proposal = "The credit that was to pay a part of it has been used meanwhile. Nothing was given: refund it."
        await _odd(till, payment, "credit_used", ours, proposal)
        return None
    price = await till.session.get_one(Price, intent.price_id)
    if intent.change_of is not None and await _is_outdated(till.session, payment, intent):
        proposal = "The subscription has moved on since this difference was asked for. Nothing was given: refund it."
        await _odd(till, payment, "outdated_change", {"order": str(intent.id)}, proposal)
        return None
    if intent.change_of is not None and (changed := await _pay_for_change(till, payment, intent, price)):
        return changed
    live = await make_room(till.session, till.owner.organisation, till.owner.product)
    if live is not None and is_extendable(live, payment.provider):
        payment.kind = PaymentKind.RENEWAL
        _extend(live, price, payment)
        row = live
    else:
        row = await _open(till, intent, price, payment, live)
    payment.subscription_id = row.id
    await begin_discount(till.session, row, intent)
    if seen.method and seen.method.can_charge_again:
        row.method_id = await keep_method(till, seen.method)
    charge_next(row)
    await till.session.flush()
    return row


async def _is_outdated(session: AsyncSession, payment: Payment, intent: CheckoutIntent) -> bool:
    """Other money has moved the subscription since this page was opened: its sum is for what was then."""
    query = select(Payment.id).where(
        Payment.subscription_id == intent.change_of,
        Payment.id != payment.id,
        Payment.state == PaymentState.PAID,
        Payment.occurred_at > intent.created_at,
    )
    return await session.scalar(query.limit(1)) is not None


async def _pay_for_change(till: Till, payment: Payment, intent: CheckoutIntent, price: Price) -> Subscription | None:
    """The difference was paid on a page. None: what it was for has ended meanwhile, so that it buys time."""
    row = await till.session.get(Subscription, intent.change_of, populate_existing=True)
    if row is None or row.state == SubscriptionState.ENDED or row.period_end is None or row.price_id is None:
        return None
    payment.kind, payment.subscription_id = PaymentKind.PRORATION, row.id
    old = await till.session.get_one(Price, row.price_id)
    period = period_of_change(row, old, price, at=payment.occurred_at)
    payment.period_start, payment.period_end = max(period.start, payment.occurred_at), period.end
    await go_on(till.session, payment, row)
    return row


def period_of_change(row: Subscription, old: Price, new: Price, *, at: datetime) -> Period:
    """What a change of plan pays for: the rest of the period that runs, or a first one of another length."""
    if (old.interval, old.interval_count) == (new.interval, new.interval_count) and row.period_start and row.period_end:
        return Period(row.period_start, row.period_end)
    return Calendar(at, cast("Interval", new.interval), new.interval_count, row.zone or "UTC").period(0)


def is_extendable(live: Subscription, provider: str) -> bool:
    """Another period may be bought on top of one that nobody will be charged for by itself, or that is owed for."""
    owes = live.state in (SubscriptionState.PAST_DUE, SubscriptionState.SUSPENDED)
    return live.engine == Engine.OWN and live.provider in (provider, HOUSE) and (live.method_id is None or owes)


async def _open(
    till: Till, intent: CheckoutIntent, price: Price, payment: Payment, live: Subscription | None
) -> Subscription:
    provider, account, is_live = till.account
    row = Subscription(
        id=new_id(),
        organisation_id=till.owner.organisation,
        product=till.owner.product,
        provider=provider,
        account=account,
        is_live=is_live,
        ref=str(intent.id),
        engine=Engine.OWN,
        state=SubscriptionState.ACTIVE,
        plan_version_id=price.plan_version_id,
        price_id=price.id,
        currency=price.currency,
        quantity=intent.quantity,
        intent_id=intent.id,
        anchor_at=payment.occurred_at,
        period_index=0,
        duplicate_of=live.id if live else None,
        cancel_reason="",
        access_hold="",
        ended_because="",
    )
    _place(row, calendar_of(row, price).period(0), payment)
    till.session.add(row)
    await till.session.flush()
    if live is not None:
        await report(
            till.session,
            till.account,
            "duplicate",
            f"payment:{payment.ref}",
            organisation=till.owner.organisation,
            ours={"live": f"{live.provider} {live.ref}"},
            theirs={"order": str(intent.id)},
            proposal="Refund this payment: the organisation pays for this product already.",
        )
    return row


def _extend(row: Subscription, price: Price, payment: Payment) -> None:
    """The next period begins where the paid time ends, or now if that has passed: no day is lost or given twice."""
    start = row.period_end
    if start is None or start <= payment.occurred_at or price.id != row.price_id:
        # Another length of period, or a gap: the calendar starts anew.
        row.anchor_at, row.period_index = max(start or payment.occurred_at, payment.occurred_at), 0
    else:
        row.period_index += 1
    row.price_id, row.plan_version_id = price.id, price.plan_version_id
    move(row, SubscriptionState.ACTIVE)
    _place(row, calendar_of(row, price).period(row.period_index), payment)


async def go_on(session: AsyncSession, payment: Payment, row: Subscription) -> None:
    """A charge of our own engine came through, or the difference for another plan."""
    if payment.price_id is None or row.price_id is None:
        return
    is_longer = payment.period_end is not None and (row.period_end is None or payment.period_end > row.period_end)
    # A change that left something over may begin a shorter period than the one it ends.
    begins_anew = is_longer or (payment.put_in > 0 and payment.period_end != row.period_end)
    if payment.kind != PaymentKind.PRORATION and not (payment.kind == PaymentKind.RENEWAL and is_longer):
        return
    price = await session.get_one(Price, payment.price_id)
    if payment.kind == PaymentKind.RENEWAL or not await _is_applied(session, payment, row):
        row.price_id, row.plan_version_id = price.id, price.plan_version_id
        if payment.kind == PaymentKind.PRORATION or row.pending_price_id == price.id:
            row.pending_price_id = None
    if begins_anew and payment.period_start is not None:
        following = calendar_of(row, price).period(row.period_index + 1)
        if payment.kind == PaymentKind.RENEWAL and following.end == payment.period_end:
            row.period_index += 1
        else:
            # Another length of period, or a pause: the calendar starts anew.
            row.anchor_at, row.period_index = payment.period_start, 0
        row.period_start, row.period_end = payment.period_start, payment.period_end
        move(row, SubscriptionState.ACTIVE)
        charge_next(row)
    await session.flush()


async def _is_applied(session: AsyncSession, payment: Payment, row: Subscription) -> bool:
    """Whether its grant was given before: an old change of plan is not made again over a newer one."""
    query = select(Grant.id).where(
        Grant.organisation_id == row.organisation_id, Grant.source == "payment", Grant.source_ref == str(payment.id)
    )
    return await session.scalar(query.limit(1)) is not None


def calendar_of(row: Subscription, price: Price) -> Calendar:
    return Calendar(row.anchor_at, cast("Interval", price.interval), price.interval_count, row.zone or "UTC")


def charge_next(row: Subscription) -> None:
    """Our engine looks at it again when the paid time is over: to charge, or to end it."""
    row.next_charge_at = row.period_end


def _place(row: Subscription, period: Period, payment: Payment) -> None:
    row.period_start, row.period_end = period.start, period.end
    payment.period_start, payment.period_end = period.start, period.end


async def _came_too_late(till: Till, payment: Payment, row: Subscription) -> None:
    ours = {"ended": str(row.ended_at), "because": row.ended_because}
    proposal = "The charge was under way when the subscription ended, and gives no access. Refund it."
    await _odd(till, payment, "paid_after_end", ours, proposal)


async def _differs(till: Till, payment: Payment, intent: CheckoutIntent) -> None:
    await report(
        till.session,
        till.account,
        "amount_differs",
        f"payment:{payment.ref}",
        organisation=till.owner.organisation,
        ours={"amount": intent.amount, "currency": intent.currency},
        theirs={"amount": payment.amount, "currency": payment.currency},
        proposal="Another sum was paid than was asked for. Nothing was given for it: refund it, or grant by hand.",
    )
