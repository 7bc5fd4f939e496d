"""Who did what to what, append-only, in the transaction that did it.

Not a log for debugging: that is telemetry's.
"""

from verf.audit.entries import Entry, history, record

__all__ = ["Entry", "history", "record"]
