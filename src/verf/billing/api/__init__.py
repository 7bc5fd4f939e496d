"""Billing for programs: reading is for every member; what moves money is for owners and admins, once per key."""

from verf.billing.api import moves, plans, reads

routers = (plans.router, reads.router, moves.router, moves.previews)

__all__ = ["routers"]
