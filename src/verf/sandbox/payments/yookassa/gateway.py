"""The API of YooKassa: who may ask, what a repeated request gets, where each method leads."""

import base64
import binascii
import hmac
from collections.abc import Callable
from typing import Any

from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from verf.sandbox.payments.idempotency import Idempotency, KeyReused
from verf.sandbox.payments.store import Document
from verf.sandbox.payments.yookassa.bindings import Bindings
from verf.sandbox.payments.yookassa.bodies import Capture, NewMethod, NewPayment, NewRefund, Strict, read
from verf.sandbox.payments.yookassa.errors import Refused, answer, invalid, plain
from verf.sandbox.payments.yookassa.fiscal import Receipts
from verf.sandbox.payments.yookassa.lists import listing
from verf.sandbox.payments.yookassa.payments import Payments
from verf.sandbox.payments.yookassa.refunds import Refunds
from verf.sandbox.payments.yookassa.shop import ACCOUNT, SECRET, Shop

Read = Callable[[Request], Document]
Write = Callable[[Request, bytes], Document]

LONGEST_KEY = 64
RETRY_AFTER_MILLISECONDS = 1800


class Gateway:
    def __init__(
        self, shop: Shop, payments: Payments, refunds: Refunds, bindings: Bindings, receipts: Receipts
    ) -> None:
        self._shop, self._payments, self._refunds = shop, payments, refunds
        self._bindings, self._receipts = bindings, receipts
        self._keys = Idempotency(shop.store)

    def application(self, pages: list[BaseRoute]) -> Starlette:
        handlers: Any = {Refused: self._refused, HTTPException: self._plain}
        return Starlette(routes=[*self._routes(), *pages], exception_handlers=handlers)

    def _routes(self) -> list[BaseRoute]:
        payments, refunds = self._payments, self._refunds
        return [
            self._reads("/v3/me", self._me),
            self._reads("/v3/payments", self._list_payments),
            self._writes("/v3/payments", NewPayment, lambda _request, wanted: payments.create(wanted)),
            self._reads("/v3/payments/{id}", lambda request: payments.show(_id(request))),
            self._writes("/v3/payments/{id}/capture", Capture, lambda request, it: payments.capture(_id(request), it)),
            self._writes("/v3/payments/{id}/cancel", Strict, lambda request, _it: payments.call_off(_id(request))),
            self._reads("/v3/refunds", self._list_refunds),
            self._writes("/v3/refunds", NewRefund, lambda _request, wanted: refunds.create(wanted)),
            self._reads("/v3/refunds/{id}", lambda request: refunds.show(_id(request))),
            self._reads("/v3/receipts", self._list_receipts),
            self._reads("/v3/receipts/{id}", lambda request: self._receipts.show(_id(request))),
            self._writes("/v3/payment_methods", NewMethod, lambda _request, it: self._bindings.create(it)),
            self._reads("/v3/payment_methods/{id}", lambda request: self._bindings.show(_id(request))),
        ]

    def _reads(self, path: str, read_one: Read) -> Route:
        async def handle(request: Request) -> Response:
            self._authenticate(request)
            return JSONResponse(read_one(request))

        return Route(path, handle, methods=["GET"])

    def _writes(self, path: str, body: type[Any], write: Callable[[Request, Any], Document]) -> Route:
        async def handle(request: Request) -> Response:
            raw = await request.body()
            self._authenticate(request)
            return self._once(request, raw, lambda: write(request, read(body, raw)))

        return Route(path, handle, methods=["POST"])

    def _once(self, request: Request, raw: bytes, work: Callable[[], Document]) -> Response:
        """The same key and the same request: the same answer as the first time, for 24 hours."""
        key, path = request.headers.get("idempotence-key", ""), request.url.path
        if not 0 < len(key) <= LONGEST_KEY:
            raise invalid(f"Idempotence key is required, at most {LONGEST_KEY} characters", "Idempotence-Key")
        if request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
            raise Refused(415, "invalid_request", "The content type must be application/json", "Content-Type")
        try:
            before = self._keys.recall(key, request.method, path, raw)
        except KeyReused as error:
            raise invalid("Idempotence key duplicated", "Idempotence-Key") from error
        content = before.body if before else work()
        if before is None:
            self._keys.remember(key, request.method, path, raw, status=200, answer=content)
        if self._shop.knobs.acts("processing", path):
            return _processing()
        return JSONResponse(content)

    def _authenticate(self, request: Request) -> None:
        kind, _, credentials = request.headers.get("authorization", "").partition(" ")
        try:
            given = base64.b64decode(credentials, validate=True) if kind.lower() == "basic" else b""
        except binascii.Error:
            given = b""
        if not hmac.compare_digest(given, f"{ACCOUNT}:{SECRET}".encode()):
            raise Refused(401, "invalid_credentials", "Authentication by given credentials failed", "Authorization")

    def _me(self, _request: Request) -> Document:
        settings = self._shop.settings
        return {
            "account_id": ACCOUNT,
            "status": "enabled",
            "test": settings.test,
            "fiscalization_enabled": settings.receipts,
            "payment_methods": ["bank_card", "yoo_money", "sbp"],
        }

    def _list_payments(self, request: Request) -> Document:
        times, exact = {"created_at", "captured_at"}, {"status", "payment_method"}
        return listing(self._payments.all(), request.query_params, times=times, exact=exact)

    def _list_refunds(self, request: Request) -> Document:
        times, exact = {"created_at"}, {"status", "payment_id"}
        return listing(self._refunds.all(), request.query_params, times=times, exact=exact)

    def _list_receipts(self, request: Request) -> Document:
        exact = {"payment_id", "refund_id", "status"}
        return listing(self._receipts.all(), request.query_params, times={"registered_at"}, exact=exact)

    async def _refused(self, _request: Request, error: Refused) -> Response:
        return answer(error, self._shop.dice.uuid())

    async def _plain(self, _request: Request, error: HTTPException) -> Response:
        refused = plain(error.status_code)
        return answer(Refused(error.status_code, refused.code, refused.description), self._shop.dice.uuid())


def _id(request: Request) -> str:
    return str(request.path_params["id"])


def _processing() -> Response:
    description = "Request accepted, but not processed yet. Retry the request with the same idempotence key"
    content = {"type": "processing", "description": description, "retry_after": RETRY_AFTER_MILLISECONDS}
    return JSONResponse(content, 202)
