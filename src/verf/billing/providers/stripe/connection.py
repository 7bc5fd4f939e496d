"""Stripe's SDK over our own way out, and its errors as ours."""

import logging
from collections.abc import Awaitable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any, TypeVar

import httpx
import stripe

from verf import outbound
from verf.billing.providers.events import ProviderRefused, ProviderUnreachable
from verf.web import _

STRIPE = "https://api.stripe.com"
Thing = TypeVar("Thing")

# The SDK would also tell about our machine, and of the tools it was started by.
OUR_HEADERS = frozenset({"authorization", "content-type", "idempotency-key", "stripe-version", "stripe-account"})

# The only switch for it is this one of the whole library; it would write a file into the home folder.
stripe.enable_telemetry = False
# It tells of every request with its path and whom it was about; ours is in verf.outbound's log.
logging.getLogger("stripe").setLevel(logging.WARNING)


class NotAnswered(stripe.APIConnectionError):
    def __init__(self, message: str) -> None:
        super().__init__(message)  # type: ignore[no-untyped-call]  # the SDK leaves this constructor without types


class Outbound(stripe.HTTPClient):
    """The SDK's requests through verf.outbound: refused inside a transaction, counted, replaceable in tests."""

    name = "httpx"

    def __init__(self, url: str, timeout: float) -> None:
        super().__init__()
        self.url = url
        self.timeout = timeout

    async def request_async(
        self, method: str, url: str, headers: Mapping[str, str], post_data: Any = None
    ) -> tuple[bytes, int, Mapping[str, str]]:
        # Repeats after connection errors and 502-504, POSTs only because each of ours carries its key.
        client = outbound.client("stripe", self.url, timeout=self.timeout, retries=2)
        kept = {name: value for name, value in headers.items() if name.lower() in OUR_HEADERS}
        try:
            response = await client.request(method.upper(), url, headers=kept, content=post_data)
        except httpx.HTTPError as error:
            raise NotAnswered(type(error).__name__) from error
        return response.content, response.status_code, response.headers


def connect(secret_key: str, url: str, *, version: str, timeout: float) -> stripe.StripeClient:
    base = url.rstrip("/") or STRIPE
    return stripe.StripeClient(
        secret_key,
        stripe_version=version,
        http_client=Outbound(base, timeout),
        base_addresses={"api": base, "files": base, "connect": base, "meter_events": base},
        max_network_retries=0,
    )


@contextmanager
def our_errors() -> Iterator[None]:
    try:
        yield
    except stripe.StripeError as error:
        raise _translated(error) from error


async def found(asked: Awaitable[Thing]) -> Thing | None:
    """None: Stripe knows no such thing."""
    try:
        return await asked
    except stripe.InvalidRequestError as error:
        if not is_missing(error):
            raise
        return None


def is_missing(error: stripe.StripeError) -> bool:
    return error.http_status == 404 and error.code == "resource_missing"


def _translated(error: stripe.StripeError) -> ProviderUnreachable | ProviderRefused:
    status = error.http_status or 0
    # 409: another request with this key is under way. An answer that is not JSON comes from something in between.
    silent = isinstance(error, stripe.APIConnectionError | stripe.RateLimitError) or error.error is None
    if silent or status >= 500 or status in (200, 409):
        wait = str((error.headers or {}).get("retry-after", ""))
        return ProviderUnreachable(
            _("Stripe cannot be reached right now. Try again in a minute."),
            retry_after=int(wait) if wait.isdigit() else None,
        )
    code = _code_of(error)
    return ProviderRefused(_("Stripe refused: %(reason)s", reason=error.user_message or code), provider_code=code)


def _code_of(error: stripe.StripeError) -> str:
    details = error.error
    found = error.code or getattr(details, "code", None) or getattr(details, "type", None)
    found = getattr(details, "decline_code", None) or found
    return str(found or f"http_{error.http_status}")
