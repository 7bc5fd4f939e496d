"""The customer portal: another card, an end, a change of mind."""

from jinja2 import Environment, PackageLoader, StrictUndefined
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from verf.sandbox.payments.cards import CARDS, Card, Outcome
from verf.sandbox.payments.hosted import HEADERS
from verf.sandbox.payments.store import Document
from verf.sandbox.payments.stripe import invoices, life, subscriptions
from verf.sandbox.payments.stripe.charging import DECLINES, keep_card
from verf.sandbox.payments.stripe.world import World, picture

POLICY = "default-src 'self'; object-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'"

_templates = Environment(
    loader=PackageLoader("verf.sandbox"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)


def page(request: Request, world: World, customer: Document, *, back: str, said: str = "") -> Response:
    theme = request.cookies.get("__Host-theme") or request.cookies.get("theme")
    mine = world.all("subscription", customer=customer["id"])
    html = _templates.get_template("stripe-portal.html").render(
        action=request.url.path,
        back=back,
        cards=CARDS,
        customer=customer,
        root=request.scope.get("root_path", "").removesuffix("/stripe"),
        said=said,
        subscriptions=[_shown(world, each) for each in mine],
        theme=theme if theme in {"light", "dark"} else "",
    )
    return HTMLResponse(html, headers={"Content-Security-Policy": POLICY, **HEADERS})


def serve(world: World, customer: Document, action: str, identity: str, card: Card | None) -> str:
    """What was done, as a sentence for the page."""
    if action == "card" and card is not None:
        return change_card(world, customer, card)
    found = world.store.get("subscription", identity)
    if found is None or found["customer"] != customer["id"] or found["status"] in subscriptions.OVER:
        return "There is nothing to change."
    if action == "cancel":
        return cancel(world, found)
    if action == "keep":
        _cancel_at_end(world, found, wanted=False)
        return "It goes on."
    return "Choose what to do."


def change_card(world: World, customer: Document, card: Card) -> str:
    """Kept for every subscription, and what is owed is tried with it at once."""
    if card.outcome is not Outcome.PAYS:
        return DECLINES[card.outcome].message
    method = keep_card(world, card, customer["id"], customer["email"], card.later)
    before = picture(customer)
    customer["invoice_settings"]["default_payment_method"] = method["id"]
    world.keep(customer)
    world.tell("customer.updated", customer, before)
    for subscription in world.all("subscription", customer=customer["id"]):
        if subscription["status"] in subscriptions.OVER:
            continue
        subscriptions.change_status(world, subscription, subscription["status"], default_payment_method=method["id"])
        for invoice in subscriptions.invoices_of(world, subscription)[::-1]:
            if invoice["status"] == "open":
                life.charge(world, invoice)
    return "The card was changed."


def settle(world: World, invoice: Document, card: Card) -> bool:
    """Somebody pays an open invoice at its page."""
    customer = world.get("customer", invoice["customer"])
    method = keep_card(world, card, customer["id"], customer["email"], card.later)
    if not invoices.collect(world, invoice, method, card.outcome):
        return False
    life.paid(world, invoice)
    return True


def cancel(world: World, subscription: Document) -> str:
    if subscription["schedule"]:
        schedule = world.get("subscription_schedule", subscription["schedule"])
        schedule |= {"status": "released", "released_at": world.time, "subscription": None, "current_phase": None}
        schedule["released_subscription"] = subscription["id"]
        subscription["schedule"] = None
        world.keep(schedule)
    _cancel_at_end(world, subscription, wanted=True)
    return "It ends when the paid time does."


def _cancel_at_end(world: World, subscription: Document, *, wanted: bool) -> None:
    subscription["cancellation_details"] = {
        **subscription["cancellation_details"],
        "reason": "cancellation_requested" if wanted else None,
    }
    subscriptions.change_status(
        world,
        subscription,
        subscription["status"],
        cancel_at_period_end=wanted,
        cancel_at=subscriptions.period_end(subscription) if wanted else None,
        canceled_at=world.time if wanted else None,
    )
    world.plan("renew", subscription["id"], subscriptions.period_end(subscription))


def _shown(world: World, subscription: Document) -> Document:
    method = subscriptions.method_of(world, subscription)
    price = subscription["items"]["data"][0]["price"]
    return {
        "id": subscription["id"],
        "title": world.get("product", price["product"])["name"],
        "status": subscription["status"].replace("_", " "),
        "ends": subscription["cancel_at_period_end"],
        "over": subscription["status"] in subscriptions.OVER,
        "card": f"···· {method['card']['last4']}" if method else "no card",
    }
