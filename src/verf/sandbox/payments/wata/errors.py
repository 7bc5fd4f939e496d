"""How Wata says no: the envelope of its framework, with validation errors or a code of its own."""

from typing import Any

import orjson
from starlette.responses import Response

INVALID = "Your request is invalid!"


class Refused(Exception):
    def __init__(
        self, status: int, message: str, *, code: str | None = None, members: tuple[tuple[str, str], ...] = ()
    ) -> None:
        super().__init__(message)
        self.status, self.message, self.code, self.members = status, message, code, members

    def body(self) -> dict[str, Any]:
        """`members` are (field, what is wrong with it)."""
        wrong = [{"message": message, "members": [field]} for field, message in self.members]
        said = "".join(f" - {message}" for _field, message in self.members)
        details = f"The following errors were detected during validation.{said}" if wrong else None
        error: dict[str, Any] = {"code": self.code, "message": self.message, "details": details, "data": {}}
        return {"error": {**error, "validationErrors": wrong or None}}


def invalid(field: str, message: str) -> Refused:
    return Refused(400, INVALID, members=((field, message),))


def no_entity(kind: str, identity: str) -> Refused:
    return Refused(404, f"There is no entity {kind} with id = {identity}!")


def answer(refused: Refused, headers: dict[str, str] | None = None) -> Response:
    return Response(orjson.dumps(refused.body()), refused.status, headers, "application/json")


def not_you() -> Response:
    """Tokens are checked before anything that could write a body."""
    return Response(status_code=401, headers={"WWW-Authenticate": 'Bearer error="invalid_token"'})


def too_many(seconds: int) -> Response:
    return answer(Refused(429, "Too many requests. Try again later."), {"Retry-After": str(seconds)})
