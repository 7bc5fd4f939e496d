"""Access that staff gives and takes by hand, each time with a reason, in the audit log."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncSession

from verf.audit import record
from verf.billing import grants
from verf.billing.catalogue import catalogue
from verf.billing.declarations import entitlements_of
from verf.billing.models import Grant
from verf.errors import Conflict, Invalid
from verf.kit import now
from verf.web import _


class GrantGone(Conflict):
    """It was taken back before, or never was."""


async def give_plan(
    session: AsyncSession, organisation: UUID, product: str, plan: str, *, days: int, by: UUID, because: str, key: str
) -> None:
    """From now on for so many days, beside whatever else there is. The same key gives once."""
    version = (await catalogue()).current(product, plan)
    given = await grants.give(
        session,
        organisation,
        product,
        source="staff",
        source_ref=key,
        plan_version=version.id,
        starts_at=now(),
        ends_at=now() + timedelta(days=days),
    )
    if given:
        await _note(session, by, "billing.plan-given", organisation, because, plan=plan, product=product, days=days)


async def give_feature(  # noqa: PLR0913 - the same
    session: AsyncSession,
    organisation: UUID,
    product: str,
    feature: str,
    *,
    amount: int | None,
    days: int,
    by: UUID,
    because: str,
    key: str,
) -> None:
    declared = entitlements_of(product).get(feature)
    if declared is None:
        raise Invalid(_("This product has no such feature."), fields={"feature": _("Choose one of the options.")})
    given = await grants.give(
        session,
        organisation,
        product,
        source="staff",
        source_ref=key,
        feature=feature,
        amount=None if declared.kind == "switch" else amount,
        starts_at=now(),
        ends_at=now() + timedelta(days=days),
    )
    if given:
        await _note(
            session, by, "billing.feature-given", organisation, because, feature=feature, amount=amount, days=days
        )


async def take_back(session: AsyncSession, organisation: UUID, grant: UUID, *, by: UUID, because: str) -> None:
    """This one grant, now; the row stays and says why."""
    taken = await session.scalar(
        update(Grant)
        .where(Grant.organisation_id == organisation, Grant.id == grant, Grant.revoked_at.is_(None))
        .values(revoked_at=now(), revoked_because=f"staff: {because}")
        .returning(Grant.product)
    )
    if taken is None:
        raise GrantGone(_("This was taken back before."))
    await grants.access_changed(session, organisation, taken)
    await _note(session, by, "billing.grant-revoked", organisation, because, grant=str(grant))


async def _note(
    session: AsyncSession, by: UUID, action: str, organisation: UUID, because: str, **what: str | int | datetime | None
) -> None:
    after = {**what, "because": because}
    await record(session, f"staff:{by}", action, f"organisation:{organisation}", after=after)
