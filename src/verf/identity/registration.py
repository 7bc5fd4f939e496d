"""Signing up, and proving the address. What strangers see never says whether an address is known."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from verf.audit import record
from verf.identity.facts import EmailVerificationRequested, SignUpRepeated
from verf.identity.links import consume, new_link
from verf.identity.models import PersonRow
from verf.identity.people import person_of
from verf.identity.sessions import end_all, hash_device
from verf.identity.viewers import Person, PersonId
from verf.jobs import announce
from verf.kit import new_id, now


@dataclass(frozen=True, kw_only=True)
class Application:
    """Somebody who wants in: address normalised, password hashed, the browser they came with."""

    email: str
    password_hash: str
    name: str = ""
    locale: str = "en"
    device: str | None = None


@dataclass(frozen=True)
class Confirmation:
    """`same_device`: the link was opened in the browser that asked for it."""

    person: Person
    same_device: bool


async def register(session: AsyncSession, application: Application) -> Person | None:
    """The new person, or None when the address is taken: then only its owner is told, by mail."""
    query = insert(PersonRow).values(
        id=new_id(),
        email=application.email,
        name=application.name.strip(),
        locale=application.locale,
        password_hash=application.password_hash,
        created_at=now(),
    )
    added = await session.scalar(query.on_conflict_do_nothing(index_elements=["email"]).returning(PersonRow.id))
    if added is None:
        await _tell_owner(session, application)
        return None
    await _send_link(session, added, application)
    await record(session, f"person:{added}", "identity.signed-up", f"person:{added}")
    return await person_of(session, added)


async def _tell_owner(session: AsyncSession, application: Application) -> None:
    person = (await session.scalars(select(PersonRow).where(PersonRow.email == application.email))).one()
    if person.disabled_at is not None:
        return
    if person.verified_at is None:
        await _send_link(session, person.id, application)
        return
    token = await new_link(session, person.id, "reset")
    if token:
        await announce(session, SignUpRepeated(person.id, token))


async def _send_link(session: AsyncSession, person: UUID, application: Application) -> None:
    """The link carries its own password: else a stranger who signed up with this address first would know it."""
    device = hash_device(application.device)
    password = application.password_hash
    token = await new_link(session, person, "verify", password_hash=password, device_hash=device)
    if token:
        await announce(session, EmailVerificationRequested(person, token))


async def resend_verification(session: AsyncSession, person: Person) -> None:
    """Another link, unless the address is confirmed already or enough were sent."""
    if person.verified:
        return
    token = await new_link(session, person.id, "verify")
    if token:
        await announce(session, EmailVerificationRequested(person.id, token))


async def confirm(session: AsyncSession, token: str, *, device: str | None) -> Confirmation:
    """Use the link in the mail. The session, if any, is begun by the caller and only for the same device."""
    link = await consume(session, token, "verify")
    person = await session.get_one(PersonRow, link.person_id, with_for_update=True)
    person.verified_at = person.verified_at or now()
    if link.password_hash and link.password_hash != person.password_hash:
        person.password_hash = link.password_hash
        await end_all(session, person.id, because="password-changed")
    await session.flush()
    await record(session, f"person:{person.id}", "identity.address-confirmed", f"person:{person.id}")
    same = link.device_hash is not None and link.device_hash == hash_device(device)
    return Confirmation(await person_of(session, PersonId(person.id)), same)


async def vouch_for(session: AsyncSession, application: Application) -> Person:
    """A person whose address needs no mail: made by the house itself. Repeating changes nothing."""
    query = insert(PersonRow).values(
        id=new_id(),
        email=application.email,
        name=application.name,
        locale=application.locale,
        password_hash=application.password_hash,
        created_at=now(),
        verified_at=now(),
    )
    await session.execute(query.on_conflict_do_nothing(index_elements=["email"]))
    unconfirmed = update(PersonRow).where(PersonRow.email == application.email, PersonRow.verified_at.is_(None))
    await session.execute(unconfirmed.values(verified_at=now()))
    person = (await session.scalars(select(PersonRow.id).where(PersonRow.email == application.email))).one()
    return await person_of(session, person)
