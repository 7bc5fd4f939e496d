"""Errors counted by type, and reported to Sentry when a DSN is set."""

from typing import Any

import sentry_sdk
from pydantic import SecretStr

from verf.settings import House, Section
from verf.telemetry.masking import mask
from verf.telemetry.metrics import counter

_errors = counter("verf_errors_total", "Errors answered or raised, by type.", ["type"])


class SentrySettings(Section, env_prefix="VERF_SENTRY_"):
    dsn: SecretStr = SecretStr("")


def count_error(error: BaseException) -> None:
    """Count an error by its class; call it where an error becomes an answer."""
    _errors.labels(type(error).__name__).inc()


def start_error_reports(settings: SentrySettings, house: House) -> bool:
    """Send unexpected errors to Sentry, scrubbed. False when no DSN is set: then nothing leaves the process."""
    dsn = settings.dsn.get_secret_value()
    if not dsn:
        return False
    sentry_sdk.init(
        dsn=dsn,
        environment=house.mode,
        send_default_pii=False,
        include_local_variables=False,
        max_request_body_size="never",
        traces_sample_rate=0.0,
        before_send=scrub,
        before_breadcrumb=scrub,
    )
    return True


def scrub(event: Any, hint: Any) -> Any:
    """An error report without query strings, cookies, headers or bodies, and with every text masked."""
    request = event.get("request")
    if request:
        event = {**event, "request": {key: request[key] for key in ("method", "url") if key in request}}
    return mask(event, depth=-24)
