"""The same front door as identity's tests."""

import os
import sys
import tempfile
from pathlib import Path

os.environ.setdefault("VERF_DATA", tempfile.mkdtemp(prefix="verf-organisations-"))
sys.path.insert(0, str(Path(__file__).parent.parent / "identity"))

import pytest
from front_door import PRESENT, browser, front_door, login, verified

from verf.jobs import heard_only_by
from verf.limits import start_afresh


@pytest.fixture
async def app(database):
    start_afresh()
    with heard_only_by(*PRESENT):
        yield front_door()


@pytest.fixture
async def anna(app):
    async with browser(app, "203.0.113.1") as client:
        yield await signed_in(client, "anna@example.com")


@pytest.fixture
async def boris(app):
    async with browser(app, "203.0.113.2") as client:
        yield await signed_in(client, "boris@example.com")


async def signed_in(client, email):
    """A client whose every request is signed."""
    await verified(client, email)
    client.headers["Authorization"] = f"Bearer {(await login(client, email))['access_token']}"
    me = (await client.get("/api/v1/auth/me")).json()
    client.person, client.organisation = me["id"], me["organisation"]["id"]
    return client
