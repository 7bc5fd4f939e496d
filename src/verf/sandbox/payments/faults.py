"""The simulator's own API having a bad day, as its knobs say."""

import asyncio
from collections.abc import Callable

import httpx
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from verf.sandbox.payments.knobs import Knob, Knobs

# (status, retry after seconds) -> an error in the provider's own shape
ErrorAnswer = Callable[[int, int], Response]


class Faults:
    """`fail` and `timeout` come before anything was done; with `_after` the work is done and the answer is lost.

    A time-out raises httpx.ReadTimeout, which is what a client on an ASGITransport then sees; over the network the
    connection breaks or answers 500. Either way the outcome is unknown to the caller.
    """

    def __init__(self, app: ASGIApp, knobs: Knobs, error: ErrorAnswer) -> None:
        self._app, self._knobs, self._error = app, knobs, error

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        where = f"{scope['method']} {scope['path']}"
        if slow := self._knobs.acts("slow", where):
            await asyncio.sleep(slow.seconds)
        if many := self._knobs.acts("too_many", where):
            await self._error(429, int(many.seconds) or 1)(scope, receive, send)
        elif self._knobs.acts("fail", where):
            await self._error(500, 0)(scope, receive, send)
        elif knob := self._knobs.acts("timeout", where):
            await _hang_up(knob)
        elif self._knobs.acts("fail_after", where):
            await self._app(scope, receive, _nowhere)
            await self._error(500, 0)(scope, receive, send)
        elif knob := self._knobs.acts("timeout_after", where):
            await self._app(scope, receive, _nowhere)
            await _hang_up(knob)
        else:
            await self._app(scope, receive, send)


async def _hang_up(knob: Knob) -> None:
    await asyncio.sleep(knob.seconds)
    raise httpx.ReadTimeout("The simulator does not answer, as its knobs say.")


async def _nowhere(message: Message) -> None:
    pass
