"""Dependencies that say who may come in. The middleware has checked the session; nothing here asks the database.

They are coroutines though they wait for nothing: FastAPI takes each plain function to a thread and back.
"""

from collections.abc import Awaitable, Callable
from typing import Annotated

from fastapi import Depends, Request

from verf.errors import NotAllowed, NotSignedIn, Unavailable
from verf.identity.viewers import Person, StaffRole, Viewer
from verf.web import _

SAFE_METHODS = {"GET", "HEAD", "OPTIONS"}
STAFF_ROLES: tuple[StaffRole, ...] = ("support", "admin", "owner")


class EmailNotVerified(NotAllowed):
    """Until the address is confirmed an account can only read."""


class SessionsUnreachable(Unavailable):
    """Not the same as being signed out: nobody should be sent to sign in again because our database is away."""


def viewer_of(request: Request) -> Viewer:
    """Whoever is signed in, confirmed or not: for signing out, confirming, and one's own account."""
    viewer: Viewer | None = getattr(request.state, "viewer", None)
    if getattr(request.state, "viewer_unknown", False):
        raise SessionsUnreachable(_("We cannot look up who you are right now. Try again in a moment."))
    if viewer is None:
        raise NotSignedIn(_("Sign in first."))
    return viewer


async def signed_in(request: Request) -> Viewer:
    return viewer_of(request)


async def active_viewer(request: Request) -> Viewer:
    return active_viewer_of(request)


def active_viewer_of(request: Request) -> Viewer:
    """Whoever is signed in; changing things takes a confirmed address."""
    viewer = viewer_of(request)
    if not viewer.verified and request.method not in SAFE_METHODS:
        raise EmailNotVerified(
            _("Confirm your e-mail address first: until then you can look, but not change anything."),
            permission="verified-email",
        )
    return viewer


async def current_person(request: Request) -> Person:
    return active_viewer_of(request).person


def staff(role: StaffRole) -> Callable[[Request], Awaitable[Person]]:
    """A dependency: a member of staff with at least this role. Everyone else gets 403."""

    async def member(request: Request) -> Person:
        person = active_viewer_of(request).person
        if person.staff_role is None or STAFF_ROLES.index(person.staff_role) < STAFF_ROLES.index(role):
            raise NotAllowed(_("This is for the staff of the house."), permission=f"staff:{role}")
        return person

    return member


SignedIn = Annotated[Viewer, Depends(signed_in)]
CurrentViewer = Annotated[Viewer, Depends(active_viewer)]
CurrentPerson = Annotated[Person, Depends(current_person)]
StaffMember = Annotated[Person, Depends(staff("support"))]
