"""Who is asking, and for which organisation."""

from dataclasses import dataclass
from typing import NewType
from uuid import UUID

from verf.identity import PersonId
from verf.manifest import Role

OrganisationId = NewType("OrganisationId", UUID)

# Each may do what those before it may.
ROLES: tuple[Role, ...] = ("viewer", "member", "admin", "owner")


@dataclass(frozen=True, slots=True)
class Tenant:
    person: PersonId
    organisation: OrganisationId
    role: Role

    def may(self, role: Role) -> bool:
        return ROLES.index(self.role) >= ROLES.index(role)
