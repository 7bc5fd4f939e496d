"""Access is given and taken here, and read nowhere else. Giving twice gives once."""

from datetime import datetime
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from verf.billing.access import forget
from verf.billing.models import Grant
from verf.database import after_commit
from verf.kit import new_id, now
from verf.realtime import organisation_topic, publish


async def give(  # noqa: PLR0913 - a grant says who, what, why and for how long
    session: AsyncSession,
    organisation: UUID,
    product: str,
    *,
    source: str,
    source_ref: str,
    starts_at: datetime,
    ends_at: datetime | None,
    plan_version: UUID | None = None,
    feature: str = "",
    amount: int | None = None,
    grace_until: datetime | None = None,
    subscription: UUID | None = None,
) -> UUID | None:
    """The id of the new grant; None when this source has given this before."""
    values = {
        "id": new_id(),
        "organisation_id": organisation,
        "product": product,
        "source": source,
        "source_ref": source_ref,
        "plan_version_id": plan_version,
        "feature": feature,
        "amount": amount,
        "subscription_id": subscription,
        "starts_at": starts_at,
        "ends_at": ends_at,
        "grace_until": grace_until,
        "revoked_because": "",
        "created_at": now(),
    }
    statement = insert(Grant).values(values).on_conflict_do_nothing().returning(Grant.id)
    given = await session.scalar(statement)
    if given is not None:
        await access_changed(session, organisation, product)
    return given


async def revoke(session: AsyncSession, organisation: UUID, *, source: str, source_ref: str, because: str) -> int:
    """Take away now what this source gave; the row stays and says why. How many were taken."""
    statement = (
        update(Grant)
        .where(
            Grant.organisation_id == organisation,
            Grant.source == source,
            Grant.source_ref == source_ref,
            Grant.revoked_at.is_(None),
        )
        .values(revoked_at=now(), revoked_because=because)
        .returning(Grant.product)
    )
    products = list(await session.scalars(statement))
    for product in set(products):
        await access_changed(session, organisation, product)
    return len(products)


async def restore(session: AsyncSession, organisation: UUID, *, source: str, source_ref: str, because: str) -> None:
    """Give back what was taken for this reason, and for no other."""
    statement = (
        update(Grant)
        .where(
            Grant.organisation_id == organisation,
            Grant.source == source,
            Grant.source_ref == source_ref,
            Grant.revoked_because == because,
        )
        .values(revoked_at=None, revoked_because="")
        .returning(Grant.product)
    )
    for product in set(await session.scalars(statement)):
        await access_changed(session, organisation, product)


async def grants_of(session: AsyncSession, organisation: UUID, product: str) -> list[Grant]:
    query = (
        select(Grant)
        .where(Grant.organisation_id == organisation, Grant.product == product)
        .order_by(Grant.starts_at, Grant.id)
    )
    return list(await session.scalars(query))


async def access_changed(session: AsyncSession, organisation: UUID, product: str) -> None:
    """Every process forgets what it knew of this organisation's access, and open pages read again."""
    # This process at once, so that whoever made the change also sees it.
    after_commit(session, lambda: forget(organisation, product))
    await publish(session, organisation_topic(organisation, "access"), data={"product": product})
