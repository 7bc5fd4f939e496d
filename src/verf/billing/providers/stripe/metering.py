"""Metered prices at Stripe: a meter for each, a price on the subscription, and the units used of it."""

import stripe

from verf.billing.providers.orders import PriceTag, Usage
from verf.billing.providers.stripe.prices import publish_metered


class Meters:
    """Remembers which meters and prices exist, so that a report is one question."""

    def __init__(self) -> None:
        self._known: dict[str, str] = {}
        self._prices: dict[str, str] = {}

    async def report(self, client: stripe.StripeClient, usage: Usage) -> None:
        await self._id_of(client, usage.meter)
        params: stripe.params.billing.MeterEventCreateParams = {
            "event_name": usage.meter,
            "payload": {"stripe_customer_id": usage.customer, "value": str(usage.amount)},
            "identifier": usage.key,
            "timestamp": int(usage.at.timestamp()),
        }
        try:
            await client.v1.billing.meter_events.create_async(params, {"idempotency_key": usage.key})
        except stripe.InvalidRequestError as error:
            # Counted already, by an earlier try whose answer was lost.
            if "already exists" not in str(error.user_message):
                raise

    async def prices(self, client: stripe.StripeClient, tag: PriceTag) -> list[str]:
        """What stands on a subscription besides the price of its plan."""
        for metered in tag.metered:
            if metered.key not in self._prices:
                meter = await self._id_of(client, metered.meter)
                self._prices[metered.key] = await publish_metered(client, tag, metered, meter)
        return [self._prices[each.key] for each in tag.metered]

    async def _id_of(self, client: stripe.StripeClient, meter: str) -> str:
        if meter not in self._known:
            listed = await client.v1.billing.meters.list_async({"status": "active", "limit": 100})
            self._known |= {each.event_name: each.id async for each in listed.auto_paging_iter()}
        if meter not in self._known:
            made = await client.v1.billing.meters.create_async(
                {"display_name": meter, "event_name": meter, "default_aggregation": {"formula": "sum"}},
                {"idempotency_key": f"meter:{meter}"},
            )
            self._known[meter] = made.id
        return self._known[meter]
