from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from browsing import Visitor, open_browser
from business import Business
from playwright.async_api import Browser
from programs import UNHURRIED


@pytest.fixture(scope="session")
def business(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Business]:
    """One business for all journeys of this process; each makes its own people."""
    # Programs say from where they call, so that they do not use up each other's limits.
    settings = {"VERF_LIMITS_TRUSTED_PROXIES": "127.0.0.1"}
    running = Business(tmp_path_factory.mktemp("business"), settings=settings).start()
    yield running
    assert running.stop() == 0, running.output


@pytest.fixture(scope="session")
def unhurried(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Business]:
    """One business for programs that ask a thousand things in a row; each makes its own people."""
    running = Business(tmp_path_factory.mktemp("unhurried"), settings=UNHURRIED).start()
    yield running
    assert running.stop() == 0, running.output


@pytest.fixture(scope="session")
async def browser(chromium: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Browser]:
    async with open_browser(chromium, tmp_path_factory.mktemp("chromium")) as opened:
        yield opened


@pytest.fixture
async def visitor(browser: Browser, business: Business, request: pytest.FixtureRequest) -> AsyncIterator[Visitor]:
    """A person with a browser; the test fails on any console error, CSP violation or failed request."""
    wishes = getattr(request, "param", {})
    person = await Visitor.arrive(browser, business.url, **wishes)
    yield person
    await person.leave()


@pytest.fixture
def here() -> Path:
    return Path(__file__).parent
