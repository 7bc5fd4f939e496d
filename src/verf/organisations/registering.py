"""What the page and the API do alike when somebody signs up."""

from fastapi import Request

from verf.database import transaction
from verf.identity import Application, apply
from verf.organisations.sign_up import sign_up


async def receive(request: Request, *, email: str, password: str, name: str, organisation: str) -> Application:
    """Takes equally long and answers alike whether or not the address is taken."""
    application = await apply(request, email=email, password=password, name=name)
    async with transaction() as session:
        await sign_up(session, application, organisation=organisation)
    return application
