"""The verf command: start the house or a part of it, migrate, move the clock, make a product."""

from verf.cli.commands import main

__all__ = ["main"]
