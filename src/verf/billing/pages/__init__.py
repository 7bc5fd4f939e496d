"""Billing for customers: prices, checkout, and the page where everything about their plan is."""

from verf.billing.pages import changes, checkout, home, pricing, sharing

routers = (
    pricing.router,
    checkout.router,
    checkout.paying,
    home.router,
    changes.router,
    changes.moving,
    sharing.router,
    sharing.redeeming,
)

__all__ = ["routers"]
