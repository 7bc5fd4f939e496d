"""What changed, and what was paid, since some time: for lost webhooks and the nightly comparison."""

from collections.abc import AsyncIterator, Mapping
from datetime import datetime, timedelta

import stripe

from verf.billing.providers.pictures import Payment, Subject
from verf.billing.providers.stripe.events import ref_of, subject_of
from verf.billing.providers.stripe.payments import payment_of, payment_of_invoice
from verf.billing.providers.stripe.reading import WITH_CHARGE, belongings_of, lines_of, root_of
from verf.billing.states import PaymentState

PAGE = 100
# Between an intent and its link to the invoice may lie some moments.
A_LITTLE = timedelta(hours=1)


async def changes(client: stripe.StripeClient, since: datetime) -> AsyncIterator[Subject]:
    """Stripe keeps events for 30 days and lists them newest first."""
    listed = await client.v1.events.list_async({"created": {"gte": int(since.timestamp())}, "limit": PAGE})
    seen = [_subject(event) async for event in listed.auto_paging_iter()]
    roots: dict[str, Subject] = {}
    for subject in reversed(seen):
        if subject is None:
            continue
        if subject.kind == "payment" and subject.ref not in roots:
            roots[subject.ref] = await root_of(client, subject.ref)
        yield roots.get(subject.ref, subject)


async def payments(client: stripe.StripeClient, since: datetime, until: datetime) -> AsyncIterator[Payment]:
    """By the time money moved, so over charges: an intent may be weeks older than the charge that paid it."""
    listed = await client.v1.charges.list_async(
        {
            "created": {"gte": int(since.timestamp()), "lt": int(until.timestamp())},
            "limit": PAGE,
            "expand": [f"data.payment_intent.{each}" for each in WITH_CHARGE],
        }
    )
    intents: dict[str, stripe.PaymentIntent] = {}
    async for charge in listed.auto_paging_iter():
        if isinstance(charge.payment_intent, stripe.PaymentIntent):
            intents.setdefault(charge.payment_intent.id, charge.payment_intent)
    invoices = await _invoices_by_intent(client, intents, until)
    for intent in intents.values():
        payment = await _payment(client, intent, invoices.get(intent.id))
        # A try that failed in this window, of an intent paid in another, belongs to that other one.
        if payment.state is not PaymentState.PAID or since <= payment.occurred_at < until:
            yield payment


async def _payment(
    client: stripe.StripeClient, intent: stripe.PaymentIntent, invoice: stripe.Invoice | None
) -> Payment:
    belongings = await belongings_of(client, {intent.id: intent})
    of_invoice = payment_of_invoice(invoice, await lines_of(invoice), intent, belongings) if invoice else None
    return of_invoice or payment_of(intent, belongings)


async def _invoices_by_intent(
    client: stripe.StripeClient, intents: Mapping[str, stripe.PaymentIntent], until: datetime
) -> Mapping[str, stripe.Invoice]:
    """Neither charge nor intent names its invoice, and to ask for each would be a question a payment.

    An invoice gets its intent when it is finalized, so the list begins with the oldest of these intents: mostly the
    same day, two months ago where an old invoice has been paid at last.
    """
    if not intents:
        return {}
    oldest = min(each.created for each in intents.values()) - int(A_LITTLE.total_seconds())
    listed = await client.v1.invoice_payments.list_async(
        {"created": {"gte": oldest, "lt": int(until.timestamp())}, "limit": PAGE, "expand": ["data.invoice"]}
    )
    found: dict[str, stripe.Invoice] = {}
    async for link in listed.auto_paging_iter():
        ref = ref_of(getattr(link.payment, "payment_intent", None))
        if ref in intents and isinstance(link.invoice, stripe.Invoice):
            found[ref] = link.invoice
    return found


def _subject(event: stripe.Event) -> Subject | None:
    return subject_of(event.type, event.data.object.to_dict())
