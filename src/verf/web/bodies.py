"""How much a request may carry: refused before it is read, or as soon as it grows too long."""

import asyncio
from contextlib import suppress

from starlette.exceptions import HTTPException
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from verf.settings import load
from verf.web.settings import WebSettings

# Read and thrown away after the refusal, because many clients only read an answer once all is sent.
DRAINED = 200_000_000
PATIENCE = 10
REFUSED = "verf.body_refused"


class BodyTooLarge(HTTPException):
    """An HTTPException, because FastAPI turns any other that is raised while it reads a body into 400."""

    def __init__(self) -> None:
        super().__init__(413, headers={"Connection": "close"})


def declared_length(scope: Scope) -> int:
    found = dict(scope["headers"]).get(b"content-length", b"0")
    return int(found) if found.isdigit() else 0


def limited(receive: Receive, limit: int) -> Receive:
    """A receive that stops at `limit` bytes, for bodies that do not say how long they are."""
    received = 0

    async def receive_limited() -> Message:
        nonlocal received
        message = await receive()
        received += len(message.get("body", b""))
        if received > limit:
            raise BodyTooLarge
        return message

    return receive_limited


async def refuse(response: Response, scope: Scope, receive: Receive, send: Send) -> None:
    """Answer at once, but keep the connection until the client has finished or lost our patience."""

    async def send_and_drain(message: Message) -> None:
        if message["type"] != "http.response.body" or message.get("more_body"):
            await send(message)
            return
        await send({**message, "more_body": True})
        with suppress(TimeoutError):
            await asyncio.wait_for(_drain(receive), PATIENCE)
        await send({"type": "http.response.body"})

    await response(scope, receive, send_and_drain)


async def _drain(receive: Receive) -> None:
    drained = 0
    while drained < DRAINED:
        message = await receive()
        drained += len(message.get("body", b""))
        if message["type"] != "http.request" or not message.get("more_body", False):
            return


def body_limit() -> int:
    return int(load(WebSettings).body_limit)
