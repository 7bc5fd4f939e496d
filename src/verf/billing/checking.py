"""Open checkouts are asked about, however quiet the provider is: at 2 and 15 minutes, at an hour, when they expire."""

from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from verf.billing.applying import close_intent
from verf.billing.messages import Refresh
from verf.billing.models import CheckoutIntent
from verf.billing.states import CheckoutState
from verf.jobs import enqueue
from verf.kit import now

AFTER = (timedelta(minutes=2), timedelta(minutes=15), timedelta(hours=1))
AFTER_EXPIRY = timedelta(minutes=2)
# A page may be paid in its last moment and its provider be slow to say so.
GIVEN_UP = timedelta(days=2)
AT_ONCE = 200


async def check_due_intents(session: AsyncSession) -> int:
    query = (
        select(CheckoutIntent)
        .where(CheckoutIntent.next_check_at <= now())
        .order_by(CheckoutIntent.next_check_at)
        .limit(AT_ONCE)
        .with_for_update(skip_locked=True)
    )
    due = list(await session.scalars(query))
    for intent in due:
        intent.checks += 1
        intent.next_check_at = next_check(intent)
        if intent.ref:
            await enqueue(
                session,
                Refresh(intent.provider, "checkout", intent.ref, "open checkout"),
                unless_queued=f"billing-checkout:{intent.id}",
                one_at_a_time=f"billing:{intent.provider}:checkout:{intent.ref}",
            )
        if intent.state == CheckoutState.OPEN and now() > intent.expires_at + GIVEN_UP:
            await close_intent(session, intent, CheckoutState.EXPIRED)
    return len(due)


def next_check(intent: CheckoutIntent) -> datetime | None:
    """After the moments set out above, hourly, until it is known or given up."""
    if intent.state != CheckoutState.OPEN:
        return None
    ahead = [intent.created_at + each for each in AFTER] + [intent.expires_at + AFTER_EXPIRY]
    later = [each for each in ahead if each > now()]
    return min(later) if later else now() + timedelta(hours=1)
