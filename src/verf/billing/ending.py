"""Leaving, and coming back in time: cancel at the end of what is paid or at once, take it back, pause and go on.

Who may ask is decided by the edge; here is what happens then, the same for every provider.
"""

from dataclasses import replace
from datetime import datetime
from typing import Literal
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from verf.billing.handling import refresh
from verf.billing.messages import PassOn
from verf.billing.mirroring import log_changes, move, photograph, settle_access
from verf.billing.models import Subscription
from verf.billing.providers.events import NotAble, ProviderRefused, ProviderUnreachable
from verf.billing.providers.pictures import Subject
from verf.billing.providers.registry import provider
from verf.billing.renewals import locked
from verf.billing.states import Engine, SubscriptionState
from verf.billing.steering import MARK_LASTS, Deed, Wheel, live, note_deed, steer, take
from verf.database import transaction
from verf.errors import Conflict
from verf.jobs import TryLater, enqueue
from verf.kit import now
from verf.web import _

LONGEST_REASON = 1_000
When = Literal["now", "period_end"]
OWING = (SubscriptionState.PAST_DUE, SubscriptionState.SUSPENDED)


class NothingToResume(Conflict):
    """The subscription is neither cancelled nor paused."""


class CannotPause(Conflict):
    """Only what runs and is paid for can be paused."""


async def cancel(
    organisation: UUID, product: str, *, when: When, reason: str, by: UUID, key: str
) -> Literal["done", "noted"]:
    """`reason` is what the customer told us, kept for those who want to do better. Cancelling twice is cancelling.

    It is declared to us, and holds from then on. "noted": its provider does not answer; a job tells it when it does.
    """
    wheel = None
    async with transaction(organisation=organisation) as session:
        row = await live(session, organisation, product)
        before = photograph(row)
        row.cancel_reason = reason[:LONGEST_REASON]
        deed = _cancellation(row, when, by)
        if row.engine == Engine.MIRROR:
            row.leaving = when
            wheel = await take(session, row, deed)
            await _queue(session, row, by)
        else:
            await note_deed(session, row.id, deed)
            _cancel_own(row, when)
            await _settle(session, row, before, cause="cancelled", by=by)
    if wheel is None:
        return "done"
    ref = wheel.ref
    try:
        await steer(wheel, lambda source: source.cancel(ref, when=when, key=key), cause="cancelled")
    except ProviderUnreachable:
        return "noted"
    except ProviderRefused:
        await _stay(wheel)
        raise
    return "done"


async def pass_on(organisation: UUID, subscription: UUID, *, by: UUID) -> None:
    """A cancellation that was declared to us, to a provider that did not answer then, or whose asker died."""
    async with transaction(organisation=organisation) as session:
        row = await locked(session, subscription)
        if row is None or not row.leaving or row.state == SubscriptionState.ENDED:
            return
        if row.changing_since and row.changing_since > now() - MARK_LASTS:
            raise TryLater(after=MARK_LASTS)
        when: When = "now" if row.leaving == "now" else "period_end"
        wheel = replace(await take(session, row), deed=_cancellation(row, when, by))
        # Of its own, since some providers repeat even a failure to whoever comes with the same key.
        key = f"leave:{row.id}:{int(now().timestamp())}"
    try:
        await steer(wheel, lambda source: source.cancel(wheel.ref, when=when, key=key), cause="cancelled")
    except ProviderRefused:
        # There is nothing to cancel for who is gone already; any other refusal is for staff to see.
        await refresh(wheel.provider, Subject("subscription", wheel.ref), cause="cancelled")
        if await _is_leaving(organisation, subscription):
            raise


async def resume(organisation: UUID, product: str, *, by: UUID, key: str) -> None:
    """Take a cancellation back, or end a pause: then the next period begins now, and is charged now."""
    wheel = None
    async with transaction(organisation=organisation) as session:
        row = await live(session, organisation, product)
        if row.cancel_at is None and row.paused_at is None and not row.leaving:
            raise NothingToResume(_("The subscription runs: there is nothing to take back."))
        before = photograph(row)
        deed = Deed(f"person:{by}", "billing.resumption", "billing.resumed")
        row.leaving = ""
        if row.engine == Engine.MIRROR:
            wheel = await take(session, row, deed)
        else:
            await note_deed(session, row.id, deed)
            _resume_own(row, now())
            await _settle(session, row, before, cause="resumed", by=by)
    if wheel:
        ref = wheel.ref
        await steer(wheel, lambda source: source.resume(ref, key=key), cause="resumed")


async def pause(organisation: UUID, product: str, *, by: UUID, key: str) -> None:
    """No charge, and no access after what is paid for, until it is resumed. Pausing twice is pausing."""
    wheel = None
    async with transaction(organisation=organisation) as session:
        row = await live(session, organisation, product)
        if row.paused_at:
            return
        _check_pausable(row)
        before = photograph(row)
        deed = Deed(f"person:{by}", "billing.pause", "billing.paused")
        if row.engine == Engine.MIRROR:
            wheel = await take(session, row, deed)
        else:
            await note_deed(session, row.id, deed)
            row.paused_at = now()
            await _settle(session, row, before, cause="paused", by=by)
    if wheel:
        ref = wheel.ref
        await steer(wheel, lambda source: source.pause(ref, key=key), cause="paused")


async def end_now(organisation: UUID, subscription: UUID, *, because: str) -> None:
    """By the house: its payment was refunded, or a dispute is lost."""
    wheel = None
    async with transaction(organisation=organisation) as session:
        row = await locked(session, subscription)
        if row is None or row.state == SubscriptionState.ENDED:
            return
        before = photograph(row)
        row.ended_because = because
        deed = Deed("system", "billing.end", "billing.ended", {"because": because})
        if row.engine == Engine.MIRROR:
            wheel = await take(session, row, deed)
        else:
            await note_deed(session, row.id, deed)
            move(row, SubscriptionState.ENDED)
            await _settle(session, row, before, cause=because)
    if wheel:
        ref, key = wheel.ref, f"end:{wheel.subscription}"
        await steer(wheel, lambda source: source.cancel(ref, when="now", key=key), cause=because)


def _cancellation(row: Subscription, when: When, by: UUID) -> Deed:
    details = {"when": when, "reason": row.cancel_reason}
    return Deed(f"person:{by}", "billing.cancellation", "billing.cancelled", details)


async def _queue(session: AsyncSession, row: Subscription, by: UUID) -> None:
    """In the transaction that notes the wish, so that whoever dies after it leaves it to the job."""
    await enqueue(session, PassOn(row.organisation_id, row.id, by), after=MARK_LASTS)


async def _stay(wheel: Wheel) -> None:
    async with transaction(organisation=wheel.organisation) as session:
        row = await locked(session, wheel.subscription)
        if row is not None:
            row.leaving = ""


async def _is_leaving(organisation: UUID, subscription: UUID) -> bool:
    async with transaction(organisation=organisation) as session:
        row = await session.get(Subscription, subscription)
        return row is not None and bool(row.leaving)


def _cancel_own(row: Subscription, when: str) -> None:
    """What is owed for is over at once: there is no paid time left to wait for."""
    end = row.trial_end if row.state == SubscriptionState.TRIALING else row.period_end
    row.pending_price_id = None
    if when == "period_end" and end and end > now():
        row.cancel_at = row.next_charge_at = end
        return
    row.ended_because = "cancelled"
    move(row, SubscriptionState.ENDED)


def _resume_own(row: Subscription, moment: datetime) -> None:
    row.cancel_at, row.cancel_reason = None, ""
    was_paused, row.paused_at = row.paused_at is not None, None
    row.next_charge_at = row.trial_end if row.state == SubscriptionState.TRIALING else row.period_end
    if was_paused and row.state == SubscriptionState.SUSPENDED:
        # The days of the pause are nobody's: the calendar starts anew, with a charge.
        row.anchor_at = row.period_end = row.next_charge_at = moment
        row.period_index = -1


def _check_pausable(row: Subscription) -> None:
    if row.engine == Engine.MIRROR and not provider(row.provider).abilities.can_pause:
        raise NotAble(_("This subscription cannot be paused. You can cancel it and come back."))
    if row.state != SubscriptionState.ACTIVE or row.cancel_at or row.leaving:
        raise CannotPause(_("Only a subscription that runs and is paid for can be paused."))
    if row.engine == Engine.OWN and row.method_id is None:
        raise CannotPause(_("Nothing is charged by itself, so there is nothing to pause."))


async def _settle(
    session: AsyncSession, row: Subscription, before: dict[str, object], *, cause: str, by: UUID | None = None
) -> None:
    await session.flush()
    await settle_access(session, row)
    await log_changes(session, row, before, cause=cause, cause_ref=f"person:{by}" if by else "")
