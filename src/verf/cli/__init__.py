"""The verf command: start the house or a part of it, migrate, move the clock, make a product."""

import gc

# Nothing that is imported becomes garbage, and looking for some took a third of the time.
gc.disable()

from verf.cli.commands import main  # noqa: E402

gc.freeze()
gc.enable()

__all__ = ["main"]
