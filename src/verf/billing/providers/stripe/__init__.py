"""Stripe: it keeps the calendar, we mirror it. Everything is read anew through its SDK with one pinned API version."""

from verf.billing.providers.stripe.provider import StripeProvider, configured
from verf.billing.providers.stripe.settings import StripeSettings

__all__ = ["StripeProvider", "StripeSettings", "configured"]
