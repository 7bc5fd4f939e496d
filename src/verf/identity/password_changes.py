"""Changing a password one knows, and replacing one that is lost."""

from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from verf.audit import record
from verf.identity.facts import PasswordResetRequested
from verf.identity.links import consume, new_link
from verf.identity.models import PersonRow
from verf.identity.people import person_of
from verf.identity.sessions import end_all
from verf.identity.viewers import Person
from verf.jobs import announce
from verf.kit import now


async def password_hash_of(session: AsyncSession, person: UUID) -> str | None:
    return await session.scalar(select(PersonRow.password_hash).where(PersonRow.id == person))


async def change_password(session: AsyncSession, person: UUID, password_hash: str) -> None:
    """The old password was checked by the caller. Other sessions stay: see `end_all`."""
    await session.execute(update(PersonRow).where(PersonRow.id == person).values(password_hash=password_hash))
    await record(session, f"person:{person}", "identity.password-changed", f"person:{person}")


async def request_reset(session: AsyncSession, email: str) -> None:
    """Writes to the owner of the address, if there is one; says nothing to anybody else."""
    query = select(PersonRow.id).where(PersonRow.email == email, PersonRow.disabled_at.is_(None))
    person = await session.scalar(query)
    token = await new_link(session, person, "reset") if person else None
    if person and token:
        await announce(session, PasswordResetRequested(person, token))


async def reset_password(session: AsyncSession, token: str, password_hash: str) -> Person:
    """Whoever reads the mails of the address decides; everyone signed in before is out."""
    link = await consume(session, token, "reset")
    person = await session.get_one(PersonRow, link.person_id, with_for_update=True)
    person.password_hash = password_hash
    person.verified_at = person.verified_at or now()
    await session.flush()
    await end_all(session, person.id, because="password-changed")
    await record(session, f"person:{person.id}", "identity.password-reset", f"person:{person.id}")
    return await person_of(session, person.id)
