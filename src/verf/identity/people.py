"""Finding people and changing what they say about themselves."""

from collections.abc import Sequence
from uuid import UUID

from sqlalchemy import Select, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from verf.errors import Invalid, NotFound
from verf.identity.models import PersonRow, StaffRow
from verf.identity.viewers import Person, PersonId
from verf.web import _

LONGEST_NAME = 120


class PersonNotFound(NotFound):
    """There is no such person, or not any more."""


async def person_of(session: AsyncSession, person: UUID) -> Person:
    found = (await session.execute(_people().where(PersonRow.id == person))).one_or_none()
    if found is None:
        raise PersonNotFound(_("There is no such person."))
    return _person(*found)


async def people_of(session: AsyncSession, ids: Sequence[UUID]) -> dict[PersonId, Person]:
    rows = await session.execute(_people().where(PersonRow.id.in_(ids)))
    people = (_person(*row) for row in rows)
    return {person.id: person for person in people}


async def find_person(session: AsyncSession, email: str) -> Person | None:
    """By normalised address."""
    found = (await session.execute(_people().where(PersonRow.email == email))).one_or_none()
    return _person(*found) if found else None


async def list_people(
    session: AsyncSession, *, search: str = "", after: UUID | None = None, limit: int = 50
) -> list[Person]:
    """For staff: newest first, by part of the address or name."""
    query = _people().order_by(PersonRow.id.desc()).limit(limit)
    if search:
        part = f"%{search.casefold()}%"
        query = query.where(PersonRow.email.like(part) | PersonRow.name.ilike(part))
    if after:
        query = query.where(PersonRow.id < after)
    return [_person(*row) for row in await session.execute(query)]


async def introduce(session: AsyncSession, person: UUID, *, name: str, locale: str) -> None:
    """Change what the person is called and which language we speak to them."""
    if len(name) > LONGEST_NAME:
        message = _("Use at most %(count)s characters.", count=LONGEST_NAME)
        raise Invalid(message, fields={"name": message})
    await session.execute(update(PersonRow).where(PersonRow.id == person).values(name=name.strip(), locale=locale))


def _people() -> Select[PersonRow, str | None]:
    return select(PersonRow, StaffRow.role).outerjoin(StaffRow, StaffRow.person_id == PersonRow.id)


def _person(row: PersonRow, staff_role: str | None) -> Person:
    return Person(
        id=PersonId(row.id),
        email=row.email,
        name=row.name,
        locale=row.locale,
        verified=row.verified_at is not None,
        staff_role=staff_role,  # type: ignore[arg-type]  # the table's check constraint knows the three roles
    )
