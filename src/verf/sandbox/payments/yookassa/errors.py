"""How YooKassa says no."""

from typing import Any

from starlette.responses import JSONResponse, Response

DESCRIPTIONS = {
    404: ("not_found", "The requested resource was not found."),
    405: ("invalid_request", "The HTTP method is not supported."),
    429: ("too_many_requests", "Too many requests. Please repeat the request later."),
    500: ("internal_server_error", "Internal server error. Repeat the request with the same Idempotence-Key."),
}


class Refused(Exception):
    def __init__(self, status: int, code: str, description: str, parameter: str = "") -> None:
        super().__init__(description)
        self.status, self.code, self.description, self.parameter = status, code, description, parameter

    def body(self, identity: str) -> dict[str, Any]:
        body = {"type": "error", "id": identity, "code": self.code, "description": self.description}
        return body | ({"parameter": self.parameter} if self.parameter else {})


def invalid(description: str, parameter: str = "") -> Refused:
    return Refused(400, "invalid_request", description, parameter)


def not_there(what: str, parameter: str) -> Refused:
    return Refused(404, "not_found", f"Incorrect {parameter}. {what} doesn't exist or access denied.", parameter)


def answer(refused: Refused, identity: str) -> Response:
    headers = {"WWW-Authenticate": 'Basic realm="YooKassa"'} if refused.status == 401 else None
    return JSONResponse(refused.body(identity), refused.status, headers)


def plain(status: int) -> Refused:
    """An error that is about no particular field."""
    return Refused(status, *DESCRIPTIONS.get(status, DESCRIPTIONS[500]))
