"""Checkout sessions: the page of Stripe where a person pays for the first time."""

from typing import Any

from verf.sandbox.payments.cards import Card, Outcome
from verf.sandbox.payments.store import Document
from verf.sandbox.payments.stripe import discounts, subscriptions
from verf.sandbox.payments.stripe.catalogue import new_customer
from verf.sandbox.payments.stripe.charging import attempt, keep_card, new_intent
from verf.sandbox.payments.stripe.parameters import Parameters
from verf.sandbox.payments.stripe.refusals import Refusal, invalid, lacks
from verf.sandbox.payments.stripe.subscriptions import Wish
from verf.sandbox.payments.stripe.usage import counted
from verf.sandbox.payments.stripe.world import World, picture

SHORTEST, LONGEST = 1800, 86400
LOCALES = frozenset(
    {"auto", "bg", "cs", "da", "de", "el", "en", "en-GB", "es", "es-419", "et", "fi", "fil", "fr", "fr-CA", "hr", "hu"}
    | {"id", "it", "ja", "ko", "lt", "lv", "ms", "mt", "nb", "nl", "pl", "pt", "pt-BR", "ro", "ru", "sk", "sl", "sv"}
    | {"th", "tr", "vi", "zh", "zh-HK", "zh-TW"}
)


def create(world: World, given: Parameters) -> Document:
    mode = given.choice("mode", ("payment", "subscription"))
    if not mode:
        raise lacks("mode")
    prices = _prices(world, given, mode)
    currency = prices[0][0]["currency"]
    coupons = discounts.chosen(world, given.rows("discounts"), currency)
    if coupons and given.flag("allow_promotion_codes"):
        raise Refusal("You may only specify one of these parameters: allow_promotion_codes, discounts.")
    settings = _subscription_settings(world, given) if mode == "subscription" else _payment_settings(given)
    fields = _fields(world, given, mode)
    given.done()
    subtotal = (
        0
        if settings.get("trial_end")
        else sum(price["unit_amount"] * count for price, count in prices if not counted(price))
    )
    off = 0
    for coupon in coupons:
        off += discounts.reduction(world.get("coupon", coupon), subtotal - off)
    identity = world.identity("checkout.session")
    session = world.make(
        "checkout.session",
        identity=identity,
        mode=mode,
        currency=currency,
        amount_subtotal=subtotal,
        amount_total=subtotal - off,
        discounts=[{"coupon": each, "promotion_code": None} for each in coupons],
        url=f"{world.address}/c/pay/{identity}",
        _prices=[(price["id"], count) for price, count in prices],
        _coupons=coupons,
        _settings=settings,
        **fields,
    )
    session["total_details"] = {"amount_discount": off, "amount_shipping": 0, "amount_tax": 0}
    world.keep(session)
    world.plan("expire", identity, session["expires_at"])
    return session


def _prices(world: World, given: Parameters, mode: str) -> list[tuple[Document, int]]:
    found = []
    for row in given.rows("line_items"):
        price = world.get("price", row.need("price"), f"{row.path}[price]")
        if counted(price) and "quantity" in row:
            raise invalid(f"{row.path}[quantity]", "Quantity should not be specified where usage_type is `metered`.")
        found.append((price, row.number("quantity", 1) or 1))
        row.done()
        if not price["active"]:
            raise invalid(row.path, "The price specified is inactive. This field only accepts active prices.")
    if not found:
        raise lacks("line_items")
    if (mode == "subscription") != any(price["recurring"] for price, _count in found):
        raise invalid(
            "mode", f"You specified `{mode}` mode, which does not go with the type of the prices in `line_items`."
        )
    if len({price["currency"] for price, _count in found}) > 1:
        raise invalid("line_items", "All prices of one session must be in one currency.")
    return found


def _fields(world: World, given: Parameters, mode: str) -> dict[str, Any]:
    customer, email = given.text("customer") or None, given.text("customer_email") or None
    if customer and email:
        raise Refusal("You may only specify one of these parameters: customer, customer_email.")
    if customer:
        world.get("customer", customer, "customer")
    expires = given.number("expires_at", world.time + LONGEST) or 0
    if not world.time + SHORTEST - 5 <= expires <= world.time + LONGEST + 5:
        raise invalid(
            "expires_at",
            "The `expires_at` timestamp must be between 30 minutes and 24 hours from Checkout Session creation.",
        )
    locale = given.text("locale") or None
    if locale and locale not in LOCALES:
        raise invalid("locale", f"Invalid locale: must be one of {', '.join(sorted(LOCALES))}")
    success = given.need("success_url")
    collection = given.choice("payment_method_collection", ("always", "if_required"), "always")
    return {
        "customer": customer,
        "customer_email": email,
        "customer_creation": given.choice("customer_creation", ("always", "if_required")) or None,
        "client_reference_id": given.text("client_reference_id") or None,
        "expires_at": expires,
        "locale": locale,
        "metadata": given.metadata(),
        "success_url": success,
        "cancel_url": given.text("cancel_url") or None,
        "payment_method_collection": collection if mode == "subscription" else None,
        "allow_promotion_codes": given.flag("allow_promotion_codes") or None,
    }


def _subscription_settings(world: World, given: Parameters) -> dict[str, Any]:
    data = given.inner("subscription_data")
    days, trial_end = data.number("trial_period_days"), data.number("trial_end")
    trial = data.inner("trial_settings")
    behavior = trial.inner("end_behavior")
    missing = behavior.choice("missing_payment_method", ("create_invoice", "cancel", "pause"), "create_invoice")
    settings: dict[str, Any] = {"metadata": data.metadata(), "description": data.text("description") or None}
    data.done(trial, behavior)
    if days is not None and days < 1:
        raise invalid("subscription_data[trial_period_days]", "The number of trial days must be at least 1.")
    if trial_end is not None and trial_end < world.time + 48 * 3600:
        raise invalid("subscription_data[trial_end]", "The `trial_end` has to be at least 2 days in the future.")
    return settings | {"trial_days": days, "trial_end": trial_end or bool(days), "missing": missing}


def _payment_settings(given: Parameters) -> dict[str, Any]:
    data = given.inner("payment_intent_data")
    usage = data.choice("setup_future_usage", ("on_session", "off_session")) or None
    settings = {"metadata": data.metadata(), "description": data.text("description") or None, "usage": usage}
    data.done()
    return settings


def expire(world: World, given: Parameters, session: str) -> Document:
    given.done()
    return run_out(world, session)


def run_out(world: World, identity: str) -> Document:
    session = world.get("checkout.session", identity, "session")
    if session["status"] != "open":
        raise Refusal(
            f'Only Checkout Sessions with a status in ["open"] can be expired. This Checkout Session has a status of '
            f"{session['status']}.",
            param="session",
        )
    session |= {"status": "expired", "url": None}
    world.keep(session)
    world.forget("expire", identity)
    world.tell("checkout.session.expired", session)
    return session


def pay(world: World, session: Document, card: Card) -> bool:
    """What a person does at the page. After a decline the page stays open and nothing has begun."""
    if session["status"] != "open":
        raise Refusal("This Checkout Session is no longer open.")
    free = session["amount_total"] == 0
    if card.outcome is not Outcome.PAYS:
        session["_declined"] = str(card.outcome)
        world.keep(session)
        return False
    customer = _customer(world, session)
    method = keep_card(world, card, customer["id"], customer["email"], card.later)
    if session["mode"] == "subscription":
        _subscribe(world, session, customer, method)
    else:
        _charge(world, session, customer, method)
    details = {"address": None, "business_name": None, "individual_name": None, "email": customer["email"]}
    details |= {"name": customer["name"], "phone": None, "tax_exempt": "none", "tax_ids": []}
    session |= {
        "status": "complete",
        "payment_status": "no_payment_required" if free else "paid",
        "customer": customer["id"],
        "customer_details": details,
        "url": None,
    }
    world.keep(session)
    world.forget("expire", session["id"])
    world.tell("checkout.session.completed", session)
    return True


def _customer(world: World, session: Document) -> Document:
    if session["customer"]:
        return world.get("customer", session["customer"])
    return new_customer(world, email=session["customer_email"] or "payer@example.com", name="Test Payer")


def _subscribe(world: World, session: Document, customer: Document, method: Document) -> None:
    settings = session["_settings"]
    trial_end = settings["trial_end"] or None
    if settings["trial_days"]:
        trial_end = world.time + settings["trial_days"] * 86400
    wish = Wish(
        customer=customer,
        items=[(world.get("price", price), count) for price, count in session["_prices"]],
        method=method,
        metadata=settings["metadata"],
        coupons=session["_coupons"],
        trial_end=trial_end,
        missing_method=settings["missing"],
        session=session["id"],
        description=settings["description"],
    )
    subscription, invoice = subscriptions.begin(world, wish, Outcome.PAYS)
    session |= {"subscription": subscription["id"], "invoice": invoice["id"]}


def _charge(world: World, session: Document, customer: Document, method: Document) -> None:
    settings = session["_settings"]
    intent = new_intent(
        world,
        amount=session["amount_total"],
        currency=session["currency"],
        customer=customer["id"],
        metadata=settings["metadata"],
        description=settings["description"],
        setup_future_usage=settings["usage"],
    )
    world.tell("payment_intent.created", picture(intent))
    attempt(world, intent, method, Outcome.PAYS)
    session["payment_intent"] = intent["id"]
