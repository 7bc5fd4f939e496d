"""Friends bring friends: 30 days for who brought, 7 for who came, once their money cannot go back any more."""

import secrets
from datetime import timedelta
from uuid import UUID

from sqlalchemy import and_, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from verf.billing import grants
from verf.billing.gifts import end_of_access, plan_to_give
from verf.billing.models import Dispute, Payment, Referral, ReferralCode
from verf.billing.settings import BillingSettings
from verf.billing.states import DisputeState, PaymentState
from verf.billing.trials import unaliased
from verf.errors import Conflict
from verf.identity import people_of as find_people
from verf.kit import new_id, now
from verf.organisations import organisation_of, people_of
from verf.settings import load
from verf.web import _

ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
LENGTH = 8
# Who has been here for longer was not brought by anybody.
NEW_FOR = timedelta(days=30)
AT_ONCE = 200


class ReferralRefused(Conflict):
    """This organisation was not brought by that one; the message says why."""


async def referral_code(session: AsyncSession, organisation: UUID) -> str:
    """The code of an organisation's link, the same every time."""
    made = "".join(secrets.choice(ALPHABET) for _ in range(LENGTH))
    values = {"id": new_id(), "organisation_id": organisation, "code": made, "created_at": now()}
    await session.execute(insert(ReferralCode).values(values).on_conflict_do_nothing())
    query = select(ReferralCode.code).where(ReferralCode.organisation_id == organisation)
    return (await session.scalars(query)).one()


async def inviter_of(session: AsyncSession, code: str) -> UUID | None:
    """Whose link this is. Wants the system's scope."""
    return await session.scalar(select(ReferralCode.organisation_id).where(ReferralCode.code == code.strip().lower()))


async def follow(session: AsyncSession, code: str, invited: UUID) -> UUID:
    """Note that this organisation came by that link; refused for oneself, for old customers and for a second time.

    Wants the system's scope, since it looks at two organisations.
    """
    inviter = await inviter_of(session, code)
    if inviter is None:
        raise ReferralRefused(_("This invitation link is not known."))
    await _refuse_abuse(session, inviter, invited)
    values = {"id": new_id(), "inviter": inviter, "invited": invited, "product": "", "state": "signed_up"}
    values |= {"reason": "", "details": {}, "created_at": now()}
    made: UUID | None = await session.scalar(
        insert(Referral).values(values).on_conflict_do_nothing().returning(Referral.id)
    )
    if made is None:
        raise ReferralRefused(_("You have come by an invitation already."))
    return made


async def qualify(session: AsyncSession, payment: UUID) -> None:
    """The first payment of somebody who was brought: the reward is due when it cannot be refunded any more."""
    row = await session.get(Payment, payment)
    if row is None or row.state != PaymentState.PAID or row.amount == 0:
        return
    await session.execute(
        update(Referral)
        .where(Referral.invited == row.organisation_id, Referral.state == "signed_up")
        .values(
            state="qualified",
            payment_id=row.id,
            product=row.product,
            due_at=max(row.occurred_at, now()) + load(BillingSettings).refund_window,
        )
    )


async def reward_due(session: AsyncSession) -> int:
    """Give what has come due; how many. Wants the system's scope."""
    query = (
        select(Referral)
        .where(Referral.state == "qualified", Referral.due_at <= now())
        .order_by(Referral.due_at)
        .limit(AT_ONCE)
        .with_for_update(skip_locked=True)
    )
    due = list(await session.scalars(query))
    for referral in due:
        await _decide(session, referral)
    return len(due)


async def claw_back(session: AsyncSession, payment: UUID) -> None:
    """The money went back: so do the days, or they are never given."""
    query = select(Referral).where(Referral.payment_id == payment).with_for_update()
    referral = await session.scalar(query)
    if referral is None or referral.state not in ("qualified", "rewarded"):
        return
    for side, organisation in (("inviter", referral.inviter), ("invited", referral.invited)):
        await grants.revoke(
            session,
            organisation,
            source="referral",
            source_ref=f"{referral.id}:{side}",
            because="the payment went back",
        )
    referral.state, referral.reason = "clawed_back", "the payment went back"


async def referrals_of(session: AsyncSession, inviter: UUID) -> dict[str, int]:
    """How many an organisation has brought, by state. Wants the system's scope."""
    query = select(Referral.state, func.count()).where(Referral.inviter == inviter).group_by(Referral.state)
    return {state: count for state, count in await session.execute(query)}  # noqa: C416


async def _refuse_abuse(session: AsyncSession, inviter: UUID, invited: UUID) -> None:
    ours, theirs = await _inboxes(session, inviter), await _inboxes(session, invited)
    if inviter == invited or ours & theirs:
        raise ReferralRefused(_("You cannot invite yourself."))
    paid = select(Payment.id).where(Payment.organisation_id == invited, Payment.state == PaymentState.PAID).limit(1)
    is_new = (await organisation_of(session, invited)).created_at > now() - NEW_FOR
    if not is_new or await session.scalar(paid):
        raise ReferralRefused(_("Invitations are for new customers."))


async def _inboxes(session: AsyncSession, organisation: UUID) -> set[str]:
    people = await find_people(session, await people_of(session, organisation))
    return {unaliased(person.email) for person in people.values()}


async def _decide(session: AsyncSession, referral: Referral) -> None:
    payment = await session.get(Payment, referral.payment_id)
    if payment is None or payment.refunded > 0 or await _is_disputed(session, payment.id):
        referral.state, referral.reason = "rejected", "the payment went back"
        return
    settings = load(BillingSettings)
    await _give(session, referral, referral.invited, "invited", settings.referral_days_invited)
    referral.state, referral.rewarded_at = "rewarded", now()
    if await _rewarded_this_month(session, referral) >= settings.referral_cap:
        referral.reason = "the inviter's cap of the month"
        return
    await _give(session, referral, referral.inviter, "inviter", settings.referral_days_inviter)
    await session.flush()


async def _give(session: AsyncSession, referral: Referral, organisation: UUID, side: str, days: int) -> None:
    start = await end_of_access(session, organisation, referral.product)
    await grants.give(
        session,
        organisation,
        referral.product,
        source="referral",
        source_ref=f"{referral.id}:{side}",
        plan_version=await plan_to_give(session, organisation, referral.product),
        starts_at=start,
        ends_at=start + timedelta(days=days),
    )


async def _is_disputed(session: AsyncSession, payment: UUID) -> bool:
    query = select(Dispute.id).where(Dispute.payment_id == payment, Dispute.state != DisputeState.WON).limit(1)
    return await session.scalar(query) is not None


async def _rewarded_this_month(session: AsyncSession, referral: Referral) -> int:
    """Rewards of the inviter in the last 30 days, this one not counted. One inviter is looked at by one at a time."""
    await session.execute(
        select(func.pg_advisory_xact_lock(func.hashtextextended(f"billing-referrals:{referral.inviter}", 0)))
    )
    query = select(func.count()).where(
        and_(
            Referral.inviter == referral.inviter,
            Referral.id != referral.id,
            Referral.rewarded_at > now() - timedelta(days=30),
            or_(Referral.reason == "", Referral.state == "clawed_back"),
        )
    )
    return int(await session.scalar(query) or 0)
