"""Every behaviour is asked of every provider. A fifth is one file more, and a line here."""

import sys
from contextlib import ExitStack
from datetime import timedelta
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import case_paddle
import case_stripe
import case_wata
import case_yookassa
import pytest
from world import World

from verf.kit import set_offset

CASES = {each.case.name: each.case for each in (case_stripe, case_paddle, case_yookassa, case_wata) if each.case}


@pytest.fixture(params=CASES)
async def world(request, tmp_path):
    with ExitStack() as stack:
        world = World(CASES[request.param], tmp_path, stack)
        yield world
        await world.http.aclose()
    set_offset(timedelta())
