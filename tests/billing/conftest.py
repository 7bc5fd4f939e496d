"""People, prices and intents to bill; pictures are drawn by hand, as a provider would show them."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from datetime import timedelta

import pytest
from books import Books
from counting import Counter
from harbour import open_harbour
from lives import somebody
from shop import SHOP

from verf.billing import configure
from verf.jobs import heard_only_by
from verf.kit import set_offset


@pytest.fixture
async def books(database):
    with heard_only_by("verf.billing", "verf.notifications", "verf.organisations", "verf.identity"):
        yield await Books.open()


@pytest.fixture
async def harbour(site):
    """The whole house and every simulated provider, in this process: see harbour.py."""
    async with open_harbour(site) as opened:
        yield opened


@pytest.fixture
async def anna(harbour, provider):
    """She has bought pro through the `provider` of whoever asks for her."""
    anna = await somebody(harbour)
    await harbour.buy(anna, "pro", provider=provider)
    return anna


@pytest.fixture
async def counter(database):
    """A customer of the test shop."""
    configure([SHOP])
    with heard_only_by("verf.billing", "verf.notifications", "verf.organisations", "verf.identity"):
        yield await Counter.open()
    configure([])
    set_offset(timedelta())
