"""Ask a provider that keeps the calendar to change a subscription: [ mark ] → ask → [ what it shows now ].

The mark keeps a second change away meanwhile, and its job looks at the outcome should we die in between. The audit says
what was asked for, and only then what was done or refused; without either the outcome is not known yet.
"""

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from verf.audit import record
from verf.billing.handling import refresh
from verf.billing.messages import KeepPending, Refresh
from verf.billing.mirroring import live_subscription
from verf.billing.models import Subscription
from verf.billing.owners import lock
from verf.billing.providers.events import ProviderUnreachable
from verf.billing.providers.pictures import Subject
from verf.billing.providers.provider import Provider
from verf.billing.providers.registry import provider
from verf.database import transaction
from verf.errors import Conflict, NotFound
from verf.jobs import enqueue
from verf.kit import now
from verf.web import _

# Longer than any provider takes to answer, with its own retries.
MARK_LASTS = timedelta(minutes=2)


class NotSubscribed(NotFound):
    """There is no live subscription to this product."""


class ChangeUnderWay(Conflict):
    """Somebody of the same organisation changes this subscription right now, or a payment for it is open."""


@dataclass(frozen=True)
class Deed:
    """What the audit says of it: `action` when it is done, the wish when it is asked for or refused."""

    actor: str
    wish: str
    action: str
    details: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Wheel:
    """Where a mirrored subscription is steered."""

    organisation: UUID
    subscription: UUID
    provider: str
    ref: str
    deed: Deed | None = None


async def live(session: AsyncSession, organisation: UUID, product: str) -> Subscription:
    """The one that counts, as it is once nobody else changes it."""
    await lock(session, organisation, product)
    row = await live_subscription(session, organisation, product)
    if row is None:
        raise NotSubscribed(_("You have no subscription to this."))
    await session.refresh(row)
    if row.changing_since and row.changing_since > now() - MARK_LASTS:
        raise ChangeUnderWay(_("A change of this subscription is under way. Please look again in a moment."))
    return row


async def take(session: AsyncSession, row: Subscription, deed: Deed | None = None, *, keeping: bool = False) -> Wheel:
    """`keeping`: what is asked for lets go of the plan that is to come, which must still come unless it succeeds."""
    row.changing_since = now()
    row.kept_price_id = row.pending_price_id if keeping else None
    if row.kept_price_id:
        await enqueue(session, KeepPending(row.organisation_id, row.id), after=MARK_LASTS)
    await _note(session, row.id, deed, outcome="-requested")
    await enqueue(session, Refresh(row.provider, "subscription", row.ref, "change"), after=MARK_LASTS)
    await session.flush()
    return Wheel(row.organisation_id, row.id, row.provider, row.ref, deed)


async def steer(wheel: Wheel, ask: Callable[[Provider], Awaitable[None]], *, cause: str) -> None:
    """Raises what the provider says. When it does not answer, the outcome is unknown, and looked at soon.

    When it agrees and falls silent after that, it is done: what it shows now is read as soon as it answers.
    """
    source = provider(wheel.provider)
    try:
        await ask(source)
    except ProviderUnreachable:
        raise
    except Exception as error:
        await _let_go(wheel, wheel.deed, outcome="-refused", why=str(error))
        raise
    try:
        await refresh(wheel.provider, Subject("subscription", wheel.ref), cause=cause)
    except ProviderUnreachable:
        await _keep_hold(wheel)
        return
    except Exception:
        await _let_go(wheel, wheel.deed)
        raise
    await _let_go(wheel, wheel.deed)


async def note_deed(session: AsyncSession, subscription: UUID, deed: Deed) -> None:
    """Done by ourselves, in this transaction."""
    await _note(session, subscription, deed)


async def _note(session: AsyncSession, subscription: UUID, deed: Deed | None, outcome: str = "", why: str = "") -> None:
    if deed is not None:
        action = f"{deed.wish}{outcome}" if outcome else deed.action
        after = {**(deed.details or {}), **({"why": why} if why else {})}
        await record(session, deed.actor, action, f"subscription:{subscription}", after=after or None)


async def _let_go(wheel: Wheel, deed: Deed | None, outcome: str = "", why: str = "") -> None:
    async with transaction(organisation=wheel.organisation) as session:
        await _note(session, wheel.subscription, deed, outcome, why)
        statement = update(Subscription).where(Subscription.id == wheel.subscription)
        await session.execute(statement.values(changing_since=None))


async def _keep_hold(wheel: Wheel) -> None:
    """The provider agreed, and then fell silent: nobody else steers until it was looked at, or for a while."""
    async with transaction(organisation=wheel.organisation) as session:
        await _note(session, wheel.subscription, wheel.deed)
        await enqueue(session, Refresh(wheel.provider, "subscription", wheel.ref, "change"))
