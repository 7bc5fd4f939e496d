"""`expand[]`: ids become the objects they name, four levels deep at most."""

from collections.abc import Sequence
from typing import Any

from verf.sandbox.payments.store import Document
from verf.sandbox.payments.stripe.refusals import Refusal
from verf.sandbox.payments.stripe.world import World, picture

DEEPEST = 4
LINES_SHOWN = 10
KINDS = {
    "balance_transaction": "balance_transaction",
    "charge": "charge",
    "coupon": "coupon",
    "customer": "customer",
    "default_payment_method": "payment_method",
    "discounts": "discount",
    "invoice": "invoice",
    "latest_charge": "charge",
    "latest_invoice": "invoice",
    "payment_intent": "payment_intent",
    "payment_method": "payment_method",
    "price": "price",
    "product": "product",
    "schedule": "subscription_schedule",
    "subscription": "subscription",
}


def shown(world: World, document: Document, expand: Sequence[str]) -> Document:
    answer = picture(document)
    _shorten(answer)
    for path in expand:
        steps = path.split(".")
        if len(steps) > DEEPEST:
            raise Refusal(
                f"You cannot expand more than {DEEPEST} levels of a property. Property: {path}.",
                code="property_expansion_max_depth",
                param="expand",
            )
        _expand(world, answer, steps, path)
    return answer


def _expand(world: World, value: Any, steps: list[str], path: str) -> None:
    if isinstance(value, list):
        for each in value:
            _expand(world, each, steps, path)
        return
    if not isinstance(value, dict) or not steps:
        return
    step, rest = steps[0], steps[1:]
    if step not in value and not _include(world, value, step):
        raise Refusal(
            f"This property cannot be expanded ({step}). You may want to try expanding another one: {path}.",
            code="property_expansion_invalid",
            param="expand",
        )
    value[step] = _opened(world, step, value[step])
    _expand(world, value[step], rest, path)


def _opened(world: World, name: str, value: Any) -> Any:
    if isinstance(value, list):
        return [_opened(world, name, each) for each in value]
    kind = KINDS.get(name)
    if kind is None or not isinstance(value, str):
        return value
    found = picture(world.get(kind, value, name))
    _shorten(found)
    return found


def _include(world: World, document: Document, name: str) -> bool:
    """Lists that Stripe only adds when it is asked to."""
    if document.get("object") == "invoice" and name == "payments":
        found = world.all("invoice_payment", invoice=document["id"])
        document["payments"] = _list(found, "/v1/invoice_payments")
    elif document.get("object") == "charge" and name == "refunds":
        found = world.all("refund", charge=document["id"])
        document["refunds"] = _list(found, f"/v1/charges/{document['id']}/refunds")
    else:
        return False
    return True


def _list(found: list[Document], url: str) -> Document:
    data = [picture(each) for each in found[:LINES_SHOWN]]
    return {"object": "list", "data": data, "has_more": len(found) > LINES_SHOWN, "url": url}


def _shorten(document: Document) -> None:
    """An invoice carries its first ten lines."""
    for each in document["data"] if document.get("object") == "list" else [document]:
        if each.get("object") == "invoice":
            lines = each["lines"]
            lines |= {"has_more": len(lines["data"]) > LINES_SHOWN, "data": lines["data"][:LINES_SHOWN]}
