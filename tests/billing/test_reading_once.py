"""A provider tells of one payment in eight webhooks; it is asked once for what all of them are about."""

import httpx
import pytest
from lives import DAY, HOUR, paid_subscription, rows, somebody

from verf.billing.models import ProviderEvent
from verf.billing.providers.registry import provider
from verf.kit import now
from verf.outbound import use_transport


class Counting(httpx.AsyncBaseTransport):
    """What was read, on its way to the provider."""

    def __init__(self, inner):
        self.inner, self.asked = inner, []

    async def handle_async_request(self, request):
        if request.method == "GET":
            self.asked.append(request.url)
        return await self.inner.handle_async_request(request)

    @property
    def read(self):
        return [url for url in self.asked if "/subscriptions/" in url.path]


@pytest.fixture
def counted(harbour):
    counting = Counting(httpx.ASGITransport(harbour.street, raise_app_exceptions=False))
    with use_transport("stripe", counting):
        yield counting


async def test_webhooks_that_wait_together_for_one_object_are_answered_by_one_reading(harbour, counted):
    anna = await somebody(harbour)
    await harbour.buy(anna)
    before = len(counted.read)
    subscription = (await harbour.truth("stripe"))["subscriptions"][0]["id"]
    for change in ("pause", "cancel"):
        await harbour.control("stripe", f"subscriptions/{subscription}/{change}")
    await harbour.simulators["stripe"].tick()
    waiting = [row for row in await rows(ProviderEvent) if row.state == "new"]
    assert len(waiting) > 1
    assert {(row.subject_kind, row.subject_ref) for row in waiting} == {("subscription", subscription)}
    await harbour.settle()
    assert len(counted.read) == before + 1
    told = [row for row in await rows(ProviderEvent) if row.id in {each.id for each in waiting}]
    assert {(row.state, row.organisation_id) for row in told} == {("handled", anna.organisation)}
    assert (await paid_subscription()).state == "ended"


async def test_a_webhook_that_comes_while_its_object_is_read_is_answered_by_another_reading(harbour, counted):
    anna = await somebody(harbour)
    await harbour.buy(anna)
    subscription = (await harbour.truth("stripe"))["subscriptions"][0]["id"]
    await harbour.control("stripe", f"subscriptions/{subscription}/pause")
    await harbour.simulators["stripe"].tick()
    first, told = counted.handle_async_request, []

    async def read_slowly(request):
        answer = await first(request)
        if "/subscriptions/" in request.url.path and not told:
            told.append(True)
            await harbour.control("stripe", f"subscriptions/{subscription}/cancel")
            await harbour.simulators["stripe"].tick()
        return answer

    counted.handle_async_request = read_slowly
    before = len(counted.read)
    await harbour.settle()
    assert told
    assert len(counted.read) == before + 2
    assert (await paid_subscription()).state == "ended"


async def test_a_day_without_charges_is_counted_without_a_look_at_the_invoices(harbour, counted):
    await harbour.buy(await somebody(harbour))
    began = now()
    stripe = provider("stripe")
    for since, paid in ((began - HOUR, 1), (began + HOUR, 0)):
        counted.asked.clear()
        assert len([each async for each in stripe.list_payments(since, since + 2 * HOUR)]) == paid
        assert len([url for url in counted.asked if url.path.endswith("/invoice_payments")]) == paid


async def test_what_an_old_invoice_is_paid_by_at_last_names_its_period(harbour, counted):
    await harbour.buy(await somebody(harbour))
    [method] = (await harbour.truth("stripe"))["methods"]
    await harbour.control("stripe", f"methods/{method['id']}", outcome="insufficient_funds")
    row = await paid_subscription()
    await harbour.live(row.period_end - now() + 3 * HOUR, step=10 * DAY)
    await harbour.control("stripe", f"methods/{method['id']}", outcome="pays")
    await harbour.live(6 * DAY, step=3 * DAY)
    late = [each async for each in provider("stripe").list_payments(row.period_end + DAY, now())]
    assert [(each.state, each.period_start) for each in late] == [("paid", row.period_end)]
