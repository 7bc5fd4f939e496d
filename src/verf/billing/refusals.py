"""Do it, or go back to the page and say why not: what a button of a page answers."""

from collections.abc import Awaitable
from dataclasses import dataclass
from typing import TypeVar

from fastapi import Request
from starlette.responses import Response

from verf.web import redirect

Made = TypeVar("Made")
Refusals = tuple[type[Exception], ...]


@dataclass(frozen=True)
class Refused:
    """Nothing has changed; the message says why, to its reader."""

    message: str

    def told(self, request: Request, back: str) -> Response:
        return redirect(request, back, toast=self.message, kind="error")


async def tried(doing: Awaitable[Made], refusals: Refusals) -> Made | Refused:
    """What it made, or the refusal; any other error goes on to its error page."""
    try:
        return await doing
    except refusals as refused:
        return Refused(str(refused))


async def done(request: Request, back: str, doing: Awaitable[None], refusals: Refusals, *, told: str) -> Response:
    """Back on the page, which tells that it is done, or why it is not."""
    outcome = await tried(doing, refusals)
    if isinstance(outcome, Refused):
        return outcome.told(request, back)
    return redirect(request, back, toast=told)
