"""FastAPI's default would answer 200 and commit afterwards; ours answers what the commit said."""

from typing import Annotated

import httpx
import pytest
from fastapi import Depends, FastAPI
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from verf.database import transaction
from verf.web import Transaction, configure, install
from verf.web.transactions import request_transaction

BREAKS_AT_COMMIT = """
CREATE TEMP TABLE one (id int PRIMARY KEY);
CREATE TEMP TABLE other (one int REFERENCES one DEFERRABLE INITIALLY DEFERRED);
"""


async def break_later(session: AsyncSession) -> dict[str, str]:
    for statement in filter(str.strip, BREAKS_AT_COMMIT.split(";")):
        await session.execute(text(statement))
    await session.execute(text("INSERT INTO other VALUES (1)"))
    return {"state": "saved"}


@pytest.fixture
async def client(database):
    app = FastAPI()
    configure([])
    install(app)

    @app.post("/api/v1/ours")
    async def ours(session: Transaction) -> dict[str, str]:
        return await break_later(session)

    @app.post("/api/v1/default")
    async def default(session: Annotated[AsyncSession, Depends(request_transaction)]) -> dict[str, str]:
        return await break_later(session)

    @app.get("/api/v1/fine")
    async def fine(session: Transaction) -> int:
        return int(await session.scalar(text("SELECT 7")) or 0)

    transport = httpx.ASGITransport(app=app, raise_app_exceptions=False)
    async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000") as client:
        yield client


async def test_a_failed_commit_is_never_answered_as_success(client):
    answer = await client.post("/api/v1/ours")
    assert answer.status_code == 500
    assert answer.json()["code"] == "internal-error"


async def test_the_default_scope_would_have_lied(client):
    """When this fails, FastAPI has changed and the explicit scope may go."""
    assert (await client.post("/api/v1/default")).status_code == 200


async def test_a_transaction_serves_the_request(client):
    assert (await client.get("/api/v1/fine")).json() == 7
    async with transaction() as session:
        assert await session.scalar(text("SELECT 1")) == 1
