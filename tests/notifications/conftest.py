import sys
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest

# The package `letters` lies beside this file: a room that has something to say.
sys.path.insert(0, str(Path(__file__).parent))

from letters import room as letters

from verf.database import transaction
from verf.identity import Application, Person, vouch_for
from verf.identity.manifest import room as identity
from verf.kit import set_offset
from verf.notifications import configure, forget_smtp, use_smtp
from verf.notifications.manifest import room as notifications
from verf.sandbox import Mailbox, SmtpServer
from verf.web import configure as configure_pages
from verf.web.manifest import room as web

ROOMS = [web, identity, notifications, letters]


@pytest.fixture(autouse=True)
def furnished_house():
    configure_pages(ROOMS)
    configure(ROOMS)
    yield
    set_offset(timedelta())


@pytest.fixture
async def mailbox(tmp_path: Path) -> AsyncIterator[Mailbox]:
    """What arrives at a real mail server, through a real socket."""
    async with SmtpServer(tmp_path, port=0) as server:
        use_smtp(server.host, server.port)
        yield Mailbox(tmp_path)
        forget_smtp()


@pytest.fixture
def person(database):
    async def sign_up(email: str = "anna@example.org", name: str = "Anna", locale: str = "en") -> Person:
        async with transaction() as session:
            return await vouch_for(session, Application(email=email, password_hash="x", name=name, locale=locale))

    return sign_up
