"""Every request has an id, is timed under its route's template, and leaves one line in the log."""

import logging
import re
import time
from contextvars import ContextVar
from datetime import datetime

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from verf.kit import new_id, now
from verf.telemetry.errors import count_error
from verf.telemetry.logs import log, write_line
from verf.telemetry.metrics import counter, gauge, histogram

METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
QUIET_PATHS = ("/health/", "/metrics", "/static/")
VALID_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{7,127}")
CLIENT_LEFT = 499

_request_id: ContextVar[str] = ContextVar("request_id", default="")
_began: ContextVar[datetime | None] = ContextVar("request_began", default=None)
_requests = counter("verf_http_requests_total", "Requests answered.", ["method", "route", "status"])
_seconds = histogram(
    "verf_http_request_seconds", "Time to answer; for event streams until they open.", ["method", "route"]
)
_in_flight = gauge("verf_http_requests_in_flight", "Requests being answered now.")
_websockets = gauge("verf_websocket_connections", "WebSocket connections open now.")


def request_id() -> str:
    """The id of the request this code serves; empty outside of one."""
    return _request_id.get()


def request_began() -> datetime:
    """When the request came that this code serves; outside of one it is now."""
    return _began.get() or now()


def route_template(scope: Scope) -> str:
    """The route's pattern, such as /stock/products/{id}: raw paths would make a time series per product."""
    # FastAPI keeps the prefix of an included router beside the route, in its own corner of the scope.
    effective = scope.get("fastapi", {}).get("effective_route_context")
    path = getattr(effective, "path", None) or getattr(scope.get("route"), "path", None)
    mounted = scope.get("root_path", "")[len(scope.get("app_root_path", "")) :]
    if path is None:
        return f"{mounted}/*" if mounted else "unmatched"
    return f"{mounted}{path}"


class Telemetry:
    """Pure ASGI; belongs around the whole application, so that it also sees what error handlers answer."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await self._watch(scope, receive, send)
        elif scope["type"] == "websocket":
            with _websockets.track_inprogress():
                await self.app(scope, receive, send)
        else:
            await self.app(scope, receive, send)

    async def _watch(self, scope: Scope, receive: Receive, send: Send) -> None:
        exchange = Exchange(scope, send)
        token, began = _request_id.set(exchange.id), _began.set(now())
        structlog.contextvars.clear_contextvars()
        structlog.contextvars.bind_contextvars(request_id=exchange.id)
        try:
            with _in_flight.track_inprogress():
                await self.app(scope, receive, exchange.send)
        except Exception as error:
            exchange.failed(error)
            if exchange.status is None:
                raise
        finally:
            exchange.finish()
            structlog.contextvars.clear_contextvars()
            _began.reset(began)
            _request_id.reset(token)


class Exchange:
    """One request and what became of it."""

    def __init__(self, scope: Scope, send: Send) -> None:
        given = Headers(scope=scope).get("x-request-id", "")
        self.id = given if VALID_ID.fullmatch(given) else str(new_id())
        self.status: int | None = None
        self._scope = scope
        self._send = send
        self._started = time.perf_counter()
        self._opened: float | None = None
        self._error: Exception | None = None

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self.status = message["status"]
            headers = MutableHeaders(scope=message)
            headers["X-Request-ID"] = self.id
            if headers.get("content-type", "").startswith("text/event-stream"):
                self._opened = time.perf_counter()
        await self._send(message)

    def failed(self, error: Exception) -> None:
        self._error = error
        count_error(error)
        log(__name__).error("request failed", error=type(error).__name__, exc_info=error)

    def finish(self) -> None:
        method = self._scope["method"] if self._scope["method"] in METHODS else "OTHER"
        route = route_template(self._scope)
        status = self.status or (500 if self._error else CLIENT_LEFT)
        seconds = (self._opened or time.perf_counter()) - self._started
        _requests.labels(method, route, str(status)).inc()
        _seconds.labels(method, route).observe(seconds)
        quiet = status < 400 and self._scope["path"].startswith(QUIET_PATHS)
        level = logging.DEBUG if quiet else logging.INFO
        milliseconds = round(seconds * 1000, 1)
        write_line(__name__, level, "request", method=method, route=route, status=status, milliseconds=milliseconds)
