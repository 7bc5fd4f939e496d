"""No test reads the price list of an earlier one, whose database is gone."""

import pytest

from verf.billing import start_afresh


@pytest.fixture(autouse=True)
def fresh_prices() -> None:
    """Every test reads plans and access anew."""
    start_afresh()
