"""The worlds of the conformance suite, for what only one provider does."""

import sys
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1] / "conformance"))

import case_stripe
import case_wata
import case_yookassa
import pytest
from world import World

from verf.kit import set_offset


async def live_in(case, folder):
    with ExitStack() as stack:
        world = World(case, folder, stack)
        yield world
        await world.http.aclose()
    set_offset(timedelta())


@pytest.fixture
async def yookassa(tmp_path):
    async for world in live_in(case_yookassa.case, tmp_path):
        yield world


@pytest.fixture
async def wata(tmp_path):
    async for world in live_in(case_wata.case, tmp_path):
        yield world


@pytest.fixture
async def stripe(tmp_path):
    async for world in live_in(case_stripe.case, tmp_path):
        yield world
