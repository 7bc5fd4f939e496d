"""What an answer means, by its status and content type and never by the shape of its body.

MarketError
├── TokenRefused      401  the token is dead: stop asking until there is a new one
├── PaymentRequired   402  the service's own balance is empty
├── ScopeMissing      403  the token may not do this
├── Gone              404  the method is no longer there
├── Busy              409  the shop is being processed, a later run will read it
├── Rejected          4XX  the question was wrong
├── TooSoon           429  ask again after `wait`
└── Trouble           5XX, time-outs, cut connections, HTML, broken JSON: trying again helps
"""

from datetime import timedelta
from typing import Any

import httpx
import orjson

LONGEST_WAIT = timedelta(days=1)


class MarketError(Exception):
    """`request` is the id Wildberries' support asks for."""

    code = "market-error"

    def __init__(self, detail: str, request: str = "", status: int = 0) -> None:
        super().__init__(detail)
        self.request = request
        self.status = status


class TokenRefused(MarketError):
    code = "token-refused"


class PaymentRequired(MarketError):
    code = "payment-required"


class ScopeMissing(MarketError):
    code = "scope-missing"


class Gone(MarketError):
    code = "method-gone"


class Busy(MarketError):
    code = "shop-busy"


class Rejected(MarketError):
    code = "question-rejected"


class Trouble(MarketError):
    code = "marketplace-trouble"


class TooSoon(MarketError):
    code = "too-soon"

    def __init__(self, detail: str, request: str, wait: timedelta) -> None:
        super().__init__(detail, request, httpx.codes.TOO_MANY_REQUESTS)
        self.wait = wait


BY_STATUS: dict[int, type[MarketError]] = {
    401: TokenRefused,
    402: PaymentRequired,
    403: ScopeMissing,
    404: Gone,
    409: Busy,
}


def read(response: httpx.Response) -> Any:
    """The JSON of a good answer; None for 204; the right MarketError for everything else."""
    status = response.status_code
    if status == httpx.codes.NO_CONTENT:
        return None
    if status == httpx.codes.OK:
        return _json(response)
    request = request_id(response)
    if status == httpx.codes.TOO_MANY_REQUESTS:
        raise TooSoon("Wildberries asks us to wait.", request, waiting_time(response))
    detail = f"Wildberries answered {status}: {_detail(response)}"
    # A gateway's HTML page says nothing about the token, whatever its status.
    if status >= httpx.codes.INTERNAL_SERVER_ERROR or _is_html(response):
        raise Trouble(detail, request, status)
    raise BY_STATUS.get(status, Rejected)(detail, request, status)


def waiting_time(response: httpx.Response) -> timedelta:
    for name in ("X-Ratelimit-Retry", "Retry-After"):
        try:
            seconds = float(response.headers.get(name, ""))
        except ValueError:
            continue
        if seconds >= 0:
            return min(timedelta(seconds=seconds), LONGEST_WAIT)
    return timedelta(minutes=1)


def burst_left(response: httpx.Response) -> int | None:
    text = response.headers.get("X-Ratelimit-Remaining", "")
    return int(text) if text.isdigit() else None


def request_id(response: httpx.Response) -> str:
    found = response.headers.get("X-Request-Id", "")
    if not found and "json" in response.headers.get("Content-Type", ""):
        problem = _lenient(response)
        found = problem.get("requestId", "")
    return str(found)[:80]


def _json(response: httpx.Response) -> Any:
    if _is_html(response):
        raise Trouble("Wildberries answered with a web page instead of data.", request_id(response), 200)
    try:
        return orjson.loads(response.content)
    except orjson.JSONDecodeError as error:
        raise Trouble("Wildberries sent an answer that breaks off in the middle.", "", 200) from error


def _is_html(response: httpx.Response) -> bool:
    return "html" in response.headers.get("Content-Type", "") or response.content[:64].lstrip()[:1] == b"<"


def _lenient(response: httpx.Response) -> dict[str, Any]:
    try:
        body = orjson.loads(response.content)
    except orjson.JSONDecodeError:
        return {}
    return body if isinstance(body, dict) else {}


def _detail(response: httpx.Response) -> str:
    body = _lenient(response)
    for name in ("detail", "errorText", "message", "title"):
        if isinstance(body.get(name), str) and body[name]:
            return str(body[name])[:200]
    return response.reason_phrase
