"""Refunds, made once for a key: also after the day for which Stripe remembers it."""

import stripe

from verf.billing.providers.stripe.amounts import to_stripe
from verf.billing.providers.stripe.payments import REASON
from verf.kit import Money

KEY = "verf_key"
PAGE = 100
# Stripe takes one of three reasons; ours goes along in the metadata.
REASONS = frozenset({"duplicate", "fraudulent", "requested_by_customer"})


async def make(client: stripe.StripeClient, payment: str, money: Money, *, key: str, reason: str) -> stripe.Refund:
    listed = await client.v1.refunds.list_async({"payment_intent": payment, "limit": PAGE})
    async for refund in listed.auto_paging_iter():
        if getattr(refund.metadata, KEY, "") == key:
            return refund
    params: stripe.params.RefundCreateParams = {
        "payment_intent": payment,
        "amount": to_stripe(money),
        "metadata": {KEY: key, REASON: reason[:500]},
        "reason": "requested_by_customer",
    }
    if reason in REASONS:
        params["reason"] = reason
    return await client.v1.refunds.create_async(params, {"idempotency_key": key})
