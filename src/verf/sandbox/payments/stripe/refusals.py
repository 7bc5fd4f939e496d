"""No, in Stripe's words and shapes."""

from typing import Any


class Refusal(Exception):
    def __init__(
        self,
        message: str,
        *,
        status: int = 400,
        type: str = "invalid_request_error",  # noqa: A002 - Stripe's word
        code: str = "",
        param: str = "",
        **more: Any,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.error: dict[str, Any] = {"message": message, "type": type, **more}
        if code:
            self.error |= {"code": code, "doc_url": f"https://stripe.com/docs/error-codes/{code.replace('_', '-')}"}
        if param:
            self.error["param"] = param


def missing(kind: str, identity: str, param: str = "id") -> Refusal:
    what = kind.rsplit(".", maxsplit=1)[-1]
    return Refusal(f"No such {what}: '{identity}'", status=404, code="resource_missing", param=param)


def lacks(param: str) -> Refusal:
    return Refusal(f"Missing required param: {param}.", code="parameter_missing", param=param)


def invalid(param: str, message: str, code: str = "parameter_invalid") -> Refusal:
    return Refusal(message, code=code, param=param)
