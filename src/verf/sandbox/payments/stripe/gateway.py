"""The API as it is asked: who asks, what with, once or again; and the answer in Stripe's form."""

import base64
import binascii
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import BaseRoute, Route

from verf.sandbox.payments.idempotency import Idempotency, KeyReused
from verf.sandbox.payments.store import Document
from verf.sandbox.payments.stripe.expanding import shown
from verf.sandbox.payments.stripe.operations import OPERATIONS
from verf.sandbox.payments.stripe.parameters import Parameters, read
from verf.sandbox.payments.stripe.refusals import Refusal
from verf.sandbox.payments.stripe.world import NOBODYS, VERSION, World

SECRET_KEY = "sk_test_sandbox"  # noqa: S105 - the literal of every sandbox
LARGEST_BODY = 1_000_000

Endpoint = Callable[[Request], Awaitable[Response]]
Operation = Callable[..., Document]


class Gateway:
    def __init__(self, world: World) -> None:
        self.world = world
        self.idempotency = Idempotency(world.store, lasts=timedelta(hours=24))

    def routes(self) -> list[BaseRoute]:
        known = [
            Route(path, self._endpoint(operation), methods=[method]) for (method, path), operation in OPERATIONS.items()
        ]
        return [*known, Route("/v1/{rest:path}", self._unknown, methods=["GET", "POST", "DELETE"])]

    def answer(self, status: int, content: Any, headers: dict[str, str] | None = None) -> Response:
        ours = {"Request-Id": self._request_id(), "Stripe-Version": VERSION, "Cache-Control": "no-cache, no-store"}
        return JSONResponse(content, status, headers={**ours, **(headers or {})})

    def refuse(self, refusal: Refusal, headers: dict[str, str] | None = None) -> Response:
        request_id = self._request_id()
        error = {**refusal.error, "request_log_url": f"https://dashboard.stripe.com/test/logs/{request_id}"}
        return self.answer(refusal.status, {"error": error}, {"Request-Id": request_id, **(headers or {})})

    def _endpoint(self, operation: Operation) -> Endpoint:
        async def answered(request: Request) -> Response:
            body = await request.body()
            try:
                self._admit(request, body)
                return self._once(request, body, operation)
            except Refusal as refusal:
                self.world.store.revert()
                return self.refuse(refusal)

        return answered

    async def _unknown(self, request: Request) -> Response:
        path = request.url.path.removeprefix(request.scope.get("root_path", ""))
        message = f"Unrecognized request URL ({request.method}: {path}). Please see https://stripe.com/docs."
        return self.refuse(Refusal(message, status=404))

    def _admit(self, request: Request, body: bytes) -> None:
        key = _key_of(request.headers.get("authorization", ""))
        if not key:
            message = "You did not provide an API key. You need to provide your API key in the Authorization header."
            raise Refusal(message, status=401)
        if key != SECRET_KEY:
            shown_key = f"{key[:8]}{'*' * max(0, len(key) - 12)}{key[-4:]}"
            raise Refusal(f"Invalid API Key provided: {shown_key}", status=401)
        if len(body) > LARGEST_BODY:
            raise Refusal("The request body is too large.", status=413)
        kind = request.headers.get("content-type", "")
        if request.method == "POST" and body and not kind.startswith("application/x-www-form-urlencoded"):
            raise Refusal(
                f"Invalid request (check that your POST content type is application/x-www-form-urlencoded): {kind}"
            )
        version = request.headers.get("stripe-version", VERSION)
        if version != VERSION:
            raise Refusal(f"Invalid Stripe API version: {version}", code="invalid_api_version")

    def _once(self, request: Request, body: bytes, operation: Operation) -> Response:
        """The same key gets the same answer; what was refused before it began may be tried again."""
        key = request.headers.get("idempotency-key", "")
        if request.method != "POST" or not key:
            return self.answer(200, self._do(request, body, operation, key))
        if len(key) > 255:
            raise Refusal("Idempotency keys can be at most 255 characters.", type="idempotency_error")
        path = request.url.path
        try:
            known = self.idempotency.recall(key, request.method, path, body)
        except KeyReused:
            message = (
                "Keys for idempotent requests can only be used with the same parameters they were first used with. Try "
                f"using a key other than '{key}' if you meant to execute a different request."
            )
            raise Refusal(message, type="idempotency_error") from None
        if known is not None:
            return self.answer(known.status, known.body, {"Idempotency-Key": key, "Idempotent-Replayed": "true"})
        content = self._do(request, body, operation, key)
        self.idempotency.remember(key, request.method, path, body, status=200, answer=content)
        return self.answer(200, content, {"Idempotency-Key": key})

    def _do(self, request: Request, body: bytes, operation: Operation, key: str) -> Document:
        text = (
            request.url.query if request.method in ("GET", "DELETE") and not body else body.decode("utf-8", "replace")
        )
        given = Parameters(read(text))
        expand = given.words("expand")
        self.world.request = {"id": self._request_id(), "idempotency_key": key or None}
        try:
            found = operation(self.world, given, **request.path_params)
        finally:
            self.world.request = dict(NOBODYS)
        return shown(self.world, found, expand)

    def _request_id(self) -> str:
        return f"req_{self.world.dice.token(14)}"


def _key_of(header: str) -> str:
    scheme, _, value = header.partition(" ")
    if scheme.lower() == "bearer":
        return value.strip()
    if scheme.lower() != "basic":
        return ""
    try:
        return base64.b64decode(value, validate=True).decode().partition(":")[0]
    except (binascii.Error, UnicodeDecodeError):
        return ""
