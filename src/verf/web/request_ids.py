"""The id under which the log knows this request."""

import structlog


def request_id() -> str:
    return str(structlog.contextvars.get_contextvars().get("request_id", ""))
