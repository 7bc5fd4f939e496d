"""Billing for customers: prices, checkout, and the page where everything about their plan is."""

from verf.billing.pages import changes, checkout, home, pricing

routers = (pricing.router, checkout.router, checkout.paying, home.router, changes.router, changes.moving)

__all__ = ["routers"]
