"""What codes and friends ask of the worker: settled by what becomes of the payment."""

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy.ext.asyncio import AsyncSession

from verf.billing.facts import CheckoutClosed, DisputeChanged, PaymentRecorded, RefundRecorded
from verf.billing.gifts import move_gifts_behind
from verf.billing.messages import PutOff, PutOffDue
from verf.billing.models import Dispute, Payment, Refund
from verf.billing.patience import patience
from verf.billing.promo_codes import settle_redemption
from verf.billing.putting_off import put_off, queue_put_offs
from verf.billing.referrals import claw_back, qualify, reward_due
from verf.billing.states import DisputeState
from verf.jobs import handles, on
from verf.manifest import Schedule


@dataclass(frozen=True)
class RewardReferrals:
    """Give what friends have earned, now that the money stays."""


SCHEDULES = (
    Schedule(every=timedelta(hours=1), message=RewardReferrals),
    Schedule(every=timedelta(minutes=15), message=PutOffDue),
)


@on(CheckoutClosed)
async def settle_code(fact: CheckoutClosed, session: AsyncSession) -> None:
    await settle_redemption(session, fact.intent)


@on(PaymentRecorded, system="billing: a payment may have been brought by a friend")
async def count_friend(fact: PaymentRecorded, session: AsyncSession) -> None:
    await qualify(session, fact.payment)


@on(PaymentRecorded)
async def keep_gifts(fact: PaymentRecorded, session: AsyncSession) -> None:
    payment = await session.get_one(Payment, fact.payment)
    await move_gifts_behind(session, payment.organisation_id, payment.product)


@on(RefundRecorded, system="billing: days for a friend go back with the money")
async def take_back_after_refund(fact: RefundRecorded, session: AsyncSession) -> None:
    await claw_back(session, (await session.get_one(Refund, fact.refund)).payment_id)


@on(DisputeChanged, system="billing: days for a friend go back with the money")
async def take_back_after_dispute(fact: DisputeChanged, session: AsyncSession) -> None:
    if fact.state != DisputeState.WON:
        await claw_back(session, (await session.get_one(Dispute, fact.dispute)).payment_id)


@handles(RewardReferrals, system="billing: rewards for friends that have come due")
async def reward(message: RewardReferrals, session: AsyncSession) -> None:
    await reward_due(session)


@handles(PutOffDue, system="billing: charges that given days come before")
async def find_put_offs(message: PutOffDue, session: AsyncSession) -> None:
    await queue_put_offs(session)


@handles(PutOff, attempts=6)
async def put_off_charge(message: PutOff) -> None:
    with patience():
        await put_off(message.organisation, message.subscription)
