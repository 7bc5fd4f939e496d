"""Mails about the account itself. Their links open accounts: made when the mail is written, and kept nowhere."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from pydantic import TypeAdapter
from sqlalchemy.ext.asyncio import AsyncSession

from verf.identity import Person, PersonId, reset_link, verification_link
from verf.manifest import Notice
from verf.notifications.catalogue import entry_of
from verf.notifications.sending import notify
from verf.settings import House, load


@dataclass(frozen=True)
class Occasion:
    """Kept with the notification: the id of the row that the link will name."""

    id: UUID


# By the names under which identity declares its notices.
LINKS: dict[str, Callable[[UUID], str]] = {
    "verify_email": verification_link,
    "reset_password": reset_link,
    "sign_up_repeated": reset_link,
    "session_stolen": lambda _session: f"{load(House).url}/account/sessions",
}


async def tell(session: AsyncSession, person: UUID, notice: str, occasion: UUID) -> None:
    await notify(session, PersonId(person), entry_of(notice).notice, Occasion(occasion), key=str(occasion))


def data_of(notice: Notice, person: Person, kept: dict[str, Any]) -> Any:
    """What the template gets: the kept data as the notice declares it, or for account mails a link made now."""
    link = LINKS.get(notice.name)
    if link is None:
        return TypeAdapter(notice.data).validate_python(kept)
    return notice.data(name=person.called, email=person.email, url=link(UUID(kept["id"])))
