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
    # Days after the first payment of somebody who was brought until the reward is given.
    refund_window_days: int = Field(default=14, ge=0, le=180)
    # Days for who brought and for who came, and how many rewards one inviter gets in 30 days.
    referral_days_inviter: int = Field(default=30, ge=0, le=366)
    referral_days_invited: int = Field(default=7, ge=0, le=366)
    referral_cap: int = Field(default=12, ge=0)
    # Days after a warning of a chargeback (Paddle) until access is given back if none has come; 0 to wait for ever.
    warning_days: int = Field(default=30, ge=0, le=366)
    # Where the terms of the house can be read, for the box at the checkout; empty: it speaks of the charges alone.
    terms_url: str = ""
    # Kept with each consent: change it when the terms change.
    terms_version: str = Field(default="1", max_length=40)

    @property
    def refund_window(self) -> timedelta:
        return timedelta(days=self.refund_window_days)

    @property
    def checkout_time(self) -> timedelta:
        return timedelta(minutes=self.checkout_minutes)
