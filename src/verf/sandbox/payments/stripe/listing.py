"""Lists: newest first, in pages, with Stripe's cursors."""

from collections.abc import Callable
from typing import Any

from verf.sandbox.payments.store import Document
from verf.sandbox.payments.stripe.parameters import Parameters
from verf.sandbox.payments.stripe.refusals import invalid, lacks, missing
from verf.sandbox.payments.stripe.world import World

MOST = 100
RANGES: dict[str, Callable[[int, int], bool]] = {
    "gt": lambda value, limit: value > limit,
    "gte": lambda value, limit: value >= limit,
    "lt": lambda value, limit: value < limit,
    "lte": lambda value, limit: value <= limit,
}


def page(given: Parameters, found: list[Document], url: str) -> Document:
    limit = given.number("limit", 10) or 10
    if not 1 <= limit <= MOST:
        raise invalid("limit", f"This value must be between 1 and {MOST}.", "parameter_invalid_integer")
    after, before = given.text("starting_after"), given.text("ending_before")
    given.done()
    if before:
        rest = found[: _place(found, before, "ending_before")]
        return _page(rest[-limit:], url, has_more=len(rest) > limit)
    rest = found[_place(found, after, "starting_after") + 1 :] if after else found
    return _page(rest[:limit], url, has_more=len(rest) > limit)


def _place(found: list[Document], identity: str, param: str) -> int:
    for at, each in enumerate(found):
        if each["id"] == identity:
            return at
    raise missing("object", identity, param)


def _page(data: list[Document], url: str, *, has_more: bool) -> Document:
    return {"object": "list", "data": data, "has_more": has_more, "url": url}


def created_within(given: Parameters, found: list[Document]) -> list[Document]:
    if "created" not in given:
        return found
    if isinstance(given.given["created"], str):
        second = given.number("created")
        return [each for each in found if each["created"] == second]
    limits = given.inner("created")
    wanted = [(RANGES[name], limits.number(name)) for name in RANGES if name in limits]
    limits.done()
    return [each for each in found if all(test(each["created"], limit or 0) for test, limit in wanted)]


def simple(kind: str, *filters: str) -> Callable[..., Document]:
    """A list whose filters are fields of the object with the same name."""

    def listed(world: World, given: Parameters) -> Document:
        wanted = {name: given.text(name) for name in filters if name in given}
        found = created_within(given, world.all(kind, **wanted))
        return page(given, found, f"/v1/{PATHS.get(kind, kind + 's')}")

    return listed


PATHS = {
    "billing.meter": "billing/meters",
    "checkout.session": "checkout/sessions",
    "invoice_payment": "invoice_payments",
}


def prices(world: World, given: Parameters) -> Document:
    found = world.all("price", **({"product": given.text("product")} if "product" in given else {}))
    if "lookup_keys" in given:
        keys = given.words("lookup_keys")
        if len(keys) > 10:
            raise invalid("lookup_keys", "You may only specify up to 10 lookup keys.")
        found = [each for each in found if each["lookup_key"] in keys]
    if "active" in given:
        active = given.flag("active")
        found = [each for each in found if each["active"] is active]
    return page(given, created_within(given, found), "/v1/prices")


def subscriptions(world: World, given: Parameters) -> Document:
    status = given.text("status")
    found = world.all("subscription", **({"customer": given.text("customer")} if "customer" in given else {}))
    if status == "":
        found = [each for each in found if each["status"] != "canceled"]
    elif status == "ended":
        found = [each for each in found if each["ended_at"]]
    elif status != "all":
        found = [each for each in found if each["status"] == status]
    return page(given, created_within(given, found), "/v1/subscriptions")


def invoices(world: World, given: Parameters) -> Document:
    names = [name for name in ("customer", "status", "collection_method") if name in given]
    found = world.all("invoice", **{name: given.text(name) for name in names})
    if "subscription" in given:
        wanted = given.text("subscription")
        found = [each for each in found if each["parent"]["subscription_details"]["subscription"] == wanted]
    return page(given, created_within(given, found), "/v1/invoices")


def lines(world: World, given: Parameters, invoice: str) -> Document:
    found = world.get("invoice", invoice, "invoice")
    return page(given, found["lines"]["data"], f"/v1/invoices/{invoice}/lines")


def invoice_payments(world: World, given: Parameters) -> Document:
    names = [name for name in ("invoice", "status") if name in given]
    found = world.all("invoice_payment", **{name: given.text(name) for name in names})
    if "payment" in given:
        payment = given.inner("payment")
        if payment.choice("type", ("payment_intent", "payment_record")) != "payment_intent":
            raise lacks("payment[type]")
        wanted = payment.need("payment_intent")
        payment.done()
        found = [each for each in found if each["payment"]["payment_intent"] == wanted]
    return page(given, created_within(given, found), "/v1/invoice_payments")


def events(world: World, given: Parameters) -> Document:
    found: list[Document] = world.all("event", **({"type": given.text("type")} if "type" in given else {}))
    if "types" in given:
        types = given.words("types")
        if len(types) > 20:
            raise invalid("types", "You may specify up to 20 types.")
        found = [each for each in found if each["type"] in types]
    return page(given, created_within(given, found), "/v1/events")


def of_charge(world: World, given: Parameters, charge: str) -> Document:
    return page(given, world.all("refund", charge=charge), f"/v1/charges/{charge}/refunds")


def methods_of(world: World, given: Parameters, customer: str) -> Document:
    world.get("customer", customer, "customer")
    given.text("type")
    found: list[Any] = world.all("payment_method", customer=customer)
    return page(given, found, f"/v1/customers/{customer}/payment_methods")
