"""Errors in the words of Paddle."""

from collections.abc import Mapping, Sequence
from typing import Any

from starlette.responses import JSONResponse

DOCUMENTATION = "https://developer.paddle.com/errors"


class Refused(Exception):
    """`where` is the chapter of the documentation: shared, transactions, subscriptions…"""

    def __init__(
        self, status: int, code: str, detail: str, *, where: str = "shared", fields: Sequence[tuple[str, str]] = ()
    ) -> None:
        super().__init__(detail)
        self.status, self.code, self.detail, self.where, self.fields = status, code, detail, where, fields


def not_found(identity: str) -> Refused:
    return Refused(404, "not_found", f"Entity {identity} not found")


def invalid(*fields: tuple[str, str]) -> Refused:
    return Refused(400, "invalid_field", "Request does not pass validation.", fields=fields)


def answer(refusal: Refused, request_id: str, headers: Mapping[str, str] | None = None) -> JSONResponse:
    error: dict[str, Any] = {
        "type": "request_error" if refusal.status < 500 and refusal.status != 429 else "api_error",
        "code": refusal.code,
        "detail": refusal.detail,
        "documentation_url": f"{DOCUMENTATION}/{refusal.where}/{refusal.code}",
    }
    if refusal.fields:
        error["errors"] = [{"field": field, "message": message} for field, message in refusal.fields]
    return JSONResponse({"error": error, "meta": {"request_id": request_id}}, refusal.status, headers=headers)
