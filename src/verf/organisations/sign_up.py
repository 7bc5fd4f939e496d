"""Signing up makes two things at once: a person, and the organisation they work in."""

from sqlalchemy.ext.asyncio import AsyncSession

from verf.identity import Application, Person, register, vouch_for
from verf.organisations.membership import found, memberships_of


async def sign_up(session: AsyncSession, application: Application, *, organisation: str = "") -> None:
    """Says nothing about whether the address was free: that is told by mail."""
    person = await register(session, application)
    if person:
        await found(session, person.id, organisation or person.called)


async def settle(session: AsyncSession, application: Application, *, organisation: str) -> Person:
    """A confirmed person with an organisation, made by the house itself for its sandbox. Repeating changes nothing."""
    person = await vouch_for(session, application)
    if not await memberships_of(session, person.id):
        await found(session, person.id, organisation)
    return person
