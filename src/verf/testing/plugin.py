"""Fixtures for tests of rooms and products."""

from verf.testing.database import database, database_server, migrated_database

__all__ = ["database", "database_server", "migrated_database"]
