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
# Stripe may try an invoice for two months, by the setting of the account.
LONGEST_DUNNING = timedelta(days=62)


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
    invoices = await _invoices_by_intent(client, since - LONGEST_DUNNING, until)
    listed = await client.v1.charges.list_async(
        {
            "created": {"gte": int(since.timestamp()), "lt": int(until.timestamp())},
            "limit": PAGE,
            "expand": [f"data.payment_intent.{each}" for each in WITH_CHARGE],
        }
    )
    seen: set[str] = set()
    async for charge in listed.auto_paging_iter():
        intent = charge.payment_intent
        if not isinstance(intent, stripe.PaymentIntent) or intent.id in seen:
            continue
        seen.add(intent.id)
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
    client: stripe.StripeClient, since: datetime, until: datetime
) -> Mapping[str, stripe.Invoice]:
    """Neither charge nor intent names its invoice, and to ask for each would be a question a payment."""
    listed = await client.v1.invoice_payments.list_async(
        {
            "created": {"gte": int(since.timestamp()), "lt": int(until.timestamp())},
            "limit": PAGE,
            "expand": ["data.invoice"],
        }
    )
    found: dict[str, stripe.Invoice] = {}
    async for link in listed.auto_paging_iter():
        ref = ref_of(getattr(link.payment, "payment_intent", None))
        if ref and isinstance(link.invoice, stripe.Invoice):
            found[ref] = link.invoice
    return found


def _subject(event: stripe.Event) -> Subject | None:
    return subject_of(event.type, event.data.object.to_dict())
