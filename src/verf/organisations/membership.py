"""Organisations and who belongs to them."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import cast
from uuid import UUID

from sqlalchemy import delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from verf.audit import record
from verf.errors import Conflict, Invalid, NotAllowed, NotFound
from verf.identity import Person, PersonId
from verf.identity import people_of as people_by_id
from verf.kit import new_id, now
from verf.manifest import Role
from verf.organisations.models import MemberRow, OrganisationRow
from verf.organisations.tenants import OrganisationId, Tenant
from verf.web import _

LONGEST_NAME = 120


class LastOwner(Conflict):
    """An organisation always has somebody who can decide about it."""


class NotAMember(NotFound):
    """Not in this organisation, or not any more."""


@dataclass(frozen=True)
class Organisation:
    id: OrganisationId
    name: str
    created_at: datetime


@dataclass(frozen=True)
class Membership:
    organisation: OrganisationId
    name: str
    role: Role


@dataclass(frozen=True)
class Member:
    person: Person
    role: Role
    joined_at: datetime


async def found(session: AsyncSession, person: UUID, name: str) -> OrganisationId:
    """A new organisation with its first owner."""
    row = OrganisationRow(id=new_id(), name=_checked(name), created_at=now())
    session.add(row)
    await session.flush()
    await join(session, OrganisationId(row.id), person, role="owner")
    return OrganisationId(row.id)


async def join(session: AsyncSession, organisation: OrganisationId, person: UUID, *, role: Role) -> None:
    session.add(MemberRow(organisation_id=organisation, person_id=person, role=role, joined_at=now()))
    await session.flush()


async def organisation_of(session: AsyncSession, organisation: UUID) -> Organisation:
    row = await session.get(OrganisationRow, organisation)
    if row is None:
        raise NotFound(_("There is no such organisation."))
    return Organisation(OrganisationId(row.id), row.name, row.created_at)


async def list_organisations(
    session: AsyncSession,
    *,
    search: str = "",
    only: Collection[UUID] | None = None,
    after: UUID | None = None,
    limit: int = 50,
) -> list[Organisation]:
    """For staff: newest first, by part of the name, or those of these ids."""
    query = select(OrganisationRow).order_by(OrganisationRow.id.desc()).limit(limit)
    if only is not None:
        query = query.where(OrganisationRow.id.in_(only))
    if search:
        query = query.where(OrganisationRow.name.ilike(f"%{search}%"))
    if after:
        query = query.where(OrganisationRow.id < after)
    return [Organisation(OrganisationId(row.id), row.name, row.created_at) for row in await session.scalars(query)]


async def rename(session: AsyncSession, organisation: OrganisationId, name: str) -> None:
    query = update(OrganisationRow).where(OrganisationRow.id == organisation)
    await session.execute(query.values(name=_checked(name)))


async def memberships_of(session: AsyncSession, person: UUID) -> list[Membership]:
    """Where a person belongs, in the order of joining. Needs a transaction without a scope."""
    query = (
        select(MemberRow.organisation_id, OrganisationRow.name, MemberRow.role)
        .join(OrganisationRow, OrganisationRow.id == MemberRow.organisation_id)
        .where(MemberRow.person_id == person)
        .order_by(MemberRow.id)
    )
    return [Membership(OrganisationId(row[0]), row[1], cast("Role", row[2])) for row in await session.execute(query)]


async def owners_of(session: AsyncSession, organisation: UUID) -> list[PersonId]:
    query = select(MemberRow.person_id).where(MemberRow.organisation_id == organisation, MemberRow.role == "owner")
    return [PersonId(person) for person in await session.scalars(query.order_by(MemberRow.id))]


async def people_of(session: AsyncSession, organisation: UUID) -> list[PersonId]:
    query = select(MemberRow.person_id).where(MemberRow.organisation_id == organisation)
    return [PersonId(person) for person in await session.scalars(query.order_by(MemberRow.id))]


async def members_of(session: AsyncSession, organisation: UUID) -> Sequence[Member]:
    rows = await session.scalars(
        select(MemberRow).where(MemberRow.organisation_id == organisation).order_by(MemberRow.id)
    )
    members = rows.all()
    people = await people_by_id(session, [row.person_id for row in members])
    return [Member(people[PersonId(row.person_id)], cast("Role", row.role), row.joined_at) for row in members]


async def change_role(session: AsyncSession, tenant: Tenant, person: UUID, role: Role) -> None:
    """Owners are made and unmade by owners only."""
    row = await _locked(session, tenant.organisation, person)
    if "owner" in (role, row.role) and not tenant.may("owner"):
        raise NotAllowed(_("Only an owner can change who owns the organisation."), permission="organisation:owner")
    if row.role == "owner" and role != "owner":
        await _keep_an_owner(session, tenant.organisation)
    await record(
        session,
        f"person:{tenant.person}",
        "organisations.role-changed",
        f"person:{person}",
        before={"role": row.role},
        after={"role": role},
    )
    row.role = role
    await session.flush()


async def remove(session: AsyncSession, tenant: Tenant, person: UUID) -> None:
    """Somebody else, or oneself: leaving. What they opened in this organisation is closed with the commit."""
    row = await _locked(session, tenant.organisation, person)
    if row.role == "owner":
        if not tenant.may("owner"):
            raise NotAllowed(_("Only an owner can remove an owner."), permission="organisation:owner")
        await _keep_an_owner(session, tenant.organisation)
    await session.execute(delete(MemberRow).where(MemberRow.id == row.id))
    await record(session, f"person:{tenant.person}", "organisations.member-removed", f"person:{person}")


async def check_membership(session: AsyncSession, organisation: UUID, person: UUID) -> None:
    """Foreign organisations are not there, rather than forbidden."""
    query = select(MemberRow.id).where(MemberRow.organisation_id == organisation, MemberRow.person_id == person)
    if await session.scalar(query) is None:
        raise NotFound(_("There is no such organisation."))


async def _locked(session: AsyncSession, organisation: UUID, person: UUID) -> MemberRow:
    # The organisation first, so that two owners cannot leave at the same moment.
    await session.execute(select(OrganisationRow.id).where(OrganisationRow.id == organisation).with_for_update())
    query = select(MemberRow).where(MemberRow.organisation_id == organisation, MemberRow.person_id == person)
    row = await session.scalar(query)
    if row is None:
        raise NotAMember(_("This person does not belong to your organisation."))
    return row


async def _keep_an_owner(session: AsyncSession, organisation: UUID) -> None:
    owners = select(func.count()).where(MemberRow.organisation_id == organisation, MemberRow.role == "owner")
    if (await session.scalar(owners) or 0) < 2:
        raise LastOwner(_("An organisation needs an owner. Make somebody else an owner first."))


def _checked(name: str) -> str:
    tidy = " ".join(name.split())
    if not tidy or len(tidy) > LONGEST_NAME:
        message = _("Give the organisation a name of at most %(count)s characters.", count=LONGEST_NAME)
        raise Invalid(message, fields={"name": message})
    return tidy
