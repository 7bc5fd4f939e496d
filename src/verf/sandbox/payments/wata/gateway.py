"""The API of Wata: who may ask, how often, and where each method leads."""

import base64
import binascii
import json
from collections.abc import Callable
from datetime import datetime, timedelta
from math import ceil
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from verf.kit import now
from verf.sandbox.payments.wata.bodies import new_link, new_refund, parse
from verf.sandbox.payments.wata.errors import Refused, answer, not_you, too_many
from verf.sandbox.payments.wata.keys import Keys
from verf.sandbox.payments.wata.links import Links
from verf.sandbox.payments.wata.searches import CURSOR, Query, by_cursor, numbered
from verf.sandbox.payments.wata.terminal import TOKEN, Terminal, written
from verf.sandbox.payments.wata.transactions import Transactions

API = "/api/h2h"
EACH = timedelta(seconds=30)
# Retry-After is told with a margin: 39 to 45 seconds were seen right after a request.
MARGIN = (9, 15)


class Gateway:
    def __init__(self, terminal: Terminal, links: Links, transactions: Transactions, keys: Keys) -> None:
        self._terminal, self._links, self._transactions, self._keys = terminal, links, transactions, keys

    def application(self, pages: list[BaseRoute]) -> Starlette:
        handlers: Any = {Refused: _refused, HTTPException: _plain}
        return Starlette(routes=[*self._routes(), *pages], exception_handlers=handlers)

    def _routes(self) -> list[BaseRoute]:
        return [
            Route(f"{API}/public-key", self._public_key, methods=["GET"]),
            *self._both(f"{API}/links", "POST", self._make_link),
            *self._both(f"{API}/links", "GET", self._search_links),
            *self._both(f"{API}/links/{{id}}", "GET", self._show_link),
            *self._both(f"{API}/transactions", "GET", self._search_numbered),
            *self._both(f"{API}/v2/transactions", "GET", self._search_by_cursor),
            *self._both(f"{API}/transactions/refunds", "POST", self._refund),
            *self._both(f"{API}/transactions/{{id}}", "GET", self._show_transaction),
        ]

    def _both(self, path: str, method: str, work: Callable[[Request, bytes], Any]) -> list[BaseRoute]:
        """With and without the slash at the end, as its documentation writes them."""

        async def handle(request: Request) -> Response:
            raw = await request.body()
            if not self._may_ask(request):
                return not_you()
            if method == "POST" and request.headers.get("content-type", "").partition(";")[0] != "application/json":
                return Response(status_code=415)
            content = work(request, raw)
            return content if isinstance(content, Response) else _json(content)

        return [Route(path, handle, methods=[method]), Route(f"{path}/", handle, methods=[method])]

    async def _public_key(self, _request: Request) -> Response:
        return _json({"value": self._keys.public()})

    def _make_link(self, _request: Request, raw: bytes) -> Any:
        return self._links.shown(self._links.create(new_link(parse(raw))))

    def _search_links(self, request: Request, _raw: bytes) -> Any:
        query = Query(request.query_params)
        return self._limited("links of", query.one("orderid")) or numbered(query, self._links.all(), self._links.shown)

    def _show_link(self, request: Request, _raw: bytes) -> Any:
        identity = str(request.path_params["id"])
        return self._limited("link", identity) or self._links.shown(self._links.find(identity))

    def _search_numbered(self, request: Request, _raw: bytes) -> Any:
        query, transactions = Query(request.query_params), self._transactions
        limited = self._limited("transactions of", query.one("orderid"))
        return limited or numbered(query, transactions.all(), transactions.shown)

    def _search_by_cursor(self, request: Request, _raw: bytes) -> Any:
        query, transactions = Query(request.query_params, frozenset(CURSOR)), self._transactions
        # The next page of one search is part of it.
        order = "" if query.one("cursorid") else query.one("orderid")
        return self._limited("transactions of", order) or by_cursor(query, transactions.all(), transactions.shown)

    def _show_transaction(self, request: Request, _raw: bytes) -> Any:
        identity = str(request.path_params["id"])
        return self._limited("transaction", identity) or self._transactions.shown(self._transactions.find(identity))

    def _refund(self, _request: Request, raw: bytes) -> Any:
        refund = self._transactions.refund(*new_refund(parse(raw)))
        return {
            "transactionId": refund["id"],
            "originalTransactionId": refund["originalTransactionId"],
            "transactionStatus": refund["status"],
            "kind": refund["kind"],
            "errorCode": refund["errorCode"],
            "errorDescription": refund["errorDescription"],
        }

    def _limited(self, what: str, identity: str) -> Response | None:
        """One look at one object in 30 seconds."""
        if not identity or not self._terminal.settings.enforces_limits:
            return None
        key, at = f"{what} {identity}", now()
        seen = self._terminal.store.get("look", key)
        free_at = datetime.fromisoformat(seen["at"]) + EACH if seen else at
        if free_at > at:
            wait = ceil((free_at - at).total_seconds()) + self._terminal.dice.throw("retry").randint(*MARGIN)
            return too_many(wait)
        self._forget_old_looks(at)
        self._terminal.store.remove("look", key)
        self._terminal.store.put("look", key, {"at": at.isoformat()})
        return None

    def _forget_old_looks(self, at: datetime) -> None:
        for key, seen in self._terminal.store.items("look"):
            if datetime.fromisoformat(seen["at"]) + EACH > at:
                return
            self._terminal.store.remove("look", key)

    def _may_ask(self, request: Request) -> bool:
        """The sandbox's own token, or anything that looks like a JWT which has not run out."""
        kind, _, token = request.headers.get("authorization", "").partition(" ")
        if kind.lower() != "bearer" or not self._terminal.settings.token_is_valid:
            return False
        return token == TOKEN or _is_current(token)


def _is_current(token: str) -> bool:
    parts = token.split(".")
    try:
        claims = json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
        return len(parts) == 3 and int(claims["exp"]) > now().timestamp()
    except (IndexError, KeyError, TypeError, ValueError, binascii.Error):
        return False


def _json(content: Any) -> Response:
    return Response(written(content), 200, media_type="application/json")


async def _refused(_request: Request, error: Exception) -> Response:
    assert isinstance(error, Refused)
    return answer(error)


async def _plain(_request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    return Response(status_code=error.status_code)
