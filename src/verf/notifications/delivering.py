"""Bring one delivery to its end: load, send with no transaction open, mark.

A crash between the server's "250 OK" and our mark sends the mail once more, with the same Message-ID: SMTP has no
idempotency key, and a mail too many is better than one too few. Everything slow is done before that moment.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from email.message import EmailMessage
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from verf.database import transaction
from verf.identity import Person, PersonId, people_of
from verf.jobs import TryLater
from verf.kit import now
from verf.notifications.answers import MailRefused, MailServerAway
from verf.notifications.carrying import send
from verf.notifications.catalogue import Entry, entry_of
from verf.notifications.composing import Reader, envelope, write
from verf.notifications.identity_mails import data_of
from verf.notifications.models import Delivery, Notification
from verf.notifications.opting_out import is_unwanted, unsubscribe_url
from verf.notifications.suppressing import is_suppressed, suppress
from verf.telemetry import log

GIVE_UP_AFTER = timedelta(days=4)
# After the n-th failure; the last one repeats.
PAUSES = [timedelta(seconds=seconds) for seconds in (5, 30, 120, 300, 900, 1800, 3600)]


@dataclass(frozen=True)
class Errand:
    """All that is needed to write one mail, read in one transaction."""

    delivery: UUID
    entry: Entry
    person: Person
    data: dict[str, Any]
    unsubscribe_url: str

    def message(self) -> EmailMessage:
        reader = Reader(self.person.email, self.person.called, self.person.locale)
        data = data_of(self.entry.notice, self.person, self.data)
        letter = write(self.entry, data, reader, self.unsubscribe_url)
        return envelope(letter, reader, self.delivery, self.unsubscribe_url)


def pause_after(attempts: int) -> timedelta:
    return PAUSES[min(attempts, len(PAUSES)) - 1]


async def deliver(delivery: UUID) -> None:
    async with transaction() as session:
        errand = await _take_up(session, delivery)
    if errand is None:
        return
    message = errand.message()
    try:
        await send(message)
    except MailServerAway as problem:
        async with transaction() as session:
            again = await _postpone(session, errand, str(problem))
        if again:
            raise TryLater(after=again) from problem
    except MailRefused as refusal:
        async with transaction() as session:
            await _bounce(session, errand, refusal)
    else:
        async with transaction() as session:
            await _finish(session, errand.delivery, "sent", subject=message["Subject"])


async def _take_up(session: AsyncSession, identity: UUID) -> Errand | None:
    delivery = await session.get(Delivery, identity)
    if delivery is None or delivery.state != "waiting":
        return None
    notification = await session.get_one(Notification, delivery.notification_id)
    person = (await people_of(session, [notification.person_id])).get(PersonId(notification.person_id))
    if person is None:
        await _finish(session, identity, "nobody")
        return None
    delivery.address = person.email
    entry = entry_of(notification.notice)
    if await is_suppressed(session, person.email):
        await _finish(session, identity, "suppressed")
        return None
    if entry.notice.can_opt_out and await is_unwanted(session, notification):
        await _finish(session, identity, "unwanted")
        return None
    url = unsubscribe_url(delivery.unsubscribe_token) if entry.notice.can_opt_out else ""
    return Errand(identity, entry, person, notification.data, url)


async def _postpone(session: AsyncSession, errand: Errand, problem: str) -> timedelta | None:
    delivery = await session.get_one(Delivery, errand.delivery)
    delivery.attempts += 1
    delivery.last_error = problem
    if _is_hopeless(delivery.created_at):
        await _finish(session, errand.delivery, "failed")
        log(__name__).error("mail given up", delivery=str(errand.delivery), notice=errand.entry.notice.name)
        return None
    return pause_after(delivery.attempts)


def _is_hopeless(since: datetime) -> bool:
    return now() - since > GIVE_UP_AFTER


async def _bounce(session: AsyncSession, errand: Errand, refusal: MailRefused) -> None:
    delivery = await session.get_one(Delivery, errand.delivery)
    delivery.attempts += 1
    delivery.last_error = refusal.answer
    await _finish(session, errand.delivery, "bounced")
    if refusal.address:
        await suppress(session, refusal.address, because=f"bounced: {refusal.answer}")


async def _finish(session: AsyncSession, identity: UUID, state: str, *, subject: str = "") -> None:
    delivery = await session.get_one(Delivery, identity)
    delivery.state = state
    delivery.subject = subject or delivery.subject
    delivery.finished_at = now()
    await session.flush()
