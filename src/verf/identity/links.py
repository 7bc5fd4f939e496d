"""Links in mails: written, used once, and clear about why they cannot be used."""

from datetime import timedelta
from uuid import UUID

from sqlalchemy import delete, func, select, update
from sqlalchemy.ext.asyncio import AsyncSession

from verf.errors import Conflict, Invalid
from verf.identity.link_tokens import Purpose, unsign
from verf.identity.models import LinkRow
from verf.kit import new_id, now
from verf.web import _

LIFETIMES: dict[Purpose, timedelta] = {"verify": timedelta(hours=24), "reset": timedelta(hours=1)}
# A new password by mail also ends what a stranger, signing up with the address, may have left waiting to be confirmed.
SPENDS: dict[Purpose, tuple[Purpose, ...]] = {"verify": ("verify",), "reset": ("verify", "reset")}
KEPT = timedelta(days=7)
# So that nobody's mailbox is flooded by somebody who knows only its address.
MAILS_PER_HOUR = 5


class LinkNotValid(Invalid):
    """Cut short by a mail program, or never ours."""


class LinkUsed(Conflict):
    """It did its work already."""


class LinkExpired(Conflict):
    """A new one can be asked for."""


async def new_link(
    session: AsyncSession,
    person: UUID,
    purpose: Purpose,
    *,
    password_hash: str | None = None,
    device_hash: bytes | None = None,
) -> UUID | None:
    """The id of a new link, or None when this person was sent enough of them within the hour."""
    moment = now()
    recent = select(func.count()).where(LinkRow.person_id == person, LinkRow.created_at > moment - timedelta(hours=1))
    if (await session.scalar(recent) or 0) >= MAILS_PER_HOUR:
        return None
    row = LinkRow(
        id=new_id(),
        person_id=person,
        purpose=purpose,
        password_hash=password_hash,
        device_hash=device_hash,
        created_at=moment,
        expires_at=moment + LIFETIMES[purpose],
    )
    session.add(row)
    await session.flush()
    return row.id


async def look_at(session: AsyncSession, token: str, purpose: Purpose) -> LinkRow:
    """The link if it can still be used; consumes nothing."""
    return await _usable(session, token, purpose)


async def consume(session: AsyncSession, token: str, purpose: Purpose) -> LinkRow:
    """Use the link up, and with it the others that say the same: of two clicks at once exactly one gets here."""
    row = await _usable(session, token, purpose, lock=True)
    others = update(LinkRow).where(LinkRow.person_id == row.person_id, LinkRow.purpose.in_(SPENDS[purpose]))
    await session.execute(others.where(LinkRow.used_at.is_(None)).values(used_at=now()))
    return row


async def forget_old_links(session: AsyncSession) -> None:
    """A week after it expired a link is only "not complete", no longer "expired"."""
    await session.execute(delete(LinkRow).where(LinkRow.expires_at < now() - KEPT))


async def _usable(session: AsyncSession, token: str, purpose: Purpose, *, lock: bool = False) -> LinkRow:
    wanted = unsign(token, purpose)
    query = select(LinkRow).where(LinkRow.id == wanted, LinkRow.purpose == purpose)
    row = await session.scalar(query.with_for_update() if lock else query) if wanted else None
    if row is None:
        raise LinkNotValid(_("This link is not complete. Copy all of it from the mail, or ask for a new one."))
    if row.used_at is not None:
        raise LinkUsed(_("This link was used already, or a newer one was."))
    if row.expires_at <= now():
        raise LinkExpired(_("This link has expired. Ask for a new one."))
    return row
