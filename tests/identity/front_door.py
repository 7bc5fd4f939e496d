from uuid import UUID

import httpx
from fastapi import FastAPI
from sqlalchemy import select

from verf.database import transaction
from verf.identity import CurrentPerson, SignIn, StaffMember, reset_link, verification_link
from verf.identity.manifest import room as identity
from verf.identity.models import LinkRow, PersonRow
from verf.limits import RateLimitHeaders
from verf.organisations import CurrentTenant, find_viewer
from verf.organisations.manifest import room as organisations
from verf.web import configure, install

# What hears of facts here: the house has no other rooms, whatever this process has imported before.
PRESENT = ("verf.identity", "verf.organisations", "tests")

PASSWORD = "a quiet harbour at dawn"
OTHER_PASSWORD = "seven green lighthouses"


def front_door() -> FastAPI:
    app = FastAPI()
    for room in (identity, organisations):
        for router in room.routers:
            app.include_router(router)

    @app.get("/api/v1/thing")
    async def read_thing(person: CurrentPerson) -> str:
        return person.email

    @app.post("/api/v1/thing")
    async def change_thing(tenant: CurrentTenant) -> str:
        return str(tenant.organisation)

    @app.get("/staff/thing")
    async def staff_thing(person: StaffMember) -> str:
        return person.email

    @app.get("/page")
    async def read_page(person: CurrentPerson) -> str:
        return person.email

    configure([identity, organisations])
    install(app)
    app.add_middleware(RateLimitHeaders)
    app.add_middleware(SignIn, look_up=find_viewer)
    return app


def browser(app: FastAPI, address: str = "203.0.113.7", **headers: str) -> httpx.AsyncClient:
    """Something with a cookie jar and an address of its own."""
    transport = httpx.ASGITransport(app=app, client=(address, 4711))
    return httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000", headers=headers)


async def register(client: httpx.AsyncClient, email: str, password: str = PASSWORD, **more: str) -> httpx.Response:
    return await client.post("/api/v1/auth/register", json={"email": email, "password": password, **more})


async def login(client: httpx.AsyncClient, email: str, password: str = PASSWORD) -> dict[str, str]:
    answer = await client.post("/api/v1/auth/login", json={"email": email, "password": password})
    assert answer.status_code == 200, answer.text
    return answer.json()


async def refresh(client: httpx.AsyncClient, token: str) -> httpx.Response:
    return await client.post("/api/v1/auth/refresh", json={"refresh_token": token})


async def verified(client: httpx.AsyncClient, email: str, password: str = PASSWORD) -> None:
    """Registered, and the link in the mail was used."""
    await register(client, email, password)
    answer = await client.post("/api/v1/auth/verify-email", json={"token": await newest_token(email, "verify")})
    assert answer.status_code == 200, answer.text


def bearer(tokens: dict[str, str]) -> dict[str, str]:
    return {"Authorization": f"Bearer {tokens['access_token']}"}


async def newest_token(email: str, purpose: str) -> str:
    link = await newest_link(email, purpose)
    return (verification_link(link) if purpose == "verify" else reset_link(link)).partition("token=")[2]


async def newest_link(email: str, purpose: str) -> UUID:
    query = select(LinkRow.id).join(PersonRow).where(PersonRow.email == email, LinkRow.purpose == purpose)
    async with transaction() as session:
        return (await session.scalars(query.order_by(LinkRow.id.desc()).limit(1))).one()
