"""What a process remembers, forgotten at once."""

from verf.billing.access import forget_all
from verf.billing.blocks import forget_blocks
from verf.billing.catalogue import forget_catalogue
from verf.billing.windows import forget_windows


def start_afresh() -> None:
    """For tests, whose database is emptied under our feet."""
    forget_all()
    forget_windows()
    forget_blocks()
    forget_catalogue()
