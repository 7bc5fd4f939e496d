"""The one statement behind every signed-in request: session, person and membership together."""

from uuid import UUID

from sqlalchemy import lateral, select, true

from verf.database import reading_primary
from verf.identity import Person, PersonId, Viewer, access_query
from verf.kit import now
from verf.organisations.models import MemberRow, OrganisationRow

_access = access_query().subquery("access")
# The organisation chosen in this session while the person still belongs to it, else the one joined first.
_membership = lateral(
    select(
        MemberRow.organisation_id.label("member_of"), MemberRow.role, OrganisationRow.name.label("organisation_name")
    )
    .join(OrganisationRow, OrganisationRow.id == MemberRow.organisation_id)
    .where(MemberRow.person_id == _access.c.person_id)
    .order_by((MemberRow.organisation_id == _access.c.organisation_id).desc().nulls_last(), MemberRow.id)
    .limit(1)
).alias("membership")
_statement = select(_access, _membership.c.member_of, _membership.c.role, _membership.c.organisation_name).select_from(
    _access.outerjoin(_membership, true())
)


async def find_viewer(session: UUID) -> Viewer | None:
    """Whose session this is, or None when it is over. Asks the primary: a replica may not know yet who signed out."""
    async with reading_primary() as line:
        rows = await line.execute(_statement, {"session": session, "moment": now()})
    if not rows:
        return None
    found = rows[0]
    person = Person(
        id=PersonId(found["person_id"]),
        email=found["email"],
        name=found["name"],
        locale=found["locale"],
        verified=found["verified"],
        staff_role=found["staff_role"],
    )
    return Viewer(
        person=person,
        session=found["session_id"],
        organisation=found["member_of"],
        organisation_name=found["organisation_name"] or "",
        role=found["role"],
    )
