"""What goes back: answers of the sections and the problems of the gateway, in the shapes Wildberries uses."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any
from uuid import uuid4

import orjson

from stock.simulators.wildberries.moments import SECOND, moment_of, zulu
from verf.kit import now

CHUNK = 1_000
JSON = "application/json"
PROBLEM = "application/problem+json"
REASONS = {
    401: ("unauthorized", "Unauthorized"),
    402: ("payment required", "Payment Required"),
    403: ("forbidden", "Forbidden"),
    404: ("path not found", "Not Found"),
    413: ("request entity too large", "Request Entity Too Large"),
    429: ("too many requests", "Too Many Requests"),
    500: ("internal server error", "Internal Server Error"),
    502: ("bad gateway", "Bad Gateway"),
    503: ("service unavailable", "Service Unavailable"),
    504: ("gateway timeout", "Gateway Timeout"),
}


@dataclass(slots=True)
class Answer:
    status: int = 200
    body: bytes = b""
    media: str = JSON
    headers: dict[str, str] = field(default_factory=dict)


def json_answer(content: Any, status: int = 200, media: str = JSON) -> Answer:
    return Answer(status, orjson.dumps(content), media)


def json_rows(rows: Iterable[Any]) -> bytes:
    """A list, written piece by piece: many rows never stand in memory at once, and nobody is held up for long."""
    pieces, chunk = [], list[Any]()
    for row in rows:
        chunk.append(row)
        if len(chunk) == CHUNK:
            pieces.append(orjson.dumps(chunk)[1:-1])
            chunk = []
    if chunk:
        pieces.append(orjson.dumps(chunk)[1:-1])
    return b"[" + b",".join(pieces) + b"]"


def request_id() -> str:
    return uuid4().hex


def problem(status: int, detail: str, *, code: str = "", origin: str = "ag-gateway") -> Answer:
    """An error of the gateway, before any section saw the request."""
    title, text = REASONS[status]
    return json_answer(
        {
            "title": title,
            "detail": detail,
            "code": code or f"07e4668e--{uuid4().hex[:12]}-[UK-{uuid4().hex[:12]}]",
            "requestId": request_id(),
            "origin": origin,
            "status": status,
            "statusText": text,
            "timestamp": zulu(moment_of(now()) // SECOND * SECOND),
        },
        status,
        PROBLEM,
    )


class Refused(Exception):
    """A section does not accept a request; it has its own shape of error."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(answer.body.decode(errors="replace"))
        self.answer = answer


def content_error(status: int, text: str) -> Refused:
    return Refused(json_answer({"data": None, "error": True, "errorText": text, "additionalErrors": {}}, status))


def prices_error(status: int, text: str) -> Refused:
    return Refused(json_answer({"data": None, "error": True, "errorText": text}, status))


def marketplace_error(status: int, code: str, message: str = "") -> Refused:
    return Refused(json_answer({"code": code, "message": message}, status))


def analytics_error(status: int, detail: str, title: str = "Invalid request body") -> Refused:
    origin = "analytics-open-api"
    return Refused(json_answer({"title": title, "detail": detail, "requestId": request_id(), "origin": origin}, status))


def report_error(status: int, detail: str, title: str = "Bad Request", media: str = JSON) -> Refused:
    content = {"title": title, "detail": detail, "requestId": request_id(), "origin": "api-statistics"}
    return Refused(json_answer(content, status, media))


def supply_error(status: int, detail: str, title: str = "bad request") -> Refused:
    content = {"status": status, "title": title, "detail": detail, "requestId": request_id(), "origin": "supply-api"}
    return Refused(json_answer(content, status))
