"""Staff's word about one feature, above all plans, grants and holds, until it runs out or is lifted."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import delete, or_, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from verf.audit import record
from verf.billing.declarations import entitlements_of
from verf.billing.grants import access_changed
from verf.billing.models import OverrideRow
from verf.errors import Conflict, Invalid
from verf.kit import new_id, now
from verf.web import _


class NothingOverridden(Conflict):
    """It was lifted before, or never was said."""


async def override(  # noqa: PLR0913 - who, what, how much, how long, why
    session: AsyncSession,
    organisation: UUID,
    product: str,
    feature: str,
    *,
    by: UUID,
    because: str,
    amount: int | None = None,
    until: datetime | None = None,
    is_allowed: bool = True,
) -> None:
    """Allowed, `amount` of it, or forbidden; None is as much as the plan gives. It takes the place of an earlier word.

    The customer is told `because`.
    """
    declared = entitlements_of(product).get(feature)
    if declared is None:
        raise Invalid(_("This product has no such feature."), fields={"feature": _("Choose one of the options.")})
    if (amount is not None and amount < 0) or (until is not None and until <= now()):
        raise Invalid(_("This cannot be said: below zero, or over before it begins."))
    said = {
        "is_allowed": is_allowed,
        "amount": amount if is_allowed and declared.kind != "switch" else None,
        "because": because,
        "until": until,
        "made_by": by,
        "made_at": now(),
    }
    before = await session.scalar(select(OverrideRow).where(*_of(organisation, product, feature)).with_for_update())
    old = _told(before) if before else None
    where = {"id": new_id(), "organisation_id": organisation, "product": product, "feature": feature}
    statement = insert(OverrideRow).values(**where, **said)
    await session.execute(
        statement.on_conflict_do_update(index_elements=["organisation_id", "product", "feature"], set_=said)
    )
    row = await session.scalar(
        select(OverrideRow).where(*_of(organisation, product, feature)).execution_options(populate_existing=True)
    )
    if row:
        await _note(session, by, "billing.overridden", organisation, before=old, after=_told(row))
    await access_changed(session, organisation, product)


async def lift_override(
    session: AsyncSession, organisation: UUID, product: str, feature: str, *, by: UUID, because: str
) -> None:
    """Plans and grants decide again."""
    gone = delete(OverrideRow).where(*_of(organisation, product, feature)).returning(OverrideRow)
    row = await session.scalar(gone)
    if row is None:
        raise NothingOverridden(_("This was lifted before."))
    after = {"product": product, "feature": feature, "because": because}
    await _note(session, by, "billing.override-lifted", organisation, before=_told(row), after=after)
    await access_changed(session, organisation, product)


async def overrides_of(session: AsyncSession, organisation: UUID, product: str) -> list[OverrideRow]:
    """Those that hold now."""
    query = select(OverrideRow).where(
        OverrideRow.organisation_id == organisation,
        OverrideRow.product == product,
        or_(OverrideRow.until.is_(None), OverrideRow.until > now()),
    )
    return list(await session.scalars(query.order_by(OverrideRow.feature)))


def _of(organisation: UUID, product: str, feature: str) -> tuple[Any, ...]:
    return (
        OverrideRow.organisation_id == organisation,
        OverrideRow.product == product,
        OverrideRow.feature == feature,
    )


def _told(row: OverrideRow) -> dict[str, Any]:
    return {
        "product": row.product,
        "feature": row.feature,
        "is_allowed": row.is_allowed,
        "amount": row.amount,
        "until": row.until.isoformat() if row.until else None,
        "because": row.because,
    }


async def _note(
    session: AsyncSession, by: UUID, action: str, organisation: UUID, *, before: Any, after: dict[str, Any]
) -> None:
    await record(session, f"staff:{by}", action, f"organisation:{organisation}", before=before, after=after)
