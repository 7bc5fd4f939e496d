from datetime import timedelta

from pydantic import Field

from verf.settings import Section


class BillingSettings(Section, env_prefix="VERF_BILLING_"):
    """What holds for all providers; each has a section of its own."""

    # Providers to offer, by name, comma separated, in this order; empty for all that are set up.
    providers: str = ""
    # How long a page of a provider may be paid, in minutes. Providers have bounds of their own.
    checkout_minutes: int = Field(default=60, ge=30, le=24 * 60)
    # Make prices at providers that have prices of their own, when the settings name none for a plan.
    create_prices: bool = True

    @property
    def checkout_time(self) -> timedelta:
        return timedelta(minutes=self.checkout_minutes)
