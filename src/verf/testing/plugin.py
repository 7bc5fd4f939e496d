"""Fixtures for tests of rooms and products."""

from verf.testing.database import database, database_server, migrated_database
from verf.testing.limits import fresh_limits

__all__ = ["database", "database_server", "fresh_limits", "migrated_database"]
