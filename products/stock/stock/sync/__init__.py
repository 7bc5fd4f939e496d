"""Reading a shop: runs and their steps, in the marketplace's own time. Never sleeps for a limit, never loses a page."""

from stock.sync.engine import begin, drive, stop
from stock.sync.runs import (
    STEPS,
    UNDER_WAY,
    AlreadyRunning,
    RunView,
    cancel_run,
    next_sync,
    run_of,
    runs_of,
    start_due,
    start_run,
    tell,
)
from stock.sync.visit import Cancelled, Shop, Visit
from stock.sync.windows import Account, NotYet, ask

__all__ = [
    "STEPS",
    "UNDER_WAY",
    "Account",
    "AlreadyRunning",
    "Cancelled",
    "NotYet",
    "RunView",
    "Shop",
    "Visit",
    "ask",
    "begin",
    "cancel_run",
    "drive",
    "next_sync",
    "run_of",
    "runs_of",
    "start_due",
    "start_run",
    "stop",
    "tell",
]
