"""Our own engine: what is to be done, at the moment it is due, with a subscription whose calendar we keep.

Nothing here calls a provider. A charge is written down as a pending payment, together with the job that asks for it
with these same words however often it runs: `collecting`. The period moves when the money has come: `earning`.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from verf.billing.credits import pay_without_charge
from verf.billing.discounts import price_from
from verf.billing.dunning import Arrears, next_try_at, state_at, try_at
from verf.billing.earning import calendar_of
from verf.billing.for_sale import tag_of
from verf.billing.gifts import given_until
from verf.billing.messages import Attend, Collect, LookFor, Refresh
from verf.billing.mirroring import log_changes, move, photograph, settle_access
from verf.billing.models import CheckoutIntent, Payment, PaymentMethod, PlanVersion, Price, Subscription
from verf.billing.on_account import credit_of
from verf.billing.owners import lock
from verf.billing.periods import Calendar, Period
from verf.billing.proration import settle
from verf.billing.states import Engine, PaymentKind, PaymentState, SubscriptionState
from verf.billing.terms import Terms
from verf.identity import people_of
from verf.jobs import enqueue
from verf.kit import new_id, now
from verf.organisations import owners_of

BATCH = 1_000
# A payment under way is asked about so often; one that nobody has heard of is looked for after a day.
LOOKS_AGAIN = timedelta(hours=1)
UNHEARD = timedelta(hours=25)
OVER = (SubscriptionState.INCOMPLETE, SubscriptionState.ENDED)


async def queue_due(session: AsyncSession) -> int:
    """A job for each subscription whose time has come. Wants the system's scope."""
    due = (
        select(Subscription.organisation_id, Subscription.id)
        .where(Subscription.engine == Engine.OWN, Subscription.next_charge_at <= now())
        .order_by(Subscription.next_charge_at)
        .limit(BATCH)
        .with_for_update(skip_locked=True)
    )
    rows = (await session.execute(due)).all()
    for organisation, subscription in rows:
        await enqueue(session, Attend(organisation, subscription), unless_queued=f"billing:attend:{subscription}")
    return len(rows)


async def attend(session: AsyncSession, subscription: UUID) -> None:
    """Do what is due now, and say when to charge next. Done twice, nothing more happens.

    What is owed for is looked at every hour besides, with its reminders: its state moves between the charges too.
    """
    row = await locked(session, subscription)
    if row is None or row.engine != Engine.OWN or row.state in OVER:
        return
    before = photograph(row)
    cause = await _attend(session, row, now())
    await settle_access(session, row)
    await log_changes(session, row, before, cause=cause)


async def locked(session: AsyncSession, subscription: UUID) -> Subscription | None:
    """The row as it is once nobody else is changing the billing of its organisation and product."""
    row = await session.get(Subscription, subscription)
    if row is None:
        return None
    await lock(session, row.organisation_id, row.product)
    return await session.get(Subscription, subscription, populate_existing=True)


async def _attend(session: AsyncSession, row: Subscription, moment: datetime) -> str:
    if over := how_it_ends(row, moment):
        return _end(row, at=over[0], because=over[1])
    due = row.trial_end if row.state == SubscriptionState.TRIALING else row.period_end
    if due is None or due > moment:
        row.next_charge_at = due
        return ""
    if (
        row.state == SubscriptionState.ACTIVE
        and row.price_id
        and (until := await given_until(session, row, due)) > moment
    ):
        wait_until(row, until)
        return "given days"
    if row.paused_at:
        move(row, SubscriptionState.SUSPENDED)
        row.next_charge_at = None
        return "paused"
    if row.access_hold or row.method_id is None:
        # Who disputes a payment is not asked for the next one.
        row.next_charge_at = moment + timedelta(days=1)
        return ""
    return await _demand(session, row, row.method_id, moment)


def wait_until(row: Subscription, until: datetime) -> None:
    """Days that were given come before the next charge, and with it the calendar begins anew."""
    row.put_off_until = until.replace(microsecond=0)
    row.anchor_at = row.period_end = row.next_charge_at = row.put_off_until
    row.period_index = -1


def how_it_ends(row: Subscription, moment: datetime) -> tuple[datetime, str] | None:
    """The end that has come by itself, and why: cancelled in time, a trial over, prepaid time used up."""
    if row.cancel_at and row.cancel_at <= moment:
        return row.cancel_at, "cancelled"
    if row.state == SubscriptionState.TRIALING:
        return (row.trial_end, "trial ended") if row.trial_end and row.trial_end <= moment else None
    if row.duplicate_of is not None and row.period_end and row.period_end <= moment:
        # Paid on a second page by mistake, and known as a finding: never charged again by itself.
        return row.period_end, "duplicate"
    is_prepaid = (row.method_id is None or row.price_id is None) and not row.access_hold
    if is_prepaid and row.period_end and row.period_end <= moment and not row.paused_at:
        return row.period_end, "expired"
    return None


def _end(row: Subscription, *, at: datetime, because: str) -> str:
    row.ended_because = because
    move(row, SubscriptionState.ENDED, at=at)
    row.pending_price_id = None
    return because


async def _demand(session: AsyncSession, row: Subscription, method: UUID, moment: datetime) -> str:
    """The next period is to be paid: begin a try, wait for one, or give up."""
    tries = await tries_of(session, row)
    waiting = [each for each in tries if each.state == PaymentState.PENDING]
    if waiting:
        await _ask_after(session, row, waiting[-1], moment)
        return ""
    if tries:
        await fall_behind(session, row)
    arrears = await arrears_of(session, row, tries, moment)
    state = state_at(arrears, moment)
    if state == SubscriptionState.ENDED:
        return _end(row, at=moment, because="unpaid")
    if row.state == SubscriptionState.PAST_DUE and state == SubscriptionState.SUSPENDED:
        move(row, state)
    number = try_at(arrears, moment)
    key = f"renew:{row.id}:{_written(row.period_end)}:{number}"
    if number is not None and key not in {each.attempt_key for each in tries}:
        if await _try(session, row, method, key=key, moment=moment):
            return "renewed"
        row.next_charge_at = moment + LOOKS_AGAIN
        return "unpaid"
    row.next_charge_at = next_try_at(arrears, moment)
    return "unpaid"


async def fall_behind(session: AsyncSession, row: Subscription) -> None:
    """The newest try for the period that is due has failed: from its first try on, the days of dunning count."""
    tries = await tries_of(session, row)
    if not tries or tries[-1].state != PaymentState.FAILED:
        return
    if row.state in (SubscriptionState.TRIALING, SubscriptionState.ACTIVE):
        row.past_due_since = tries[0].created_at
        move(row, SubscriptionState.PAST_DUE)
    row.past_due_since = row.past_due_since or tries[0].created_at
    row.dunning_step = len(tries)
    arrears = await arrears_of(session, row, tries, now())
    row.next_charge_at = next_try_at(arrears, now())
    await session.flush()


async def arrears_of(session: AsyncSession, row: Subscription, tries: Sequence[Payment], moment: datetime) -> Arrears:
    plan = await session.get_one(PlanVersion, row.plan_version_id)
    terms = Terms.of_document(plan.terms, plan=plan.plan, title=plan.title, rank=plan.rank)
    is_hard = any(each.failure_is_hard for each in tries)
    return Arrears(since=row.past_due_since or moment, grace_days=terms.grace_days, is_hard=is_hard)


async def tries_of(session: AsyncSession, row: Subscription) -> Sequence[Payment]:
    """To get the money for the period that comes next, in the order in which they were made."""
    query = select(Payment).where(
        Payment.subscription_id == row.id,
        Payment.kind == PaymentKind.RENEWAL,
        Payment.attempt_key.is_not(None),
        Payment.period_start == row.period_end,
    )
    return (await session.scalars(query.order_by(Payment.id))).all()


def next_period(row: Subscription, old: Price, new: Price) -> Period:
    """Begins where the last one ends. Another length of period begins a calendar of its own there."""
    start = row.period_end or now()
    if (old.interval, old.interval_count) != (new.interval, new.interval_count):
        return Calendar(start, new.interval, new.interval_count, row.zone or "UTC").period(0)  # type: ignore[arg-type]
    return Period(start, calendar_of(row, new).boundary(row.period_index + 2))


async def _try(session: AsyncSession, row: Subscription, method: UUID, *, key: str, moment: datetime) -> bool:
    """Whether it is paid at once: the customer's account may cover all of it, or all but what a card takes."""
    old = await session.get_one(Price, row.price_id)
    new = await session.get_one(Price, row.pending_price_id) if row.pending_price_id else old
    period = next_period(row, old, new)
    due = await price_from(session, row, new, period.start)
    balance = -await credit_of(session, row.organisation_id, row.product, new.currency)
    charge = settle(due, balance=balance).charge
    payment = attempt(row, new, kind=PaymentKind.RENEWAL, amount=charge.minor_units, period=period, at=moment)
    payment.credit, payment.attempt_key = (due - charge).minor_units, key
    session.add(payment)
    await session.flush()
    if charge:
        await order_collection(session, row, payment, method=method)
    else:
        await pay_without_charge(session, row, payment)
    return not charge


def attempt(
    row: Subscription, price: Price, *, kind: PaymentKind, amount: int, period: Period, at: datetime
) -> Payment:
    """A payment we are about to ask for. Written first, so that its outcome finds it whatever happens to us."""
    payment = Payment(
        id=new_id(),
        organisation_id=row.organisation_id,
        product=row.product,
        subscription_id=row.id,
        provider=row.provider,
        account=row.account,
        is_live=row.is_live,
        kind=kind,
        state=PaymentState.PENDING,
        currency=price.currency,
        amount=amount,
        tax=0,
        fee=0,
        refunded=0,
        credit=0,
        put_in=0,
        credited=0,
        price_id=price.id,
        period_start=period.start,
        period_end=period.end,
        occurred_at=at,
        failure_code="",
        failure_is_hard=False,
        method_title="",
        number="",
        invoice_url="",
        receipt_url="",
    )
    payment.attempt_key = f"change:{payment.id}"
    return payment


async def order_collection(
    session: AsyncSession, row: Subscription, payment: Payment, *, method: UUID, after: timedelta | None = None
) -> Collect:
    """The job carries every word of the charge, so that each run of it says the same."""
    price = await session.get_one(Price, payment.price_id)
    saved = await session.get_one(PaymentMethod, method)
    payment.method_title = saved.title
    collect = Collect(
        organisation=row.organisation_id,
        subscription=row.id,
        payment=payment.id,
        provider=row.provider,
        key=payment.attempt_key or "",
        email=await payer_of(session, row),
        method=saved.ref,
        amount=payment.amount,
        currency=payment.currency,
        title=tag_of(price, await session.get_one(PlanVersion, price.plan_version_id)).title,
    )
    await enqueue(session, collect, after=after, one_at_a_time=f"billing:collect:{row.id}")
    return collect


async def payer_of(session: AsyncSession, row: Subscription) -> str:
    """Where receipts go: whoever bought it, or the first owner."""
    intent = await session.get(CheckoutIntent, row.intent_id) if row.intent_id else None
    if intent:
        return intent.email
    owners = await owners_of(session, row.organisation_id)
    people = await people_of(session, owners[:1])
    return next((person.email for person in people.values()), "")


async def _ask_after(session: AsyncSession, row: Subscription, payment: Payment, moment: datetime) -> None:
    row.next_charge_at = moment + LOOKS_AGAIN
    if payment.ref:
        await enqueue(session, Refresh(payment.provider, "payment", payment.ref, "a charge under way"))
    elif payment.created_at + UNHEARD < moment:
        await enqueue(session, LookFor(row.organisation_id, payment.id), unless_queued=f"billing:find:{payment.id}")


def _written(moment: datetime | None) -> str:
    return f"{moment:%y%m%d%H%M%S}" if moment else ""
