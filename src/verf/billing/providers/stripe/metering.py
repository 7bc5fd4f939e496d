"""Usage of metered prices, told to Stripe's meters."""

import stripe

from verf.billing.providers.orders import Usage


class Meters:
    """Remembers which meters exist, so that a report is one question."""

    def __init__(self) -> None:
        self._known: set[str] = set()

    async def report(self, client: stripe.StripeClient, usage: Usage) -> None:
        await self._make_sure_of(client, usage.meter)
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

    async def _make_sure_of(self, client: stripe.StripeClient, meter: str) -> None:
        if meter in self._known:
            return
        listed = await client.v1.billing.meters.list_async({"status": "active", "limit": 100})
        self._known |= {each.event_name async for each in listed.auto_paging_iter()}
        if meter not in self._known:
            await client.v1.billing.meters.create_async(
                {"display_name": meter, "event_name": meter, "default_aggregation": {"formula": "sum"}},
                {"idempotency_key": f"meter:{meter}"},
            )
            self._known.add(meter)
