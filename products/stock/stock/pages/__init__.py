"""The tracker for people."""

from stock.pages import alerts, connections, dashboard, products, runs

routers = (dashboard.router, products.router, connections.router, runs.router, alerts.router)

__all__ = ["routers"]
