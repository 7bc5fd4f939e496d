"""A world for each provider, alone and with its simulator."""

import sys
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import pytest
from cases import CASES
from world import World

from verf.kit import set_offset


@pytest.fixture(params=CASES)
async def world(request):
    with ExitStack() as stack:
        world = World(CASES[request.param], stack)
        yield world
        await world.http.aclose()
    set_offset(timedelta())
