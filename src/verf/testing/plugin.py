"""Fixtures for tests of rooms and products."""
