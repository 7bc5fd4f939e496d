"""What pages and programs do alike with addresses and passwords, limits and logs included."""

from fastapi import Request

from verf.database import transaction
from verf.errors import Invalid
from verf.identity import sign_in as signing_in
from verf.identity.cookies import device_of
from verf.identity.email_addresses import normalise
from verf.identity.password_changes import change_password, password_hash_of
from verf.identity.password_rules import check_password
from verf.identity.passwords import hash_password, password_matches
from verf.identity.registration import Application
from verf.identity.sessions import Origin, Tokens, end_all
from verf.identity.viewers import Viewer
from verf.limits import failed, guard, succeeded
from verf.web import _, locale


class WrongPassword(Invalid):
    """The field is `current_password`."""


async def count(request: Request, email: str) -> str:
    """Count an attempt with this address, or raise that there were too many; return the address normalised."""
    normal = normalise(email)
    await guard(request, "credentials", account=normal)
    return normal


async def sign_in(request: Request, email: str, password: str, origin: Origin) -> Tokens:
    """A new session. Pages and programs share one count."""
    normal = normalise(email)
    await guard(request, "credentials", account=normal, purpose="sign-in")
    try:
        tokens = await signing_in.sign_in(normal, password, origin)
    except signing_in.WrongCredentials:
        await failed(request, account=normal)
        raise
    await succeeded(request, account=normal)
    return tokens


async def new_hash(password: str, *, email: str = "") -> str:
    """The hash of a password that follows the rules."""
    check_password(password, email=email)
    return await hash_password(password)


async def apply(request: Request, *, email: str, password: str, name: str) -> Application:
    """What somebody who signs up asks for, counted and checked. Takes as long for an address that is taken."""
    normal = await count(request, email)
    password_hash = await new_hash(password, email=normal)
    return Application(email=normal, password_hash=password_hash, name=name, locale=locale(), device=device_of(request))


async def change(request: Request, viewer: Viewer, *, current: str, new: str, end_others: bool) -> None:
    person = viewer.person
    await guard(request, "credentials", account=person.email, purpose="change-password")
    async with transaction() as session:
        kept = await password_hash_of(session, person.id)
    if not await password_matches(current, kept):
        await failed(request, account=person.email)
        message = _("This is not your password.")
        raise WrongPassword(message, fields={"current_password": message})
    password_hash = await new_hash(new, email=person.email)
    async with transaction() as session:
        await change_password(session, person.id, password_hash)
        if end_others:
            await end_all(session, person.id, because="password-changed", keep=viewer.session)
