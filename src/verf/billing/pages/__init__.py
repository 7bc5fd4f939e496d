"""Billing for customers: prices, checkout, and the page where everything about their plan is."""

from verf.billing.pages import changes, checkout, home, paddle, pricing, sharing

routers = (
    pricing.router,
    checkout.router,
    checkout.paying,
    paddle.router,
    home.router,
    changes.router,
    changes.moving,
    sharing.router,
    sharing.redeeming,
)

__all__ = ["routers"]
