"""Where the house is put together: the one place that knows every room and finds the products."""

from verf.app.chores import (
    Login,
    explain_access,
    give_staff_role,
    migrate_house,
    reconcile_payments,
    recount_house,
    sandbox_staff,
)
from verf.app.house import NotReadyToStart, open_house
from verf.app.rooms import all_rooms, installed_products, platform_rooms
from verf.app.running import outside_world, run_all, run_web, run_worker
from verf.app.time_machine import Chronicle, TimeMachine, chronicle, live_through
from verf.app.web import create_web, furnish

__all__ = [
    "Chronicle",
    "Login",
    "NotReadyToStart",
    "TimeMachine",
    "all_rooms",
    "chronicle",
    "create_web",
    "explain_access",
    "furnish",
    "give_staff_role",
    "installed_products",
    "live_through",
    "migrate_house",
    "open_house",
    "outside_world",
    "platform_rooms",
    "reconcile_payments",
    "recount_house",
    "run_all",
    "run_web",
    "run_worker",
    "sandbox_staff",
]
