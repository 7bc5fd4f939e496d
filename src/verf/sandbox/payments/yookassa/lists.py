"""Lists, newest first, page by page."""

from collections.abc import Callable, Mapping
from datetime import datetime
from operator import ge, gt, le, lt
from typing import Any

from verf.sandbox.payments.store import Document
from verf.sandbox.payments.yookassa.errors import invalid

COMPARED: dict[str, Callable[[datetime, datetime], bool]] = {"gte": ge, "gt": gt, "lte": le, "lt": lt}
LIMIT = 10
LARGEST = 100


def listing(documents: list[Document], query: Mapping[str, str], *, times: set[str], exact: set[str]) -> Document:
    """`documents` oldest first. `times` may be compared (created_at.gte=…), `exact` must be equal."""
    tests = [_test(name, value, times, exact) for name, value in query.items() if name not in {"limit", "cursor"}]
    found = [document for document in reversed(documents) if all(test(document) for test in tests)]
    if cursor := query.get("cursor"):
        places = [number for number, document in enumerate(found) if document["id"] == cursor]
        if not places:
            raise invalid("The cursor is not valid", "cursor")
        found = found[places[0] :]
    limit = _limit(query.get("limit", str(LIMIT)))
    page = {"type": "list", "items": found[:limit]}
    return page | ({"next_cursor": found[limit]["id"]} if len(found) > limit else {})


def _limit(text: str) -> int:
    if not text.isdecimal() or not 1 <= int(text) <= LARGEST:
        raise invalid(f"The limit is from 1 to {LARGEST}", "limit")
    return int(text)


def _test(name: str, value: str, times: set[str], exact: set[str]) -> Callable[[Document], bool]:
    field, _, comparison = name.partition(".")
    if field in times and comparison in COMPARED:
        compare, wanted = COMPARED[comparison], _moment(name, value)
        return lambda document: field in document and compare(datetime.fromisoformat(document[field]), wanted)
    if name in exact:
        return lambda document: _value(document, name) == value
    raise invalid("There is no such filter", name)


def _value(document: Document, name: str) -> Any:
    return document.get("payment_method", {}).get("type") if name == "payment_method" else document.get(name)


def _moment(name: str, value: str) -> datetime:
    try:
        moment = datetime.fromisoformat(value)
    except ValueError as error:
        raise invalid("The time is not ISO 8601", name) from error
    if moment.tzinfo is None:
        raise invalid("The time has no zone", name)
    return moment
