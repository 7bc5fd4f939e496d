"""What the lives of subscriptions ask of the worker. Each handler is thin: the verbs are in the concepts."""

from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from verf.billing.collecting import collect, look_for, settle_failure
from verf.billing.credits import settle_dispute, take_back
from verf.billing.disputes import follow
from verf.billing.ending import end_now, pass_on
from verf.billing.facts import DisputeChanged, PaymentFailed, PaymentRecorded, RefundRecorded, SubscriptionChanged
from verf.billing.keeping import keep_pending
from verf.billing.messages import (
    Attend,
    AttendDue,
    CheckRefunds,
    Collect,
    EndSubscription,
    KeepPending,
    LookFor,
    PassOn,
    Remind,
    RemindDue,
    SendRefund,
)
from verf.billing.models import Dispute, Payment, Refund, Subscription, SubscriptionEvent
from verf.billing.owners import lock
from verf.billing.patience import patience
from verf.billing.refunds import queue_undecided, send_refund
from verf.billing.reminders import queue_reminders, remind
from verf.billing.renewals import attend, queue_due
from verf.billing.states import DisputeState
from verf.billing.telling import tell_of_change, tell_of_payment, tell_of_refund
from verf.billing.trials import bar, claim_card
from verf.jobs import handles, on
from verf.manifest import Schedule

SCHEDULES = (
    Schedule(every=timedelta(minutes=1), message=AttendDue),
    Schedule(every=timedelta(hours=1), message=RemindDue),
    Schedule(every=timedelta(hours=1), message=CheckRefunds),
)


@handles(AttendDue, system="billing: subscriptions whose time has come")
async def attend_due(message: AttendDue, session: AsyncSession) -> None:
    await queue_due(session)


@handles(Attend)
async def attend_one(message: Attend, session: AsyncSession) -> None:
    await attend(session, message.subscription)


@handles(Collect)
async def collect_payment(message: Collect) -> None:
    with patience():
        await collect(message)


@handles(LookFor)
async def look_for_payment(message: LookFor) -> None:
    with patience():
        await look_for(message.organisation, message.payment)


@handles(SendRefund)
async def send_one_refund(message: SendRefund) -> None:
    with patience():
        await send_refund(message.organisation, message.refund)


@handles(EndSubscription)
async def end_subscription(message: EndSubscription) -> None:
    with patience():
        await end_now(message.organisation, message.subscription, because=message.because)


@handles(KeepPending)
async def keep_what_is_to_come(message: KeepPending) -> None:
    with patience():
        await keep_pending(message.organisation, message.subscription)


@handles(PassOn)
async def pass_on_cancellation(message: PassOn) -> None:
    with patience():
        await pass_on(message.organisation, message.subscription, by=message.by)


@handles(RemindDue, system="billing: subscriptions with something coming")
async def remind_due(message: RemindDue, session: AsyncSession) -> None:
    await queue_reminders(session)


@handles(CheckRefunds, system="billing: refunds that a provider has not decided on")
async def check_refunds(message: CheckRefunds, session: AsyncSession) -> None:
    await queue_undecided(session)


@handles(Remind)
async def remind_one(message: Remind, session: AsyncSession) -> None:
    await attend(session, message.subscription)
    await remind(session, message.subscription)


@on(PaymentRecorded)
async def when_paid(fact: PaymentRecorded, session: AsyncSession) -> None:
    payment = await session.get_one(Payment, fact.payment)
    await tell_of_payment(session, payment)
    await claim_card(session, payment.organisation_id, payment.product)


@on(PaymentFailed)
async def when_not_paid(fact: PaymentFailed, session: AsyncSession) -> None:
    payment = await session.get_one(Payment, fact.payment)
    await settle_failure(session, payment.id)
    if payment.subscription_id:
        await remind(session, payment.subscription_id)


@on(RefundRecorded)
async def when_refunded(fact: RefundRecorded, session: AsyncSession) -> None:
    refund = await session.get_one(Refund, fact.refund)
    payment = await session.get_one(Payment, refund.payment_id)
    await lock(session, payment.organisation_id, payment.product)
    await take_back(session, payment, refund)
    await tell_of_refund(session, refund)


@on(DisputeChanged)
async def when_disputed(fact: DisputeChanged, session: AsyncSession) -> None:
    dispute = await session.get_one(Dispute, fact.dispute)
    payment = await session.get_one(Payment, dispute.payment_id)
    await follow(session, dispute, fact.state)
    await lock(session, payment.organisation_id, payment.product)
    await session.refresh(dispute)
    await settle_dispute(session, dispute)
    if fact.state == DisputeState.LOST:
        await bar(session, payment.organisation_id, payment.product)


@on(SubscriptionChanged)
async def when_changed(fact: SubscriptionChanged, session: AsyncSession) -> None:
    row = await session.get_one(Subscription, fact.subscription)
    await tell_of_change(session, row, await session.get_one(SubscriptionEvent, fact.entry))
    if fact.to_state in ("past_due", "suspended"):
        await remind(session, row.id)
