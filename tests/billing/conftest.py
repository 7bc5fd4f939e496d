"""People, prices and intents to bill; pictures are drawn by hand, as a provider would show them."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import pytest
from books import Books

from verf.jobs import heard_only_by


@pytest.fixture
async def books(database):
    with heard_only_by("verf.billing", "verf.notifications", "verf.organisations", "verf.identity"):
        yield await Books.open()
