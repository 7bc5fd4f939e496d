"""A person's "no more of these": by the link in the mail, without signing in, at once."""

import re
from dataclasses import dataclass

from sqlalchemy import ColumnElement, delete, exists, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from verf.errors import NotFound
from verf.kit import new_id, now
from verf.notifications.models import Delivery, Notification, OptOut
from verf.settings import House, load
from verf.web import lazy as _

TOKEN = re.compile(r"[A-Za-z0-9_-]{1,100}")
INCOMPLETE = _("This link is not complete. Copy all of it from the mail.")


class UnsubscribeLinkUnknown(NotFound):
    """The link was cut short or is not ours."""


@dataclass(frozen=True)
class Subscription:
    """One kind of mail to one person, seen from the link in one of them."""

    notice: str
    subject: str
    is_on: bool


def unsubscribe_url(token: str) -> str:
    return f"{load(House).url}/unsubscribe/{token}"


async def subscription_of(session: AsyncSession, token: str) -> Subscription:
    delivery, notification = await _mail(session, token)
    wanted = not await is_unwanted(session, notification)
    return Subscription(notification.notice, delivery.subject, wanted)


async def unsubscribe(session: AsyncSession, token: str) -> None:
    """Doing it twice is doing it once."""
    _delivery, notification = await _mail(session, token)
    row = {"id": new_id(), "person_id": notification.person_id, "notice": notification.notice, "created_at": now()}
    await session.execute(insert(OptOut).values(row).on_conflict_do_nothing())


async def resubscribe(session: AsyncSession, token: str) -> None:
    _delivery, notification = await _mail(session, token)
    await session.execute(delete(OptOut).where(_same_kind(notification)))


async def is_unwanted(session: AsyncSession, notification: Notification) -> bool:
    return bool(await session.scalar(select(exists().where(_same_kind(notification)))))


def _same_kind(notification: Notification) -> ColumnElement[bool]:
    return (OptOut.person_id == notification.person_id) & (OptOut.notice == notification.notice)


async def _mail(session: AsyncSession, token: str) -> tuple[Delivery, Notification]:
    if not TOKEN.fullmatch(token):
        raise UnsubscribeLinkUnknown(INCOMPLETE)
    query = select(Delivery, Notification).join(Notification, Notification.id == Delivery.notification_id)
    found = (await session.execute(query.where(Delivery.unsubscribe_token == token))).one_or_none()
    if found is None:
        raise UnsubscribeLinkUnknown(INCOMPLETE)
    return found[0], found[1]
