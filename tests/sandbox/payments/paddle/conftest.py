"""A seller and its customers at the simulated Paddle, over HTTP as it is."""

import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

import pytest
from paddle_seller import Seller

from verf.sandbox.payments.paddle import PaddleSimulator


@pytest.fixture
async def seller(tmp_path, shop):
    simulator = PaddleSimulator(tmp_path / "paddle")
    simulator.outbox.transport = shop.transport
    async with Seller.at(simulator) as seller:
        yield seller
    simulator.store.close()
