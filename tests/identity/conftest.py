"""A house with only its front door: signing up, signing in, and one page and one route behind it."""

import os
import sys
import tempfile
from pathlib import Path

os.environ.setdefault("VERF_DATA", tempfile.mkdtemp(prefix="verf-identity-"))
sys.path.insert(0, str(Path(__file__).parent))

import pytest
from front_door import PRESENT, front_door

from verf.jobs import heard_only_by
from verf.limits import start_afresh


@pytest.fixture
async def app(database):
    start_afresh()
    with heard_only_by(*PRESENT):
        yield front_door()
