"""Who is this: people, their passwords and sessions, and the staff of the house.

Not a place for what people own or may do together: that is organisations.
"""

from verf.identity.access import CurrentPerson, CurrentViewer, SignedIn, StaffMember, staff
from verf.identity.cookies import keep_device
from verf.identity.credentials import apply, new_hash
from verf.identity.email_addresses import normalise
from verf.identity.facts import EmailVerificationRequested, PasswordResetRequested, SessionStolen, SignUpRepeated
from verf.identity.link_tokens import reset_link, verification_link
from verf.identity.middleware import SignIn
from verf.identity.people import find_person, list_people, people_of, person_of
from verf.identity.registration import Application, register, vouch_for
from verf.identity.sessions import choose_organisation
from verf.identity.staff_members import add_staff
from verf.identity.viewers import Person, PersonId, StaffRole, Viewer, access_query

__all__ = [
    "Application",
    "CurrentPerson",
    "CurrentViewer",
    "EmailVerificationRequested",
    "PasswordResetRequested",
    "Person",
    "PersonId",
    "SessionStolen",
    "SignIn",
    "SignUpRepeated",
    "SignedIn",
    "StaffMember",
    "StaffRole",
    "Viewer",
    "access_query",
    "add_staff",
    "apply",
    "choose_organisation",
    "find_person",
    "keep_device",
    "list_people",
    "new_hash",
    "normalise",
    "people_of",
    "person_of",
    "register",
    "reset_link",
    "staff",
    "verification_link",
    "vouch_for",
]
