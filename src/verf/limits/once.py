"""Routes whose requests are done once, however often they are sent.

A router made with `route_class=OncePerKey` wants the header Idempotency-Key with every POST; with `OncePerForm` the
hidden field of a form. The effect and the answer are two transactions, so what dies between them is done again by the
next try, under the same `Operation`: hand it to verbs and providers as their key.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from typing import Annotated, Any
from uuid import UUID

from fastapi import Depends, Header
from fastapi import Request as HttpRequest
from fastapi.routing import APIRoute
from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from verf.database import transaction
from verf.kit import new_id
from verf.limits.answers import LEASE, Answer, Claim, Request, claim, give_back, keep, keep_alive
from verf.limits.idempotency_keys import IdempotencyKeyInFlight, fingerprint, key_in_form, key_in_header

# Said before anything was done, and not for good: asking again is right.
PASSING = {401, 403, 429}
TOLD = ("content-type", "content-encoding", "location", "hx-redirect")
PATIENCE = 30.0
PAUSE = 0.1
DESCRIPTION = (
    "A quoted string of up to 255 characters, new for each thing to be done once. For 24 hours the same request with "
    "the same key gets the same answer; with other contents 422, while the first is under way 409."
)


async def documented(
    idempotency_key: Annotated[
        str, Header(description=DESCRIPTION, examples=['"8e03978e-40d5-43e8-bc93-6894a57f9324"'])
    ],
) -> None:
    """For OpenAPI; OncePerKey has read it already."""


async def operation(request: HttpRequest) -> UUID:
    """The same for every try of one request. Who comes without a key is turned away by another dependency."""
    found: UUID | None = getattr(request.state, "operation", None)
    return found or new_id()


Operation = Annotated[UUID, Depends(operation)]


class OncePerKey(APIRoute):
    """Answers a concurrent twin with 409."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        options["dependencies"] = [*(options.get("dependencies") or []), Depends(documented)]
        super().__init__(*arguments, **options)

    async def handle(self, scope: Scope, receive: Receive, send: Send) -> None:
        viewer = scope.get("state", {}).get("viewer")
        # Strangers and people without an organisation are turned away further in.
        if scope["method"] != "POST" or viewer is None or viewer.organisation is None:
            await super().handle(scope, receive, send)
            return
        body = await _body(receive)
        wanted = Request(
            organisation=viewer.organisation,
            actor=f"person:{viewer.person.id}",
            route=f"{scope['method']} {scope['path']}",
            key=self.key_of(Headers(scope=scope), body),
            fingerprint=fingerprint(scope.get("query_string", b""), body),
        )
        found = await self.take(wanted)
        if isinstance(found, Answer):
            await _replay(found)(scope, receive, send)
            return
        scope["state"]["operation"] = found.operation
        async with _held(wanted.organisation, found):
            messages: list[Message] = []
            await super().handle(scope, _again(body, receive), _into(messages))
            await _settle(wanted.organisation, found, _answer(messages))
        for message in messages:
            await send(message)

    @staticmethod
    def key_of(headers: Headers, _body: bytes) -> str:
        return key_in_header(headers.getlist("idempotency-key"))

    async def take(self, wanted: Request) -> Claim | Answer:
        async with transaction(organisation=wanted.organisation) as session:
            return await claim(session, wanted)


class OncePerForm(OncePerKey):
    """For pages: who clicks twice waits for the first click's answer."""

    def __init__(self, *arguments: Any, **options: Any) -> None:
        APIRoute.__init__(self, *arguments, **options)

    @staticmethod
    def key_of(_headers: Headers, body: bytes) -> str:
        return key_in_form(body)

    async def take(self, wanted: Request) -> Claim | Answer:
        for _ in range(int(PATIENCE / PAUSE)):
            with suppress(IdempotencyKeyInFlight):
                return await super().take(wanted)
            await asyncio.sleep(PAUSE)
        return await super().take(wanted)


@asynccontextmanager
async def _held(organisation: UUID, claimed: Claim) -> AsyncIterator[None]:
    """The key is ours for as long as this lasts; whatever goes wrong, it is given back."""
    heart = asyncio.create_task(_beat(organisation, claimed))
    try:
        yield
    except BaseException:
        async with transaction(organisation=organisation) as session:
            await give_back(session, claimed)
        raise
    finally:
        heart.cancel()
        with suppress(asyncio.CancelledError):
            await heart


async def _beat(organisation: UUID, claimed: Claim) -> None:
    while True:
        await asyncio.sleep(LEASE.total_seconds() / 4)
        async with transaction(organisation=organisation) as session:
            await keep_alive(session, claimed)


async def _settle(organisation: UUID, claimed: Claim, answer: Answer) -> None:
    async with transaction(organisation=organisation) as session:
        if answer.status >= 500 or answer.status in PASSING:
            await give_back(session, claimed)
        else:
            await keep(session, claimed, answer)


async def _body(receive: Receive) -> bytes:
    body = b""
    while True:
        message = await receive()
        body += bytes(message.get("body", b""))
        if message["type"] != "http.request" or not message.get("more_body", False):
            return body


def _again(body: bytes, receive: Receive) -> Receive:
    """The body once more, then whatever else the client says, such as that it is gone."""
    waiting: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def receive_again() -> Message:
        return waiting.pop() if waiting else await receive()

    return receive_again


def _into(messages: list[Message]) -> Send:
    async def keep_message(message: Message) -> None:
        messages.append(message)

    return keep_message


def _answer(messages: list[Message]) -> Answer:
    headers = Headers(raw=messages[0]["headers"])
    return Answer(
        status=messages[0]["status"],
        headers={name: headers[name] for name in TOLD if name in headers},
        body=b"".join(bytes(message.get("body", b"")) for message in messages),
    )


def _replay(answer: Answer) -> Response:
    return Response(answer.body, answer.status, {**answer.headers, "Idempotency-Replayed": "true"})
