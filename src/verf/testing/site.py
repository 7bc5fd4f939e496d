"""The whole house in this process, and people who are signed in to it."""

from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from functools import cache
from itertools import count

import httpx
import pytest_asyncio
from fastapi import FastAPI

from verf.app import all_rooms, create_web, furnish
from verf.database import transaction
from verf.identity import Application, PersonId, new_hash
from verf.organisations import OrganisationId, memberships_of, settle
from verf.realtime import Hub
from verf.testing.database import CleanDatabase

ADDRESS = "http://127.0.0.1:8000"
PASSWORD = "grey tea in the harbour"  # noqa: S105  of people who live for one test

_numbers = count(1)
_hashes: dict[str, str] = {}


@dataclass(frozen=True)
class Member:
    """Somebody with an organisation of their own. `http` sends their access token, to the API and to pages."""

    person: PersonId
    organisation: OrganisationId
    email: str
    http: httpx.AsyncClient


class Site:
    """`await site.member()` makes a person; `site.http` is a stranger; `site.web` is the application itself."""

    def __init__(self, web: FastAPI, stack: AsyncExitStack) -> None:
        self.web, self._stack = web, stack
        self.http = self._client()

    async def member(self, name: str = "Anna") -> Member:
        """A confirmed owner of a new organisation, signed in."""
        email = f"{name.lower()}{next(_numbers)}@example.com"
        async with transaction(system="test makes a member") as session:
            application = Application(email=email, password_hash=await _hash(), name=name)
            person = await settle(session, application, organisation=f"{name} & Co")
            [membership] = await memberships_of(session, person.id)
        answer = await self.http.post("/api/v1/auth/login", json={"email": email, "password": PASSWORD})
        token = answer.raise_for_status().json()["access_token"]
        http = self._client({"Authorization": f"Bearer {token}"})
        return Member(person.id, membership.organisation, email, http)

    async def close(self) -> None:
        await self._stack.aclose()

    def _client(self, headers: dict[str, str] | None = None) -> httpx.AsyncClient:
        transport = httpx.ASGITransport(self.web, raise_app_exceptions=False)
        client = httpx.AsyncClient(transport=transport, base_url=ADDRESS, headers=headers or {})
        self._stack.push_async_callback(client.aclose)
        return client


async def _hash() -> str:
    """All have the same password, and making a hash of it is slow by design."""
    if PASSWORD not in _hashes:
        _hashes[PASSWORD] = await new_hash(PASSWORD)
    return _hashes[PASSWORD]


@cache
def _built() -> FastAPI:
    return create_web(all_rooms())


def whole_house() -> FastAPI:
    """All rooms and products that are installed. Built once, since it takes longer than most tests; furnished anew."""
    web = _built()
    furnish(all_rooms())
    return web


@pytest_asyncio.fixture(loop_scope="session")
async def site(database: CleanDatabase) -> AsyncIterator[Site]:
    """All rooms and products that are installed, on a clean database, with full quotas."""
    stack = AsyncExitStack()
    await stack.enter_async_context(Hub())
    house = Site(whole_house(), stack)
    yield house
    await house.close()
