"""Pure helpers: no settings, no I/O, no imports from the rest of verf."""

from verf.kit.clock import advance, now, set_offset
from verf.kit.ids import new_id
from verf.kit.money import Money, exponent_of, smallest_charge

__all__ = ["Money", "advance", "exponent_of", "new_id", "now", "set_offset", "smallest_charge"]
