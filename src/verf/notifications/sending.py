"""Ask for a person to be told something. What is asked for in a transaction that rolls back was never asked for."""

import secrets
from typing import Any
from uuid import UUID

from pydantic_core import to_jsonable_python
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from verf.identity import PersonId
from verf.jobs import enqueue
from verf.kit import new_id, now
from verf.manifest import Notice
from verf.notifications.messages import Deliver
from verf.notifications.models import Delivery, Notification


async def notify(session: AsyncSession, person: PersonId, notice: Notice, data: Any, *, key: str) -> UUID | None:
    """Tell `person` once per (notice, key), however often this runs; None when it was asked for before."""
    values = {
        "id": new_id(),
        "person_id": person,
        "notice": notice.name,
        "key": key,
        "data": to_jsonable_python(data),
        "created_at": now(),
    }
    statement = insert(Notification).values(values).on_conflict_do_nothing().returning(Notification.id)
    notification = await session.scalar(statement)
    if notification is None:
        return None
    if "email" in notice.channels:
        delivery = Delivery(
            id=new_id(), notification_id=notification, channel="email", unsubscribe_token=secrets.token_urlsafe(24)
        )
        session.add(delivery)
        await session.flush()
        await enqueue(session, Deliver(delivery.id))
    return notification
