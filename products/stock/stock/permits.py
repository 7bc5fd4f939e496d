"""What the plan of an organisation permits: asked before anything is read from a shop or written for it.

Looking at what was read is never forbidden; whoever has no plan any more keeps it as it was.
"""

from datetime import timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from stock.plans import PRODUCTS, SYNC_MINUTES
from stock.settings import StockSettings
from verf.billing import Entitlements, entitlements, first_use, refusal
from verf.organisations import Tenant
from verf.settings import load

STOCK = "stock"
# For who has no plan, and is not synchronised anyway.
RARELY = timedelta(hours=2)


async def demand_plan(session: AsyncSession, tenant: Tenant) -> Entitlements:
    """PaymentRequired (402) without a plan; the first use of the tracker begins the trial."""
    known = await first_use(session, tenant.organisation, STOCK, person=tenant.person)
    if not known.is_open:
        raise refusal(known.decide(PRODUCTS, wanted=0), STOCK)
    return known


async def may_work(session: AsyncSession, organisation: UUID) -> bool:
    """Whether its shops are synchronised."""
    return (await first_use(session, organisation, STOCK)).is_open


async def is_paused(session: AsyncSession, organisation: UUID) -> bool:
    """It had a plan and has none now: nothing is read, and what was read stays."""
    known = await entitlements(organisation, STOCK, session)
    return known.has_ever and not known.is_open


async def sync_every(session: AsyncSession, organisation: UUID) -> timedelta:
    known = (await entitlements(organisation, STOCK, session)).decide(SYNC_MINUTES, wanted=0)
    return timedelta(minutes=known.limit) if known.allowed and known.limit else RARELY


async def product_limit(session: AsyncSession, organisation: UUID) -> int:
    """How many products of all its shops are followed. The house has a limit of its own above all plans."""
    house: int = load(StockSettings).product_limit
    known = (await entitlements(organisation, STOCK, session)).decide(PRODUCTS, wanted=0)
    if not known.allowed:
        return 0
    return house if known.limit is None else min(house, known.limit)
