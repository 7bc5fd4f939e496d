"""Who is looking: what every request knows after its session was checked."""

from dataclasses import dataclass
from typing import Literal, NewType
from uuid import UUID

from sqlalchemy import Select, bindparam, select

from verf.identity.models import PersonRow, SessionRow, StaffRow

PersonId = NewType("PersonId", UUID)
SessionId = NewType("SessionId", UUID)

StaffRole = Literal["support", "admin", "owner"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Person:
    id: PersonId
    email: str
    name: str
    locale: str
    verified: bool
    staff_role: StaffRole | None = None

    @property
    def is_staff(self) -> bool:
        return self.staff_role is not None

    @property
    def called(self) -> str:
        """The name, or what stands before the @ for those who gave none."""
        return self.name or self.email.partition("@")[0]


@dataclass(frozen=True, kw_only=True, slots=True)
class Viewer:
    """A person with the session in use and the organisation chosen in it (None before there is one)."""

    person: Person
    session: UUID
    organisation: UUID | None = None
    organisation_name: str = ""
    role: str | None = None

    @property
    def name(self) -> str:
        return self.person.called

    @property
    def email(self) -> str:
        return self.person.email

    @property
    def verified(self) -> bool:
        return self.person.verified

    @property
    def locale(self) -> str:
        return self.person.locale

    @property
    def is_staff(self) -> bool:
        return self.person.is_staff

    @property
    def initials(self) -> str:
        words = self.name.replace(".", " ").replace("_", " ").split()
        return "".join(word[0] for word in words[:2]).upper()


def access_query() -> Select[UUID, UUID | None, UUID, str, str, str, bool, str | None]:
    """A Core select by primary key, for the one room above that joins memberships onto it; parameter `session`.

    One statement answers whether a session lives, whose it is and what they may do, so every request can ask.
    """
    return (
        select(
            SessionRow.id.label("session_id"),
            SessionRow.organisation_id.label("organisation_id"),
            PersonRow.id.label("person_id"),
            PersonRow.email.label("email"),
            PersonRow.name.label("name"),
            PersonRow.locale.label("locale"),
            PersonRow.verified_at.is_not(None).label("verified"),
            StaffRow.role.label("staff_role"),
        )
        .join(PersonRow, PersonRow.id == SessionRow.person_id)
        .outerjoin(StaffRow, StaffRow.person_id == PersonRow.id)
        .where(
            SessionRow.id == bindparam("session"),
            SessionRow.ended_at.is_(None),
            SessionRow.expires_at > bindparam("moment"),
            PersonRow.disabled_at.is_(None),
        )
    )
