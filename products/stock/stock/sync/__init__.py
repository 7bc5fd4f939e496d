"""Reading a shop: runs and their steps, in the marketplace's own time. Never sleeps for a limit, never loses a page."""

from stock.sync.engine import begin, drive, stop
from stock.sync.finishing import finish
from stock.sync.messages import Appraise, EraseShop, StartDueSyncs, Synchronise, WarnOfExpiry, WarnShop
from stock.sync.runs import (
    STEPS,
    AlreadyRunning,
    RunView,
    cancel_run,
    interval_of,
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
    "Account",
    "AlreadyRunning",
    "Appraise",
    "Cancelled",
    "EraseShop",
    "NotYet",
    "RunView",
    "Shop",
    "StartDueSyncs",
    "Synchronise",
    "Visit",
    "WarnOfExpiry",
    "WarnShop",
    "ask",
    "begin",
    "cancel_run",
    "drive",
    "finish",
    "interval_of",
    "run_of",
    "runs_of",
    "start_due",
    "start_run",
    "stop",
    "tell",
]
