"""Structured logs, the request id, metric counters."""

from typing import Any

import structlog


def log(name: str) -> Any:
    """A structured logger: log(__name__).info("webhook stored", provider="stripe")."""
    return structlog.get_logger(name)
