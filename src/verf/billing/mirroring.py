"""Subscriptions whose calendar the provider keeps: our row is a mirror, and never argues but about the end."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Any
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from verf.billing import grants
from verf.billing.facts import SubscriptionChanged
from verf.billing.findings import report
from verf.billing.models import CheckoutIntent, Customer, Grant, PaymentMethod, Price, Subscription, SubscriptionEvent
from verf.billing.providers import pictures
from verf.billing.states import Engine, SubscriptionState
from verf.billing.takings import paid_until
from verf.billing.tills import Till
from verf.jobs import announce
from verf.kit import new_id, now
from verf.settings import secret

WATCHED = (
    "state",
    "price_id",
    "pending_price_id",
    "quantity",
    "cancel_at",
    "paused_at",
    "access_hold",
    "paid_until",
    "period_end",
)
HOUSE = "house"


async def mirror(till: Till) -> Subscription | None:
    """Bring the row up to the picture. None: there is nothing yet that deserves a row."""
    seen = till.picture.subscription
    if seen is None:
        return till.owner.subscription
    row = till.owner.subscription
    if row is None:
        row = await _open(till, seen)
    if row is None:
        return None
    price = till.price_of(seen.price)
    if price is None:
        await _unknown_price(till, seen)
    else:
        if price != row.price_id:
            # Another plan has taken the place of what was to come.
            row.kept_price_id = None
        row.price_id = price
        row.plan_version_id = (await till.session.get_one(Price, price)).plan_version_id
    row.pending_price_id = till.price_of(seen.pending_price) or row.kept_price_id
    row.quantity, row.currency = seen.quantity, seen.currency
    row.period_start, row.period_end = seen.period_start, seen.period_end
    row.trial_end, row.cancel_at = seen.trial_end, seen.cancel_at
    # Not every provider says since when: then it is since we saw it.
    row.paused_at = (seen.paused_at or row.paused_at or till.picture.taken_at) if seen.is_paused else None
    row.customer = till.picture.customer or row.customer
    if seen.method:
        row.method_id = await keep_method(till, seen.method)
    move(row, seen.state, at=seen.ended_at, because="ended at the provider")
    if row.ended_at or (seen.cancel_at and row.leaving == "period_end"):
        row.leaving = ""
    row.snapshot_at, row.snapshot = till.picture.taken_at, dict(till.picture.raw)
    row.next_check_at = next_check(row)
    await till.session.flush()
    return row


def move(row: Subscription, state: SubscriptionState, *, at: datetime | None = None, because: str = "") -> None:
    """Into the next state, with the times that belong to it. Out of `ended` leads nothing."""
    if row.state == SubscriptionState.ENDED:
        return
    row.state = state
    if state == SubscriptionState.PAST_DUE:
        row.past_due_since = row.past_due_since or now()
    elif state == SubscriptionState.ACTIVE:
        row.past_due_since, row.dunning_step = None, 0
    elif state == SubscriptionState.ENDED:
        row.ended_at = at or now()
        row.ended_because = row.ended_because or because
        row.next_charge_at = row.next_check_at = None


def next_check(row: Subscription) -> datetime | None:
    """When to ask the provider without having been told: soon after money was due, hourly while it is owed, daily."""
    if row.state == SubscriptionState.ENDED:
        return None
    moment = now()
    if row.state == SubscriptionState.PAST_DUE:
        return moment + timedelta(hours=1)
    tomorrow = moment + timedelta(days=1)
    if row.period_end is None:
        return tomorrow
    due = [row.period_end + timedelta(minutes=5), row.period_end + timedelta(hours=1, minutes=5)]
    return min([each for each in due if each > moment] + [tomorrow])


def photograph(row: Subscription | None) -> dict[str, Any]:
    """What the log compares."""
    return {} if row is None else {name: _plain(getattr(row, name)) for name in WATCHED}


async def log_changes(
    session: AsyncSession, row: Subscription, before: Mapping[str, Any], *, cause: str, cause_ref: str = ""
) -> None:
    """A line in the log of the subscription and a fact, if anything worth telling has changed."""
    after = photograph(row)
    changes = {name: [before.get(name), value] for name, value in after.items() if before.get(name) != value}
    if not changes:
        return
    entry = SubscriptionEvent(
        id=new_id(),
        organisation_id=row.organisation_id,
        subscription_id=row.id,
        cause=cause,
        cause_ref=cause_ref,
        from_state=before.get("state", ""),
        to_state=row.state,
        changes=changes,
    )
    session.add(entry)
    await session.flush()
    await grants.access_changed(session, row.organisation_id, row.product)
    fact = SubscriptionChanged(row.organisation_id, row.id, str(before.get("state", "")), str(row.state), entry.id)
    await announce(session, fact)


async def live_subscription(session: AsyncSession, organisation: UUID, product: str) -> Subscription | None:
    query = select(Subscription).where(
        Subscription.organisation_id == organisation,
        Subscription.product == product,
        Subscription.state.not_in((SubscriptionState.INCOMPLETE, SubscriptionState.ENDED)),
        Subscription.duplicate_of.is_(None),
    )
    return await session.scalar(query)


async def make_room(session: AsyncSession, organisation: UUID, product: str) -> Subscription | None:
    """End the trial that a paid subscription takes the place of; the live one that stays in the way, if any."""
    live = await live_subscription(session, organisation, product)
    if live is None or live.provider != HOUSE:
        return live
    before = photograph(live)
    live.ended_because = "converted"
    move(live, SubscriptionState.ENDED)
    await session.flush()
    await log_changes(session, live, before, cause="converted")
    return None


async def settle_access(session: AsyncSession, row: Subscription) -> None:
    """What follows from the money and the end: how far it is paid, and no access past an early end."""
    row.paid_until = await paid_until(session, row)
    if row.state == SubscriptionState.ENDED and row.ended_at:
        await _cut(session, row, row.ended_at)
    await session.flush()


async def keep_method(till: Till, seen: pictures.Method) -> UUID:
    provider, account, is_live = till.account
    query = select(PaymentMethod).where(
        PaymentMethod.organisation_id == till.owner.organisation,
        PaymentMethod.provider == provider,
        PaymentMethod.account == account,
        PaymentMethod.is_live == is_live,
        PaymentMethod.ref == seen.ref,
    )
    method = await till.session.scalar(query)
    if method is None:
        method = PaymentMethod(
            id=new_id(),
            organisation_id=till.owner.organisation,
            provider=provider,
            account=account,
            is_live=is_live,
            ref=seen.ref,
        )
        till.session.add(method)
    method.kind, method.title, method.expires = seen.kind, seen.title, seen.expires
    method.fingerprint = fingerprint(seen.fingerprint)
    method.can_charge_again = seen.can_charge_again
    await till.session.flush()
    return method.id


def fingerprint(given: str) -> str:
    """Keyed, so that the table tells nobody which card it was."""
    return blake2b(given.encode(), key=secret("billing fingerprints"), digest_size=20).hexdigest() if given else ""


async def keep_customer(till: Till) -> None:
    """Once: whoever has a subscription under this name has been kept with it."""
    ref, known = till.picture.customer, till.owner.subscription
    if not ref or (known is not None and known.customer == ref):
        return
    provider, account, is_live = till.account
    await till.session.execute(
        insert(Customer)
        .values(
            id=new_id(),
            organisation_id=till.owner.organisation,
            provider=provider,
            account=account,
            is_live=is_live,
            ref=ref,
            created_at=now(),
        )
        .on_conflict_do_nothing()
    )


async def _open(till: Till, seen: pictures.Subscription) -> Subscription | None:
    """A new row, when the provider's subscription is worth one; never from metadata alone: the intent must be ours."""
    intent = till.owner.intent
    if seen.state == SubscriptionState.INCOMPLETE or intent is None:
        return None
    price = till.price_of(seen.price)
    if price is None:
        await _unknown_price(till, seen)
        return None
    if _first_price(till, price) != intent.price_id:
        await _differs_from_intent(till, seen, intent)
    in_the_way = None
    if seen.state != SubscriptionState.ENDED:
        in_the_way = await make_room(till.session, till.owner.organisation, till.owner.product)
    plan_version = (await till.session.get_one(Price, price)).plan_version_id
    provider, account, is_live = till.account
    row = Subscription(
        id=new_id(),
        organisation_id=till.owner.organisation,
        product=till.owner.product,
        provider=provider,
        account=account,
        is_live=is_live,
        ref=seen.ref,
        engine=Engine.MIRROR,
        state=SubscriptionState.INCOMPLETE,
        plan_version_id=plan_version,
        price_id=price,
        intent_id=intent.id,
        anchor_at=seen.created_at,
        duplicate_of=in_the_way.id if in_the_way else None,
    )
    till.session.add(row)
    if in_the_way:
        await _is_a_duplicate(till, seen, in_the_way)
    return row


def _first_price(till: Till, current: UUID) -> UUID | None:
    """The price it was opened with; it may have been changed since, before we heard of it at all."""
    first = min(till.picture.payments, key=lambda each: (each.occurred_at, each.ref), default=None)
    return till.price_of(first.price) if first and first.price else current


async def _cut(session: AsyncSession, row: Subscription, at: datetime) -> None:
    """A subscription that ended before what was paid for takes the rest of its access with it."""
    statement = (
        update(Grant)
        .where(
            Grant.organisation_id == row.organisation_id,
            Grant.subscription_id == row.id,
            Grant.source == "payment",
            Grant.revoked_at.is_(None),
            Grant.ends_at > at,
        )
        .values(revoked_at=now(), revoked_because="the subscription ended")
        .returning(Grant.id)
    )
    if list(await session.scalars(statement)):
        await grants.access_changed(session, row.organisation_id, row.product)


async def _unknown_price(till: Till, seen: pictures.Subscription) -> None:
    await report(
        till.session,
        till.account,
        "unknown_price",
        f"subscription:{seen.ref}",
        organisation=till.owner.organisation,
        theirs={"price": seen.price},
        proposal="Name this price in the settings, or move the subscription to a price of ours.",
    )


async def _differs_from_intent(till: Till, seen: pictures.Subscription, intent: CheckoutIntent) -> None:
    await report(
        till.session,
        till.account,
        "amount_differs",
        f"subscription:{seen.ref}",
        organisation=till.owner.organisation,
        ours={"price": str(intent.price_id)},
        theirs={"price": seen.price},
        proposal="The subscription was opened with another price than was chosen. Access follows what was paid.",
    )


async def _is_a_duplicate(till: Till, seen: pictures.Subscription, live: Subscription) -> None:
    await report(
        till.session,
        till.account,
        "duplicate",
        f"subscription:{seen.ref}",
        organisation=till.owner.organisation,
        ours={"live": f"{live.provider} {live.ref}"},
        theirs={"state": seen.state},
        proposal="Cancel the second subscription now and refund its payment.",
    )


def _plain(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.isoformat()
    return str(value) if value is not None else None
