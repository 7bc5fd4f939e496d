"""At 80 % and at 100 % of a quota its owners are told, once a window."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from verf.billing.facts import UsageReached
from verf.billing.terms import Given
from verf.jobs import announce

LEVELS = (80, 100)

# The condition makes one of all that crossed the line at once the one who tells.
TELL = text("""
UPDATE billing.usage_windows SET told = :level
WHERE id = :window AND organisation_id = :organisation AND told < :level
RETURNING used
""")


async def warn_if_crossed(
    session: AsyncSession, names: Mapping[str, Any], given: Given, amount: int, used: int
) -> None:
    """`used` is after `amount` more was counted. Costs nothing but for the one use that crosses."""
    level = crossed(given.amount, used - amount, used)
    if not level:
        return
    told = await session.scalar(
        TELL, {"level": level, "window": names["window"], "organisation": names["organisation"]}
    )
    if told is not None:
        fact = UsageReached(
            organisation=names["organisation"],
            product=names["product"],
            feature=names["feature"],
            window=names["window"],
            percent=level,
            limit=given.amount or 0,
            used=used,
        )
        await announce(session, fact)


def crossed(limit: int | None, before: int, after: int) -> int:
    """The highest level that lies between the two, in per cent; 0 when none does."""
    if not limit:
        return 0
    return max((level for level in LEVELS if _at(before, limit) < level <= _at(after, limit)), default=0)


def _at(used: int, limit: int) -> int:
    """Whole per cent, rounded down: 100 only when nothing is left."""
    hundred = LEVELS[-1]
    return used * hundred // limit
