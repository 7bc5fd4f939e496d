"""Addresses that no mail goes to any more, kept as hashes."""

import hashlib

from sqlalchemy import delete, exists, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from verf.kit import new_id, now
from verf.notifications.models import Suppression

LONGEST_REASON = 500


async def suppress(session: AsyncSession, address: str, *, because: str) -> None:
    row = {"id": new_id(), "address_hash": _hash(address), "reason": because[:LONGEST_REASON], "created_at": now()}
    await session.execute(insert(Suppression).values(row).on_conflict_do_nothing())


async def is_suppressed(session: AsyncSession, address: str) -> bool:
    return bool(await session.scalar(select(exists().where(Suppression.address_hash == _hash(address)))))


async def lift_suppression(session: AsyncSession, address: str) -> None:
    """The mailbox works again, says its owner or our staff."""
    await session.execute(delete(Suppression).where(Suppression.address_hash == _hash(address)))


def _hash(address: str) -> str:
    return hashlib.sha256(address.strip().casefold().encode()).hexdigest()
