"""From an address and a password to a session. Hashing takes long, so no transaction is open while it runs."""

from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import select, update
from sqlalchemy.ext.asyncio import AsyncSession

from verf.database import transaction
from verf.errors import NotAllowed, NotSignedIn
from verf.identity.models import PersonRow
from verf.identity.passwords import hash_password, needs_rehash, password_matches
from verf.identity.sessions import Origin, Tokens, begin
from verf.telemetry import log
from verf.web import _


class WrongCredentials(NotSignedIn):
    """The same for a wrong password and for an address nobody has."""


class AccountDisabled(NotAllowed):
    """Said only to those who know the password."""


@dataclass(frozen=True, slots=True)
class _Credentials:
    person: UUID
    password_hash: str | None
    disabled: bool


async def sign_in(email: str, password: str, origin: Origin) -> Tokens:
    """A new session; opens its own transactions, one before and one after the password is checked."""
    async with transaction() as session:
        known = await _credentials_of(session, email)
    if not await password_matches(password, known.password_hash if known else None) or known is None:
        log(__name__).warning("sign-in refused", reason="credentials", ip=origin.ip, known=known is not None)
        raise WrongCredentials(_("The e-mail address or the password is wrong."))
    if known.disabled:
        log(__name__).warning("sign-in refused", reason="disabled", ip=origin.ip, person=str(known.person))
        raise AccountDisabled(
            _("This account was closed. Write to us if you think that is a mistake."), permission="account"
        )
    old, new = known.password_hash, None
    if old and needs_rehash(old):
        new = await hash_password(password)
    async with transaction() as session:
        if new:
            await _rehash(session, known.person, old, new)
        return await begin(session, known.person, origin)


async def _credentials_of(session: AsyncSession, email: str) -> _Credentials | None:
    query = select(PersonRow.id, PersonRow.password_hash, PersonRow.disabled_at).where(PersonRow.email == email)
    found = (await session.execute(query)).one_or_none()
    return _Credentials(found.id, found.password_hash, found.disabled_at is not None) if found else None


async def _rehash(session: AsyncSession, person: UUID, old: str | None, new: str) -> None:
    # Only if nobody changed the password while we were hashing.
    unchanged = update(PersonRow).where(PersonRow.id == person, PersonRow.password_hash == old)
    await session.execute(unchanged.values(password_hash=new))
