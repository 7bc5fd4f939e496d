"""Calls to Paddle's API version 1, and what its errors mean to us."""

import re
from collections.abc import AsyncIterator, Mapping
from typing import Any, cast

import httpx

from verf.billing.providers.events import ProviderRefused, ProviderUnreachable
from verf.billing.providers.paddle.fields import Json
from verf.billing.providers.paddle.settings import Connection
from verf.outbound import client
from verf.telemetry import log
from verf.web import _

TIMEOUT_SECONDS = 20
UNKNOWN_OUTCOME = frozenset({408, 429})
NOT_FOUND = 404
# Ids come from bodies and rows: one that is none must not lead to another address.
PATH = re.compile(r"^(/[a-z0-9_-]+)+$")


class Unknown(ProviderRefused):
    """Paddle has no such object."""


class Api:
    def __init__(self, connection: Connection) -> None:
        self.connection = connection

    async def get(self, path: str, **parameters: str) -> Json:
        return await self._data("GET", path, parameters=parameters)

    async def post(self, path: str, body: Mapping[str, Any]) -> Json:
        return await self._data("POST", path, body=body)

    async def patch(self, path: str, body: Mapping[str, Any]) -> Json:
        return await self._data("PATCH", path, body=body)

    async def every(self, path: str, **parameters: str) -> AsyncIterator[Json]:
        """All of a list, page after page."""
        asked: Mapping[str, str] = parameters
        while True:
            answer = await self._call("GET", path, parameters=asked)
            for thing in answer["data"]:
                yield thing
            paging = answer["meta"].get("pagination", {})
            if not paging.get("has_more"):
                return
            # Only the question is taken from `next`: where to ask is for us to say.
            asked = dict(httpx.URL(paging["next"]).params)

    async def _data(
        self, method: str, path: str, *, parameters: Mapping[str, str] | None = None, body: Any = None
    ) -> Json:
        answer = await self._call(method, path, parameters=parameters, body=body)
        return cast(Json, answer["data"])

    async def _call(
        self, method: str, path: str, *, parameters: Mapping[str, str] | None = None, body: Any = None
    ) -> Json:
        if not PATH.match(path):
            raise Unknown(_reason(""), provider_code="not_found")
        headers = {"Authorization": f"Bearer {self.connection.api_key}", "Paddle-Version": "1"}
        try:
            response = await client("paddle", self.connection.url, timeout=TIMEOUT_SECONDS).request(
                method, path, params=parameters, json=body, headers=headers
            )
            answer = _read(response)
        except httpx.HTTPError as error:
            raise ProviderUnreachable(_("Paddle does not answer. Try again in a minute.")) from error
        if response.is_success:
            return answer
        raise _said(response, answer.get("error") or {})


def _read(response: httpx.Response) -> Json:
    """Anything but an object is the work of something between us and Paddle."""
    try:
        answer = response.json()
    except ValueError as error:
        raise httpx.DecodingError("not JSON") from error
    if not isinstance(answer, dict):
        raise httpx.DecodingError("not an object")
    return answer


def _said(response: httpx.Response, error: Mapping[str, Any]) -> ProviderRefused | ProviderUnreachable:
    status, code = response.status_code, str(error.get("code", ""))
    log(__name__).warning("paddle_error", status=status, code=code, detail=error.get("detail"))
    if status in UNKNOWN_OUTCOME or status >= httpx.codes.INTERNAL_SERVER_ERROR:
        wait = response.headers.get("retry-after", "")
        return ProviderUnreachable(
            _("Paddle does not answer. Try again in a minute."), retry_after=int(wait) if wait.isdigit() else None
        )
    kind = Unknown if status == NOT_FOUND else ProviderRefused
    return kind(_reason(code), provider_code=code)


def _reason(code: str) -> str:
    """What the person may do about it; the rest is for the log."""
    if code in {"subscription_locked_renewal", "subscription_locked_processing"}:
        return _("The subscription is about to renew. Try again in an hour.")
    if code in {"subscription_payment_declined", "transaction_payment_declined"}:
        return _("The payment was declined, so nothing has changed. Check the card, then try again.")
    if code in {"subscription_outstanding_transaction", "subscription_update_when_past_due"}:
        return _("A payment is overdue. Pay it first.")
    if code == "adjustment_pending_refund_request":
        return _("A refund of this payment is waiting for approval already.")
    return _("Paddle refused the request.")
