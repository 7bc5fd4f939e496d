"""The tracker for programs."""

from stock.api import alerts, connections, exports, products, runs

routers = (connections.router, runs.router, products.router, exports.router, alerts.router)

__all__ = ["routers"]
