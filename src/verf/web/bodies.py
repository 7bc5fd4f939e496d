"""How much a request may carry: refused before it is read, or as soon as it grows too long."""

from starlette.exceptions import HTTPException
from starlette.types import Message, Receive, Scope

from verf.settings import load
from verf.web.settings import WebSettings

# Read and thrown away after the refusal, so that a client which is still sending gets to read why.
DRAINED = 2_000_000


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


async def drain(receive: Receive) -> None:
    drained = 0
    while drained < DRAINED:
        message = await receive()
        drained += len(message.get("body", b""))
        if message["type"] != "http.request" or not message.get("more_body", False):
            return


def body_limit() -> int:
    return int(load(WebSettings).body_limit)
