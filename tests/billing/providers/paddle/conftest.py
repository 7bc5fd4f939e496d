"""Everybody here meets the simulated Paddle at a desk of their own."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import pytest
from paddle_desk import face_to_face


@pytest.fixture
async def desk(tmp_path):
    async with face_to_face(tmp_path / "paddle") as desk:
        yield desk
