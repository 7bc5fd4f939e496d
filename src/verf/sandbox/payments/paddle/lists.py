"""Lists, filtered and paged the way Paddle does it."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC
from typing import Any
from urllib.parse import urlencode

from verf.sandbox.payments.paddle.errors import invalid
from verf.sandbox.payments.paddle.world import World, read, shown, written
from verf.sandbox.payments.store import Document

PAGING = frozenset({"after", "per_page", "order_by", "include"})
COMPARISONS: Mapping[str, Callable[[str, str], bool]] = {
    "": lambda ours, theirs: ours == theirs,
    "[LT]": lambda ours, theirs: ours < theirs,
    "[LTE]": lambda ours, theirs: ours <= theirs,
    "[GT]": lambda ours, theirs: ours > theirs,
    "[GTE]": lambda ours, theirs: ours >= theirs,
}


@dataclass(frozen=True, kw_only=True)
class Listing:
    """`by` are fields compared with one or several values, `times` with a moment."""

    kind: str
    by: Sequence[str] = ()
    times: Sequence[str] = ()
    size: int = 50
    largest: int = 200
    identity: str = "id"
    newest_first: bool = True
    others: Mapping[str, Callable[[Document, str], bool]] | None = None


LISTS = {
    "products": Listing(kind="product", by=("id", "status", "type")),
    "prices": Listing(
        kind="price",
        by=("id", "status", "type", "product_id"),
        others={"recurring": lambda price, wanted: bool(price["billing_cycle"]) == (wanted == "true")},
    ),
    "discounts": Listing(kind="discount", by=("id", "status", "code", "mode")),
    "customers": Listing(kind="customer", by=("id", "status", "email")),
    "addresses": Listing(kind="address", by=("id", "status", "customer_id")),
    "transactions": Listing(
        kind="transaction",
        by=("id", "status", "origin", "customer_id", "subscription_id", "invoice_number", "collection_mode"),
        times=("billed_at", "created_at", "updated_at"),
        size=30,
        largest=30,
    ),
    "subscriptions": Listing(
        kind="subscription", by=("id", "status", "customer_id", "address_id"), times=("next_billed_at",)
    ),
    "adjustments": Listing(
        kind="adjustment",
        by=("id", "status", "action", "customer_id", "transaction_id", "subscription_id"),
        size=10,
        largest=50,
    ),
    "events": Listing(
        kind="event",
        by=("event_type",),
        identity="event_id",
        newest_first=False,
        others={
            "from": lambda event, wanted: bool(event["occurred_at"] >= _moment(wanted)),
            "to": lambda event, wanted: bool(event["occurred_at"] <= _moment(wanted)),
        },
    ),
}


def listed(world: World, name: str, question: Mapping[str, str], url: str) -> Document:
    """A page, with where the next one is."""
    listing = LISTS[name]
    found = [each for each in world.all(listing.kind) if _is_wanted(listing, each, question)]
    found.sort(key=lambda each: str(each[listing.identity]), reverse=_descends(listing, question))
    rest = _after(listing, found, question.get("after"))
    size = _size(listing, question.get("per_page"))
    page = [shown(each) for each in rest[:size]]
    last = page[-1][listing.identity] if page else question.get("after", "")
    onward = {**question, "per_page": str(size), "after": last}
    return {
        "data": page,
        "pagination": {
            "per_page": size,
            "next": f"{url}?{urlencode(onward)}",
            "has_more": len(rest) > size,
            "estimated_total": len(found),
        },
    }


def _is_wanted(listing: Listing, document: Document, question: Mapping[str, str]) -> bool:
    return all(_matches(listing, document, name, value) for name, value in question.items() if name not in PAGING)


def _matches(listing: Listing, document: Document, name: str, value: str) -> bool:
    field, bracket, comparison = name.partition("[")
    if listing.others and name in listing.others:
        return listing.others[name](document, value)
    if name in listing.by:
        return str(document[name]).lower() in {each.strip().lower() for each in value.split(",")}
    if field in listing.times and bracket + comparison in COMPARISONS:
        ours = document[field]
        return ours is not None and COMPARISONS[bracket + comparison](ours, _moment(value))
    raise invalid((name, "is not a filter of this list"))


def _descends(listing: Listing, question: Mapping[str, str]) -> bool:
    order = question.get("order_by")
    if order is None:
        return listing.newest_first
    if order not in {"id[ASC]", "id[DESC]"}:
        raise invalid(("order_by", "must be id[ASC] or id[DESC]"))
    return order == "id[DESC]"


def _after(listing: Listing, found: list[Document], after: str | None) -> list[Document]:
    if not after:
        return found
    numbers = [number for number, each in enumerate(found) if each[listing.identity] == after]
    return found[numbers[0] + 1 :] if numbers else []


def _size(listing: Listing, wanted: str | None) -> int:
    if wanted is None:
        return listing.size
    if not wanted.isdigit() or int(wanted) < 1:
        raise invalid(("per_page", "must be a number"))
    return min(int(wanted), listing.largest)


def _moment(text: str) -> Any:
    try:
        at = read(text)
    except ValueError:
        raise invalid(("time", "must be an RFC 3339 time")) from None
    return written(at if at.tzinfo else at.replace(tzinfo=UTC))
