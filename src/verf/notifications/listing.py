"""What was sent to whom, for staff."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from sqlalchemy import or_, select
from sqlalchemy.ext.asyncio import AsyncSession

from verf.notifications.models import Delivery, Notification


@dataclass(frozen=True)
class MailSent:
    """`state`: waiting, sent, bounced, failed, suppressed, unwanted, nobody."""

    id: UUID
    person: UUID
    notice: str
    channel: str
    state: str
    address: str
    subject: str
    attempts: int
    last_error: str
    created_at: datetime
    finished_at: datetime | None


async def recent_mails(
    session: AsyncSession, *, search: str = "", state: str = "", before: UUID | None = None, limit: int = 50
) -> list[MailSent]:
    """Newest first; `before` is the id of the last one seen."""
    query = select(Delivery, Notification).join(Notification, Notification.id == Delivery.notification_id)
    if state:
        query = query.where(Delivery.state == state)
    if search:
        part = f"%{search.strip()}%"
        query = query.where(or_(Delivery.address.ilike(part), Delivery.subject.ilike(part)))
    if before:
        query = query.where(Delivery.id < before)
    rows = await session.execute(query.order_by(Delivery.id.desc()).limit(limit))
    return [_mail(delivery, notification) for delivery, notification in rows]


def _mail(delivery: Delivery, notification: Notification) -> MailSent:
    return MailSent(
        id=delivery.id,
        person=notification.person_id,
        notice=notification.notice,
        channel=delivery.channel,
        state=delivery.state,
        address=delivery.address,
        subject=delivery.subject,
        attempts=delivery.attempts,
        last_error=delivery.last_error,
        created_at=delivery.created_at,
        finished_at=delivery.finished_at,
    )
