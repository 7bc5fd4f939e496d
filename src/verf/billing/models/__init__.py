"""The tables of billing. What belongs to one organisation is walled; the catalogue and the inbox are the house's."""

from verf.billing.models.catalogue import PlanVersion, Price, ProviderPrice
from verf.billing.models.inbox import Finding, ProviderEvent, SyncCursor
from verf.billing.models.money import Dispute, LedgerEntry, LedgerTransaction, Payment, Refund
from verf.billing.models.offers import PromoClaim, PromoCode, PromoRedemption, Referral, ReferralCode
from verf.billing.models.periods import PaidPeriod
from verf.billing.models.reports import UsageReport
from verf.billing.models.subscriptions import (
    CheckoutIntent,
    Customer,
    Grant,
    PaymentMethod,
    Subscription,
    SubscriptionEvent,
)
from verf.billing.models.tallies import Tally
from verf.billing.models.usage import OverrideRow, TrialClaim, UsageEvent, UsageHold, UsageWindow

__all__ = [
    "CheckoutIntent",
    "Customer",
    "Dispute",
    "Finding",
    "Grant",
    "LedgerEntry",
    "LedgerTransaction",
    "OverrideRow",
    "PaidPeriod",
    "Payment",
    "PaymentMethod",
    "PlanVersion",
    "Price",
    "PromoClaim",
    "PromoCode",
    "PromoRedemption",
    "ProviderEvent",
    "ProviderPrice",
    "Referral",
    "ReferralCode",
    "Refund",
    "Subscription",
    "SubscriptionEvent",
    "SyncCursor",
    "Tally",
    "TrialClaim",
    "UsageEvent",
    "UsageHold",
    "UsageReport",
    "UsageWindow",
]
