"""No test pays for the hits of an earlier one."""

import pytest

from verf.limits import start_afresh


@pytest.fixture(autouse=True)
def fresh_limits() -> None:
    """Every test begins with a full quota; those that need more hits use verf.limits.lifted()."""
    start_afresh()
