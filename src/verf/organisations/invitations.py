"""Asking somebody to join, with a link. Accepting takes being signed in, with whatever address one has."""

import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import sha256
from typing import cast
from uuid import UUID

from sqlalchemy import delete, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from verf.audit import record
from verf.errors import Conflict, Invalid, NotAllowed
from verf.identity import PersonId, find_person, normalise
from verf.kit import new_id, now
from verf.manifest import Role
from verf.organisations.membership import join, organisation_of
from verf.organisations.models import InvitationRow, MemberRow
from verf.organisations.tenants import OrganisationId, Tenant
from verf.settings import House, load, secret
from verf.web import _

LIFETIME = timedelta(days=7)
MOST_OPEN = 50


class InvitationNotValid(Invalid):
    """Cut short, or never ours."""


class InvitationOver(Conflict):
    """Used, withdrawn or too old."""


@dataclass(frozen=True)
class Invitation:
    id: UUID
    organisation: OrganisationId
    email: str
    role: Role
    invited_by: PersonId
    created_at: datetime
    expires_at: datetime

    @property
    def link(self) -> str:
        return f"{load(House).url}/invitation?token={sign(self.organisation, self.id)}"


async def invite(session: AsyncSession, tenant: Tenant, address: str, role: Role) -> UUID:
    """A new invitation; inviting the same address again replaces the one before."""
    email = normalise(address)
    if role == "owner" and not tenant.may("owner"):
        raise NotAllowed(_("Only an owner can invite another owner."), permission="organisation:owner")
    known = await find_person(session, email)
    if known and await _is_member(session, tenant.organisation, known.id):
        message = _("This person belongs to your organisation already.")
        raise Invalid(message, fields={"email": message})
    if len(await open_invitations(session, tenant.organisation)) >= MOST_OPEN:
        raise Conflict(_("Too many invitations are open. Withdraw some first."))
    await session.execute(
        delete(InvitationRow).where(InvitationRow.email == email, InvitationRow.answered_at.is_(None))
    )
    row = InvitationRow(
        id=new_id(),
        organisation_id=tenant.organisation,
        email=email,
        role=role,
        invited_by=tenant.person,
        created_at=now(),
        expires_at=now() + LIFETIME,
    )
    session.add(row)
    await session.flush()
    after = {"role": role}
    await record(session, f"person:{tenant.person}", "organisations.invited", f"invitation:{row.id}", after=after)
    return row.id


async def open_invitations(session: AsyncSession, organisation: UUID) -> list[Invitation]:
    query = select(InvitationRow).where(
        InvitationRow.organisation_id == organisation,
        InvitationRow.answered_at.is_(None),
        InvitationRow.expires_at > now(),
    )
    return [_invitation(row) for row in await session.scalars(query.order_by(InvitationRow.id))]


async def withdraw(session: AsyncSession, tenant: Tenant, invitation: UUID) -> None:
    """Withdrawing what is gone already changes nothing."""
    mine = InvitationRow.organisation_id == tenant.organisation
    await session.execute(delete(InvitationRow).where(InvitationRow.id == invitation, mine))


def sign(organisation: UUID, invitation: UUID) -> str:
    named = organisation.bytes + invitation.bytes
    return urlsafe_b64encode(named + _mac(named)).rstrip(b"=").decode()


def unsign(token: str) -> tuple[OrganisationId, UUID]:
    """The organisation, whose scope is needed to read the rest, and the invitation."""
    try:
        raw = urlsafe_b64decode(token.encode("ascii") + b"=" * (-len(token) % 4))
    except ValueError:
        raw = b""
    named = raw[:32]
    if not hmac.compare_digest(raw[32:], _mac(named)):
        raise InvitationNotValid(_("This link is not complete. Copy all of it."))
    return OrganisationId(UUID(bytes=named[:16])), UUID(bytes=named[16:])


async def look_at(session: AsyncSession, invitation: UUID) -> tuple[Invitation, str]:
    """The invitation and the name of the organisation; consumes nothing. In the scope of the organisation."""
    row = await _usable(session, invitation)
    organisation = await organisation_of(session, row.organisation_id)
    return _invitation(row), organisation.name


async def accept(session: AsyncSession, invitation: UUID, person: UUID) -> OrganisationId:
    """Join. Of two clicks at once one joins; somebody who belongs already keeps the role they have."""
    row = await _usable(session, invitation, lock=True)
    await session.execute(update(InvitationRow).where(InvitationRow.id == row.id).values(answered_at=now()))
    organisation = OrganisationId(row.organisation_id)
    if not await _is_member(session, organisation, person):
        await join(session, organisation, person, role=cast("Role", row.role))
        await record(session, f"person:{person}", "organisations.joined", f"invitation:{row.id}")
    return organisation


async def _usable(session: AsyncSession, invitation: UUID, *, lock: bool = False) -> InvitationRow:
    row = await session.get(InvitationRow, invitation, with_for_update=lock or None)
    if row is None or row.answered_at is not None or row.expires_at <= now():
        raise InvitationOver(_("This invitation was used, withdrawn, or is too old. Ask for a new one."))
    return row


async def _is_member(session: AsyncSession, organisation: UUID, person: UUID) -> bool:
    query = select(MemberRow.id).where(MemberRow.organisation_id == organisation, MemberRow.person_id == person)
    return await session.scalar(query) is not None


def _invitation(row: InvitationRow) -> Invitation:
    return Invitation(
        row.id,
        OrganisationId(row.organisation_id),
        row.email,
        cast("Role", row.role),
        PersonId(row.invited_by),
        row.created_at,
        row.expires_at,
    )


def _mac(named: bytes) -> bytes:
    return hmac.new(secret("invitations"), named, sha256).digest()
