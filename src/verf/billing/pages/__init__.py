"""Billing for customers: prices, checkout, and the page where everything about their plan is."""

from verf.billing.pages import checkout, home, pricing

routers = (pricing.router, checkout.router, checkout.paying, home.router)

__all__ = ["routers"]
