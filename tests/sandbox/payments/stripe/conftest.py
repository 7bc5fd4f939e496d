import sys
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from stripe_api import Api


@pytest.fixture
async def api(tmp_path, shop):
    api = Api(tmp_path / "stripe", shop)
    async with api.http:
        yield api
    api.simulator.store.close()
