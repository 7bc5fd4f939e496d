"""How an organisation buys: its lead time and how often it orders."""

from uuid import UUID

from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from stock import demand
from stock.models import Policy
from stock.settings import StockSettings
from verf.settings import load


async def policy_of(session: AsyncSession, organisation: UUID) -> demand.Policy:
    kept = await session.get(Policy, organisation)
    chosen = kept or load(StockSettings)
    return demand.Policy(
        lead_days=chosen.lead_days,
        lead_deviation=chosen.lead_deviation_days,
        review_days=chosen.review_days,
    )


async def keep_policy(
    session: AsyncSession, organisation: UUID, *, lead_days: int, lead_deviation_days: int, review_days: int
) -> None:
    """The numbers of the next sync follow it."""
    values = {"lead_days": lead_days, "lead_deviation_days": lead_deviation_days, "review_days": review_days}
    statement = insert(Policy).values(organisation_id=organisation, **values)
    await session.execute(statement.on_conflict_do_update(index_elements=["organisation_id"], set_=values))
