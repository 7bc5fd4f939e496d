"""One question to a provider over HTTP and JSON, and what kind of answer it was."""

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from typing import Any, TypeVar

import httpx

from verf.billing.providers.events import ProviderUnreachable
from verf.web import _

Found = TypeVar("Found")

# However slowly the bytes drip, a question ends after this many times the client's own timeout.
PATIENCE = 2


@dataclass(frozen=True)
class Answer:
    """What the provider itself said: JSON, and neither "too many" nor "something broke"."""

    status: int
    body: dict[str, Any] | None

    @property
    def is_refusal(self) -> bool:
        return self.status >= 400


async def ask(service: httpx.AsyncClient, title: str, request: httpx.Request) -> Answer:
    """Everything that leaves us in the dark is ProviderUnreachable: silence, 429, 5xx, a proxy's page, half a JSON."""
    try:
        async with asyncio.timeout((service.timeout.read or 10) * PATIENCE):
            response = await service.send(request)
    except (httpx.HTTPError, OSError) as error:
        raise unreachable(title) from error
    if response.status_code == 429 or not (200 <= response.status_code < 300 or 400 <= response.status_code < 500):
        raise unreachable(title, retry_after=_seconds(response.headers.get("retry-after", "")))
    try:
        body = json.loads(response.content or b"null", parse_float=Decimal)
    except ValueError as error:
        raise unreachable(title) from error
    if body is not None and not isinstance(body, dict):
        raise unreachable(title)
    return Answer(response.status_code, body)


def unreachable(title: str, *, retry_after: int | None = None) -> ProviderUnreachable:
    return ProviderUnreachable(
        _("%(provider)s cannot be reached right now. Try again in a moment.", provider=title), retry_after=retry_after
    )


def reading(title: str, read: Callable[[Any], Found], body: Any) -> Found:
    """`read(body)`; an answer without what it must hold is as good as none."""
    try:
        return read(body)
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise unreachable(title) from error


def _seconds(header: str) -> int | None:
    return int(header) if header.isdigit() and len(header) < 7 else None
