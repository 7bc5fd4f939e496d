"""Pure helpers: no settings, no I/O, no imports from the rest of verf."""

from verf.kit.clock import advance, now, set_offset
from verf.kit.ids import new_id
from verf.kit.money import Money

__all__ = ["Money", "advance", "new_id", "now", "set_offset"]
