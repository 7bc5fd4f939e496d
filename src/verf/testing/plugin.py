"""Fixtures for tests of rooms and products."""

import gc
import os
import resource
import shutil
import tempfile
from pathlib import Path

import pytest
import structlog

from verf.testing.billing import fresh_prices
from verf.testing.database import database, database_server, migrated_database
from verf.testing.limits import fresh_limits
from verf.testing.site import site

# Characters of a value that still make a name.
LONG = 60
PLAIN = (
    structlog.contextvars.merge_contextvars,
    structlog.processors.add_log_level,
    structlog.processors.StackInfoRenderer(),
    structlog.dev.set_exc_info,
    structlog.processors.TimeStamper(fmt="%H:%M:%S", utc=True),
    structlog.dev.ConsoleRenderer(colors=False, exception_formatter=structlog.dev.plain_traceback),
)

__all__ = ["database", "database_server", "fresh_limits", "fresh_prices", "migrated_database", "site"]


def pytest_configure(config: pytest.Config) -> None:
    """Tests never write into the data of a business that runs from the same folder."""
    if "VERF_DATA" not in os.environ:
        folder = tempfile.mkdtemp(prefix="verf-tests-")
        os.environ["VERF_DATA"] = folder
        config.add_cleanup(lambda: shutil.rmtree(folder, ignore_errors=True))


def pytest_make_parametrize_id(val: object, argname: str) -> str | None:
    """A long value goes by its length: names of tests stay readable, and equal in every process that collects them."""
    return f"{argname}-of-{len(val)}" if isinstance(val, str | bytes) and len(val) > LONG else None


def pytest_runtest_setup() -> None:
    """Structlog left alone draws each traceback with all variables in colour, which takes seconds."""
    if not structlog.is_configured():
        structlog.configure(processors=PLAIN)


def pytest_runtest_teardown() -> None:
    """Simulators of finished tests wait in circles of references with their files open; most systems allow 1,024."""
    if len(list(Path("/dev/fd").iterdir())) > resource.getrlimit(resource.RLIMIT_NOFILE)[0] // 2:
        gc.collect()
