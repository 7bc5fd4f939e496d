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


async def live_in(case):
    with ExitStack() as stack:
        world = World(case, stack)
        yield world
        await world.http.aclose()
    set_offset(timedelta())


@pytest.fixture
async def yookassa():
    async for world in live_in(case_yookassa.case):
        yield world


@pytest.fixture
async def wata():
    async for world in live_in(case_wata.case):
        yield world


@pytest.fixture
async def stripe():
    async for world in live_in(case_stripe.case):
        yield world
