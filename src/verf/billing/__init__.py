"""Money: plans, subscriptions, the ledger, and the providers that move it."""

from verf.billing.catalogue import catalogue, forget_catalogue, publish
from verf.billing.declarations import configure

__all__ = ["catalogue", "configure", "forget_catalogue", "publish"]
