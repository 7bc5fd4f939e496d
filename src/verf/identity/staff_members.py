"""The people who run the house, and the person the sandbox makes for them."""

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from verf.audit import record
from verf.identity.email_addresses import normalise
from verf.identity.models import StaffRow
from verf.identity.people import PersonNotFound, find_person, person_of
from verf.identity.viewers import Person, StaffRole
from verf.kit import now
from verf.web import _


async def add_staff(session: AsyncSession, email: str, role: StaffRole = "support") -> Person:
    """Give somebody who signed up already a role in the house; again to change it."""
    person = await find_person(session, normalise(email))
    if person is None:
        raise PersonNotFound(_("Nobody has signed up with %(email)s yet.", email=email))
    added = insert(StaffRow).values(person_id=person.id, role=role, added_at=now())
    await session.execute(added.on_conflict_do_update(index_elements=["person_id"], set_={"role": role}))
    if person.staff_role != role:
        await record(session, "system", "identity.staff-added", f"person:{person.id}", after={"role": role})
    return await person_of(session, person.id)


async def remove_staff(session: AsyncSession, email: str) -> None:
    person = await find_person(session, normalise(email))
    if person:
        await session.execute(delete(StaffRow).where(StaffRow.person_id == person.id))
