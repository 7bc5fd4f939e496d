"""What the page and the API do alike when somebody signs up."""

from dataclasses import dataclass

from fastapi import Request

from verf.database import transaction
from verf.identity import Application, count_attempt, new_hash
from verf.organisations.sign_up import sign_up
from verf.web import locale


@dataclass(frozen=True, kw_only=True)
class Registration:
    email: str
    password: str
    name: str = ""
    organisation: str = ""


async def receive(request: Request, registration: Registration, *, device: str) -> str:
    """Takes equally long and answers alike whether or not the address is taken; returns the address normalised."""
    email = await count_attempt(request, registration.email)
    password_hash = await new_hash(registration.password, email=email)
    application = Application(
        email=email, password_hash=password_hash, name=registration.name, locale=locale(), device=device
    )
    async with transaction() as session:
        await sign_up(session, application, organisation=registration.organisation)
    return email
