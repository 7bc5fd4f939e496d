"""Billing for the staff of the house: what happened, why, and what can be put right."""

from verf.billing.admin import accounts, codes, disputing, events, lists, numbers, overrides, refunding

routers = (
    numbers.router,
    lists.router,
    accounts.router,
    events.router,
    refunding.router,
    disputing.router,
    codes.router,
    overrides.router,
)

__all__ = ["routers"]
