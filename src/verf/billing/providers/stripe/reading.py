"""Reading an object and all that belongs to it, so that the picture is whole."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import stripe

from verf.billing.providers.pictures import CheckoutSeen, Payment, Subject
from verf.billing.providers.stripe.amounts import from_stripe
from verf.billing.providers.stripe.connection import found
from verf.billing.providers.stripe.events import ref_of
from verf.billing.providers.stripe.payments import (
    Belongings,
    intent_ref_of,
    order_of,
    payment_of,
    payment_of_invoice,
)
from verf.billing.states import CheckoutState, PaymentKind

ALL = 100
WITH_CHARGE = ["latest_charge.refunds", "latest_charge.balance_transaction"]
SUBSCRIPTION_WITH = ["default_payment_method", "customer.invoice_settings.default_payment_method", "schedule"]
CHECKOUT_STATES = {"open": CheckoutState.OPEN, "complete": CheckoutState.COMPLETED, "expired": CheckoutState.EXPIRED}


@dataclass(frozen=True)
class Whole:
    subscription: stripe.Subscription
    invoices: list[stripe.Invoice]
    payments: tuple[Payment, ...]


async def root_of(client: stripe.StripeClient, payment: str) -> Subject:
    """Since basil neither charge nor intent names its invoice: the way leads through invoice payments."""
    links = await client.v1.invoice_payments.list_async(
        {"payment": {"type": "payment_intent", "payment_intent": payment}, "expand": ["data.invoice"], "limit": 1}
    )
    for link in links.data:
        parent = link.invoice.parent if isinstance(link.invoice, stripe.Invoice) else None
        details = getattr(parent, "subscription_details", None)
        if details and details.subscription:
            return Subject("subscription", ref_of(details.subscription))
    return Subject("payment", payment)


async def read_subscription(client: stripe.StripeClient, ref: str) -> Whole | None:
    subscription = await found(client.v1.subscriptions.retrieve_async(ref, {"expand": SUBSCRIPTION_WITH}))
    if subscription is None:
        return None
    listed = await client.v1.invoices.list_async({"subscription": ref, "limit": ALL, "expand": ["data.payments"]})
    invoices = [each async for each in listed.auto_paging_iter()]
    wanted = {intent_ref_of(each) for each in invoices} - {""}
    intents = await _intents_of(client, ref_of(subscription.customer), wanted)
    belongings = await belongings_of(client, intents)
    # Oldest first; Stripe lists the newest first, and several may share a second.
    payments = [
        payment_of_invoice(each, await lines_of(each), intents.get(intent_ref_of(each)), belongings)
        for each in reversed(invoices)
    ]
    known = tuple(sorted((each for each in payments if each), key=lambda each: each.occurred_at))
    return Whole(subscription, invoices, known)


async def read_payment(client: stripe.StripeClient, ref: str) -> tuple[stripe.PaymentIntent, Payment] | None:
    intent = await found(client.v1.payment_intents.retrieve_async(ref, {"expand": WITH_CHARGE}))
    if intent is None:
        return None
    payment = payment_of(intent, await belongings_of(client, {intent.id: intent}))
    return intent, replace(payment, kind=PaymentKind.ONE_OFF)


async def read_checkout(client: stripe.StripeClient, ref: str) -> stripe.checkout.Session | None:
    return await found(client.v1.checkout.sessions.retrieve_async(ref))


async def _intents_of(
    client: stripe.StripeClient, customer: str, wanted: set[str]
) -> Mapping[str, stripe.PaymentIntent]:
    """All at once by customer, as the invoices of a year would be twelve questions otherwise."""
    intents: dict[str, stripe.PaymentIntent] = {}
    if not wanted:
        return intents
    listed = await client.v1.payment_intents.list_async(
        {"customer": customer, "limit": ALL, "expand": [f"data.{each}" for each in WITH_CHARGE]}
    )
    async for intent in listed.auto_paging_iter():
        if intent.id in wanted:
            intents[intent.id] = intent
        if len(intents) == len(wanted):
            break
    return intents


async def belongings_of(client: stripe.StripeClient, intents: Mapping[str, stripe.PaymentIntent]) -> Belongings:
    refunds: dict[str, list[stripe.Refund]] = {}
    disputes: dict[str, list[stripe.Dispute]] = {}
    for ref, intent in intents.items():
        charge = intent.latest_charge
        if not isinstance(charge, stripe.Charge):
            continue
        if charge.refunds is None or charge.refunds.has_more:
            listed = await client.v1.refunds.list_async({"payment_intent": ref, "limit": ALL})
            refunds[ref] = [each async for each in listed.auto_paging_iter()]
        else:
            refunds[ref] = list(charge.refunds.data)
        if charge.disputed:
            open_ones = await client.v1.disputes.list_async({"payment_intent": ref, "limit": ALL})
            disputes[ref] = [each async for each in open_ones.auto_paging_iter()]
    return Belongings(refunds, disputes)


async def lines_of(invoice: stripe.Invoice) -> list[stripe.InvoiceLineItem]:
    """An invoice carries its first ten lines; the rest is asked for."""
    return [each async for each in invoice.lines.auto_paging_iter()]


def checkout_of(session: stripe.checkout.Session) -> CheckoutSeen:
    state = CHECKOUT_STATES.get(session.status or "", CheckoutState.OPEN)
    # Complete and unpaid: a slow method (a bank transfer) is still under way.
    if state is CheckoutState.COMPLETED and session.payment_status == "unpaid":
        state = CheckoutState.OPEN
    known = session.amount_total is not None and session.currency
    return CheckoutSeen(
        ref=session.id,
        state=state,
        order=order_of(session.metadata),
        money=from_stripe(session.amount_total or 0, session.currency or "") if known else None,
        subscription=ref_of(session.subscription),
        payment=ref_of(session.payment_intent),
    )
