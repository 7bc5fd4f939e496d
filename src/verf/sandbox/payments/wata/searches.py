"""Searches: filters with names in any case, pages by number (links, old transactions) or by cursor (transactions)."""

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal, InvalidOperation
from typing import Any

from starlette.datastructures import QueryParams

from verf.kit import Money
from verf.sandbox.payments.store import Document
from verf.sandbox.payments.wata.errors import invalid
from verf.sandbox.payments.wata.terminal import zulu

USUAL, LARGEST = 10, 1000
SORTINGS: dict[str, Callable[[Document], Any]] = {
    "orderid": lambda found: found.get("orderId") or "",
    "creationtime": lambda found: found["created_at"],
    "amount": lambda found: found["amount"],
}
FILTERS = {
    *("orderid", "creationtimefrom", "creationtimeto", "amountfrom", "amountto", "currencies", "statuses"),
    *("paymentlinkids", "paymentlinkid", "sorting", "skipcount", "maxresultcount"),
}
CURSOR = {"cursorid", "cursordate", "cursoramount"}


class Query:
    """`names` beyond the filters that this search knows; any other is refused."""

    def __init__(self, params: QueryParams, names: frozenset[str] = frozenset()) -> None:
        self._values: dict[str, list[str]] = {}
        for name, value in params.multi_items():
            if name.lower() not in FILTERS | names:
                raise invalid(name, f"'{name}' is not known here.")
            self._values.setdefault(name.lower(), []).extend(
                value.split(",") if name.lower().endswith("s") else [value]
            )

    def one(self, name: str) -> str:
        return self._values.get(name, [""])[-1]

    def whole(self, name: str, usual: int, largest: int) -> int:
        text = self.one(name) or str(usual)
        if not text.isdecimal() or not int(text) <= largest:
            raise invalid(name, f"'{name}' must be a number up to {largest}.")
        return int(text)

    def found(self, documents: list[Document]) -> list[Document]:
        """Those that pass every filter, sorted; newest first unless asked otherwise."""
        kept = [document for document in documents if self._passes(document)]
        field, _, direction = (self.one("sorting") or "creationTime desc").partition(" ")
        if field.lower() not in SORTINGS or direction.lower() not in {"", "asc", "desc"}:
            raise invalid("sorting", "'Sorting' must be orderId, creationTime or amount, with desc after it or not.")
        key, is_descending = SORTINGS[field.lower()], direction.lower() == "desc"
        return sorted(kept, key=lambda found: (key(found), found["id"]), reverse=is_descending)

    def _passes(self, found: Document) -> bool:
        listed = [("currencies", "currency"), ("statuses", "status"), ("paymentlinkids", "paymentLinkId")]
        if any(self._values.get(name) and found.get(field) not in self._values[name] for name, field in listed):
            return False
        if (order := self.one("orderid")) and found.get("orderId") != order:
            return False
        if (link := self.one("paymentlinkid")) and found.get("paymentLinkId") != link:
            return False
        made, amount = datetime.fromisoformat(found["created_at"]), Money(found["amount"], found["currency"]).decimal
        bounds = [
            not self.one("creationtimefrom") or made >= self._moment("creationtimefrom"),
            not self.one("creationtimeto") or made <= self._moment("creationtimeto"),
            not self.one("amountfrom") or amount >= self._decimal("amountfrom"),
            not self.one("amountto") or amount <= self._decimal("amountto"),
        ]
        return all(bounds)

    def _moment(self, name: str) -> datetime:
        try:
            moment = datetime.fromisoformat(self.one(name))
        except ValueError as error:
            raise invalid(name, f"'{name}' is not a date.") from error
        if moment.tzinfo is None:
            raise invalid(name, f"'{name}' has no time zone.")
        return moment

    def _decimal(self, name: str) -> Decimal:
        try:
            return Decimal(self.one(name))
        except InvalidOperation as error:
            raise invalid(name, f"'{name}' is not a number.") from error


def numbered(query: Query, documents: list[Document], show: Callable[[Document], Any]) -> dict[str, Any]:
    found = query.found(documents)
    start, size = query.whole("skipcount", 0, 10**9), query.whole("maxresultcount", USUAL, LARGEST)
    return {"totalCount": len(found), "items": [show(document) for document in found[start : start + size]]}


def by_cursor(query: Query, documents: list[Document], show: Callable[[Document], Any]) -> dict[str, Any]:
    """A cursor that does not come whole leads back to the beginning, without a word."""
    found = query.found(documents)
    cursor = tuple(query.one(name) for name in ("cursorid", "cursordate", "cursoramount"))
    places = [number for number, document in enumerate(found) if _cursor(document) == cursor]
    rest = found[places[0] + 1 :] if places else found
    page = rest[: query.whole("maxresultcount", USUAL, LARGEST)]
    has_next = len(rest) > len(page)
    shown = [show(document) for document in page]
    last = shown[-1] if has_next else {"id": None, "creationTime": None, "amount": None}
    return {
        "items": shown,
        "hasNextPage": has_next,
        "nextCursorId": last["id"],
        "nextCursorDate": last["creationTime"],
        "nextCursorAmount": last["amount"],
    }


def _cursor(found: Document) -> tuple[str, str, str]:
    amount = str(Money(found["amount"], found["currency"]).decimal)
    return found["id"], zulu(datetime.fromisoformat(found["created_at"])), amount
