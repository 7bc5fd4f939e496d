"""The door for providers. No sign-in, no cookies: the signature is the proof, the answer says stored or not."""

from collections.abc import Mapping

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from verf.billing.inbox import Letter
from verf.billing.intake import take
from verf.billing.providers.events import Event, Malformed, WebhookRefused
from verf.billing.providers.provider import Provider
from verf.billing.providers.registry import provider as provider_named
from verf.errors import TooLarge
from verf.limits import client_address
from verf.telemetry import counter, log
from verf.web import problem_responses

LARGEST = 1024 * 1024
# Of each name in a message: ids of providers have some fifty characters, and an index holds no more than this.
LONGEST_NAME = 500
RECEIVED = counter("verf_billing_webhooks_total", "Webhooks received, by what was done.", ["provider", "outcome"])

router = APIRouter(prefix="/api/v1/billing", tags=["billing"])


@router.post(
    "/webhook/{provider}",
    summary="Where a payment provider tells that something has changed",
    responses=problem_responses(400, 404, 409, 413, 503),
)
async def receive(provider: str, request: Request) -> Response:
    """Signed by the provider, stored word for word before the answer, handled later by reading the object again.

    2xx: stored, or of no concern. 400: not authentic. 404: not set up here. 409: an order that may not be paid (asked
    by providers that ask first). 5xx: not stored; please send again.
    """
    source = provider_named(provider)
    headers = {name.lower(): value for name, value in request.headers.items()}
    body = await _body(request)
    event = await _verified(source, headers, body, sender=client_address(request))
    stored = await take(Letter(provider=source, event=event, headers=headers, body=body))
    RECEIVED.labels(source.name, stored.state).inc()
    if not stored.is_payable:
        return JSONResponse({"payable": False}, 409)
    return JSONResponse({"stored": True})


class WebhookTooLarge(TooLarge):
    """No provider sends that much."""


async def _body(request: Request) -> bytes:
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > LARGEST:
            raise WebhookTooLarge(f"A webhook has at most {LARGEST} bytes.")
    return bytes(body)


async def _verified(source: Provider, headers: Mapping[str, str], body: bytes, *, sender: str) -> Event:
    try:
        event = await source.verify(headers, body, sender=sender)
        _check_names(event)
    except WebhookRefused as error:
        RECEIVED.labels(source.name, "refused").inc()
        log(__name__).warning(
            "a webhook was refused", provider=source.name, why=type(error).__name__, reason=error.reason
        )
        raise
    return event


def _check_names(event: Event) -> None:
    """Signed or not, what could not be stored is refused: an error of ours would have it sent again for days."""
    names = [event.id, event.kind, event.account, event.version, event.key, event.subject.ref if event.subject else ""]
    if not event.id or not all(len(name) <= LONGEST_NAME and name.isprintable() for name in names):
        raise Malformed("a name in it is none")
