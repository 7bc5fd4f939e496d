"""Which requests this Stripe understands."""

from collections.abc import Callable
from typing import Any

from verf.sandbox.payments.cards import Outcome
from verf.sandbox.payments.store import Document
from verf.sandbox.payments.stripe import (
    catalogue,
    life,
    listing,
    money_back,
    schedules,
    sessions,
    subscriptions,
    updates,
)
from verf.sandbox.payments.stripe import invoices as bills
from verf.sandbox.payments.stripe.parameters import Parameters
from verf.sandbox.payments.stripe.refusals import Refusal, lacks
from verf.sandbox.payments.stripe.subscriptions import Wish
from verf.sandbox.payments.stripe.world import World

ACCOUNT = "acct_sandbox"
PORTAL_FOR = 3600


def retrieve(kind: str) -> Callable[..., Document]:
    def read(world: World, given: Parameters, identity: str) -> Document:
        given.done()
        return world.get(kind, identity)

    return read


def account(world: World, given: Parameters) -> Document:
    given.done()
    return {"id": ACCOUNT, "object": "account", "country": "US", "default_currency": "usd", "charges_enabled": True}


def portal_session(world: World, given: Parameters) -> Document:
    customer = world.get("customer", given.need("customer"), "customer")
    url, locale = given.text("return_url") or None, given.text("locale") or None
    given.done()
    identity = world.identity("billing_portal.session")
    return world.make(
        "billing_portal.session",
        identity=identity,
        configuration="bpc_1sandbox",
        customer=customer["id"],
        locale=locale,
        return_url=url,
        url=f"{world.address}/p/session/{identity}",
    )


def create_subscription(world: World, given: Parameters) -> Document:
    """Without a page: the card on file is charged at once."""
    customer = world.get("customer", given.need("customer"), "customer")
    items = []
    for row in given.rows("items"):
        items.append((world.get("price", row.need("price"), f"{row.path}[price]"), row.number("quantity", 1) or 1))
        row.done()
    if not items:
        raise lacks("items")
    identity = given.text("default_payment_method") or customer["invoice_settings"]["default_payment_method"]
    days, metadata = given.number("trial_period_days"), given.metadata()
    given.choice("payment_behavior", updates.PAYMENT_BEHAVIOURS)
    given.done()
    method = world.get("payment_method", identity, "default_payment_method") if identity else None
    if method is None and not days:
        raise Refusal(
            "This customer has no attached payment source or default payment method.", code="resource_missing"
        )
    wish = Wish(
        customer=customer,
        items=items,
        method=method,
        metadata=metadata,
        trial_end=world.time + days * 86400 if days else None,
    )
    outcome = Outcome(method["_outcome"]) if method else Outcome.PAYS
    return subscriptions.begin(world, wish, outcome)[0]


def pay_invoice(world: World, given: Parameters, invoice: str) -> Document:
    given.done()
    found = world.get("invoice", invoice, "invoice")
    if found["status"] == "paid":
        raise Refusal("Invoice is already paid", code="invoice_not_editable")
    if found["status"] == "draft":
        bills.finalize(world, found)
    if found["status"] == "open" and not life.charge(world, found):
        link = bills.link_of(world, found)
        intent: dict[str, Any] = world.get("payment_intent", link["payment"]["payment_intent"]) if link else {}
        error = intent.get("last_payment_error") or {"message": "There is no card to charge.", "code": "missing"}
        # What failed has happened: the try stays, and is told.
        world.store.flush()
        raise Refusal(error["message"], status=402, type="card_error", code=error["code"])
    return found


def void_invoice(world: World, given: Parameters, invoice: str) -> Document:
    given.done()
    found = world.get("invoice", invoice, "invoice")
    bills.void(world, found)
    return found


def detach(world: World, given: Parameters, identity: str) -> Document:
    given.done()
    method = world.get("payment_method", identity)
    method["customer"] = None
    for subscription in world.all("subscription", default_payment_method=identity):
        subscription["default_payment_method"] = None
        world.keep(subscription)
    world.tell("payment_method.detached", world.keep(method))
    return method


OPERATIONS: dict[tuple[str, str], Callable[..., Document]] = {
    ("GET", "/v1/account"): account,
    ("POST", "/v1/products"): catalogue.create_product,
    ("GET", "/v1/products"): listing.simple("product"),
    ("GET", "/v1/products/{identity}"): retrieve("product"),
    ("POST", "/v1/prices"): catalogue.create_price,
    ("GET", "/v1/prices"): listing.prices,
    ("GET", "/v1/prices/{identity}"): retrieve("price"),
    ("POST", "/v1/coupons"): catalogue.create_coupon,
    ("GET", "/v1/coupons"): listing.simple("coupon"),
    ("GET", "/v1/coupons/{identity}"): retrieve("coupon"),
    ("POST", "/v1/promotion_codes"): catalogue.create_promotion_code,
    ("GET", "/v1/promotion_codes"): listing.simple("promotion_code", "code"),
    ("GET", "/v1/promotion_codes/{identity}"): retrieve("promotion_code"),
    ("POST", "/v1/customers"): catalogue.create_customer,
    ("GET", "/v1/customers"): listing.simple("customer", "email"),
    ("GET", "/v1/customers/{identity}"): retrieve("customer"),
    ("POST", "/v1/customers/{customer}"): catalogue.update_customer,
    ("GET", "/v1/customers/{customer}/payment_methods"): listing.methods_of,
    ("GET", "/v1/payment_methods/{identity}"): retrieve("payment_method"),
    ("POST", "/v1/payment_methods/{identity}/detach"): detach,
    ("POST", "/v1/checkout/sessions"): sessions.create,
    ("GET", "/v1/checkout/sessions"): listing.simple("checkout.session", "customer", "payment_intent", "subscription"),
    ("GET", "/v1/checkout/sessions/{identity}"): retrieve("checkout.session"),
    ("POST", "/v1/checkout/sessions/{session}/expire"): sessions.expire,
    ("POST", "/v1/subscriptions"): create_subscription,
    ("GET", "/v1/subscriptions"): listing.subscriptions,
    ("GET", "/v1/subscriptions/{identity}"): retrieve("subscription"),
    ("POST", "/v1/subscriptions/{subscription}"): updates.update,
    ("DELETE", "/v1/subscriptions/{subscription}"): updates.cancel,
    ("POST", "/v1/subscriptions/{subscription}/resume"): updates.resume,
    ("POST", "/v1/subscription_schedules"): schedules.create,
    ("GET", "/v1/subscription_schedules"): listing.simple("subscription_schedule", "customer"),
    ("GET", "/v1/subscription_schedules/{identity}"): retrieve("subscription_schedule"),
    ("POST", "/v1/subscription_schedules/{schedule}"): schedules.update,
    ("POST", "/v1/subscription_schedules/{schedule}/release"): schedules.release,
    ("POST", "/v1/invoices/create_preview"): updates.preview,
    ("GET", "/v1/invoices"): listing.invoices,
    ("GET", "/v1/invoices/{identity}"): retrieve("invoice"),
    ("GET", "/v1/invoices/{invoice}/lines"): listing.lines,
    ("POST", "/v1/invoices/{invoice}/pay"): pay_invoice,
    ("POST", "/v1/invoices/{invoice}/void"): void_invoice,
    ("GET", "/v1/invoice_payments"): listing.invoice_payments,
    ("GET", "/v1/invoice_payments/{identity}"): retrieve("invoice_payment"),
    ("GET", "/v1/payment_intents"): listing.simple("payment_intent", "customer"),
    ("GET", "/v1/payment_intents/{identity}"): retrieve("payment_intent"),
    ("GET", "/v1/charges"): listing.simple("charge", "customer", "payment_intent"),
    ("GET", "/v1/charges/{identity}"): retrieve("charge"),
    ("GET", "/v1/charges/{charge}/refunds"): listing.of_charge,
    ("POST", "/v1/refunds"): money_back.create_refund,
    ("GET", "/v1/refunds"): listing.simple("refund", "charge", "payment_intent"),
    ("GET", "/v1/refunds/{identity}"): retrieve("refund"),
    ("GET", "/v1/disputes"): listing.simple("dispute", "charge", "payment_intent"),
    ("GET", "/v1/disputes/{identity}"): retrieve("dispute"),
    ("POST", "/v1/disputes/{dispute}/close"): money_back.close_dispute,
    ("GET", "/v1/balance_transactions/{identity}"): retrieve("balance_transaction"),
    ("POST", "/v1/billing_portal/sessions"): portal_session,
    ("POST", "/v1/billing/meters"): catalogue.create_meter,
    ("GET", "/v1/billing/meters"): listing.simple("billing.meter", "status"),
    ("GET", "/v1/billing/meters/{identity}"): retrieve("billing.meter"),
    ("POST", "/v1/billing/meter_events"): catalogue.create_meter_event,
    ("GET", "/v1/events"): listing.events,
    ("GET", "/v1/events/{identity}"): retrieve("event"),
}
