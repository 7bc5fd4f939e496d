"""Which products the plan follows: the ones that came first, up to its limit over all shops.

The others stay in the list, with their sizes and history, and their numbers come back with a larger plan.
"""

from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from stock.permits import product_limit

# Two shops of one organisation that end their syncs at once take turns.
TURN = text("SELECT pg_advisory_xact_lock(hashtextextended('stock.following:' || :organisation, 0))")
FOLLOW = text("""
WITH ranked AS (
    SELECT id, row_number() OVER (ORDER BY id) <= :limit AS is_followed
    FROM stock.products WHERE organisation_id = :organisation
), changed AS (
    UPDATE stock.products product SET is_followed = ranked.is_followed
    FROM ranked WHERE product.id = ranked.id AND product.is_followed <> ranked.is_followed
    RETURNING product.id, product.is_followed
)
DELETE FROM stock.outlooks USING changed WHERE outlooks.product_id = changed.id AND NOT changed.is_followed
""")


async def follow(session: AsyncSession, organisation: UUID) -> None:
    """As the plan says now. An outlook is worked out again at the first sync that follows its product again."""
    limit = await product_limit(session, organisation)
    await session.execute(TURN, {"organisation": str(organisation)})
    await session.execute(FOLLOW, {"organisation": organisation, "limit": limit})
