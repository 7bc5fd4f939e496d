"""Ask the provider for money that was written down beforehand, and believe its answer.

Each run uses the same key and the same words, so that what was charged is never charged again. When nobody has answered
for a day the provider has forgotten the key: from then on the payment is looked for, and not asked for any more.
"""

from datetime import timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from verf.billing.applying import apply
from verf.billing.facts import PaymentFailed
from verf.billing.messages import Collect
from verf.billing.mirroring import log_changes, photograph
from verf.billing.models import Payment, Subscription
from verf.billing.providers import pictures
from verf.billing.providers.events import NotAble, ProviderRefused
from verf.billing.providers.orders import Charge
from verf.billing.providers.pictures import Picture, Subject
from verf.billing.providers.provider import Provider
from verf.billing.providers.registry import provider
from verf.billing.renewals import fall_behind, locked
from verf.billing.states import PaymentKind, PaymentState, SubscriptionState
from verf.database import transaction
from verf.jobs import announce
from verf.kit import Money, now
from verf.telemetry import log

KEY_LIVES = timedelta(hours=24)
# The provider's clock may differ from ours.
MARGIN = timedelta(hours=1)


async def collect(message: Collect) -> None:
    """Raises ProviderUnreachable when the outcome is unknown: run again."""
    source = provider(message.provider)
    may_ask = await _may_ask(message)
    if may_ask is None:
        return
    taken_at = now()
    try:
        seen = await source.charge(_charge(message)) if may_ask else await _find(source, message.payment)
    except ProviderRefused as error:
        log(__name__).warning("a charge was refused", provider=source.name, code=error.provider_code)
        code = error.provider_code or "refused"
        await _fail(message.organisation, message.payment, code=code, is_hard=isinstance(error, NotAble))
        return
    if seen is None:
        await _fail(message.organisation, message.payment, code="never_arrived", is_hard=False)
        return
    picture = Picture(
        provider=source.name,
        account=source.account,
        is_live=source.is_live,
        subject=Subject("payment", seen.ref),
        taken_at=taken_at,
        payments=(seen,),
    )
    await _apply(picture, message.organisation, message.payment)


async def look_for(organisation: UUID, payment: UUID) -> None:
    """A charge whose job is gone and whose outcome nobody knows."""
    async with transaction(organisation=organisation) as session:
        row = await session.get(Payment, payment)
        if row is None or row.state != PaymentState.PENDING:
            return
        name = row.provider
    source, taken_at = provider(name), now()
    seen = await _find(source, payment)
    if seen is None:
        await _fail(organisation, payment, code="never_arrived", is_hard=False)
        return
    picture = Picture(
        provider=source.name,
        account=source.account,
        is_live=source.is_live,
        subject=Subject("payment", seen.ref),
        taken_at=taken_at,
        payments=(seen,),
    )
    await _apply(picture, organisation, payment)


async def _may_ask(message: Collect) -> bool | None:
    """None: its outcome is known. False: it may have been charged, and must not be asked for again."""
    async with transaction(organisation=message.organisation) as session:
        payment = await session.get(Payment, message.payment)
        if payment is None or payment.state != PaymentState.PENDING:
            return None
        row = await locked(session, message.subscription)
        is_wanted = row is not None and row.state != SubscriptionState.ENDED and not row.access_hold
        if row is not None and payment.kind == PaymentKind.RENEWAL and (row.cancel_at or _is_paid(row, payment)):
            is_wanted = False
        return is_wanted and now() - payment.created_at < KEY_LIVES


def _is_paid(row: Subscription, payment: Payment) -> bool:
    """The time this was to pay for has been paid in another way meanwhile: on a page, with another card."""
    return row.period_end is not None and payment.period_start is not None and payment.period_start < row.period_end


async def _find(source: Provider, payment: UUID) -> pictures.Payment | None:
    async with transaction(system="billing: a charge whose outcome is unknown") as session:
        created_at = (await session.get_one(Payment, payment)).created_at
    async for seen in source.list_payments(created_at - MARGIN, now() + MARGIN):
        if seen.order == payment:
            return seen
    return None


async def _apply(picture: Picture, organisation: UUID, payment: UUID) -> None:
    async with transaction(system="billing: the outcome of a charge") as session:
        await apply(session, picture, cause="charge", cause_ref=str(payment))
        await settle_failure(session, payment)


async def _fail(organisation: UUID, payment: UUID, *, code: str, is_hard: bool) -> None:
    async with transaction(organisation=organisation) as session:
        row = await session.get_one(Payment, payment, with_for_update=True)
        if row.state != PaymentState.PENDING:
            return
        row.state, row.failure_code, row.failure_is_hard = PaymentState.FAILED, code, is_hard
        await session.flush()
        await announce(session, PaymentFailed(organisation, payment))
        await settle_failure(session, payment)


async def settle_failure(session: AsyncSession, payment: UUID) -> None:
    """What a failed charge of our own means for its subscription; after a paid one there is nothing to do."""
    failed = await session.get_one(Payment, payment)
    if failed.state != PaymentState.FAILED or failed.kind != PaymentKind.RENEWAL or failed.subscription_id is None:
        return
    row = await locked(session, failed.subscription_id)
    if row is None or row.state == SubscriptionState.ENDED:
        return
    before = photograph(row)
    await fall_behind(session, row)
    await log_changes(session, row, before, cause="charge failed", cause_ref=failed.failure_code)


def _charge(message: Collect) -> Charge:
    return Charge(
        id=message.payment,
        key=message.key,
        organisation=message.organisation,
        email=message.email,
        method=message.method,
        money=Money(message.amount, message.currency),
        title=message.title,
        metadata={"subscription": str(message.subscription)},
    )
