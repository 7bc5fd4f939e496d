"""Organisations, as staff looks for them: by name, by the address of one of their people, by id."""

from collections.abc import Iterable
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from verf.identity import find_person, normalise
from verf.organisations import list_organisations, memberships_of

MOST_FOUND = 200


async def names_of(session: AsyncSession, organisations: Iterable[UUID | None]) -> dict[UUID, str]:
    wanted = {each for each in organisations if each is not None}
    if not wanted:
        return {}
    found = await list_organisations(session, only=wanted, limit=len(wanted))
    return {each.id: each.name for each in found}


async def found_by(session: AsyncSession, search: str) -> list[UUID]:
    """Nobody, when nothing fits."""
    if exact := _id(search):
        return [exact]
    if "@" in search:
        person = await find_person(session, normalise(search))
        return [each.organisation for each in await memberships_of(session, person.id)] if person else []
    return [each.id for each in await list_organisations(session, search=search, limit=MOST_FOUND)]


def _id(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
