"""How Wata is asked. It knows no idempotency keys, so nothing here is ever sent twice by itself."""

from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import quote

import orjson

from verf.billing.providers.calls import Answer, ask, unreachable
from verf.billing.providers.events import ProviderRefused
from verf.billing.providers.wata.settings import WataSettings
from verf.kit import Money
from verf.outbound import client

TITLE = "Wata"
PAGE = 100
CURSOR = {"nextCursorId": "cursorId", "nextCursorDate": "cursorDate", "nextCursorAmount": "cursorAmount"}


class Wire:
    def __init__(self, settings: WataSettings) -> None:
        self._settings = settings

    async def get(self, *path: str, **params: str) -> Any | None:
        """None: there is no such object."""
        answer = await self._ask("GET", path, params=params)
        if answer.status == 404:
            return None
        return said_yes(answer)

    async def post(self, *path: str, body: dict[str, Any]) -> Any:
        return said_yes(await self._ask("POST", path, content=orjson.dumps(body)))

    async def transactions(self, **filters: str) -> AsyncIterator[dict[str, Any]]:
        asked = {"maxResultCount": str(PAGE), **filters}
        while True:
            page = await self.get("v2", "transactions", **asked) or {}
            for item in page.get("items", ()):
                yield item
            if not page.get("hasNextPage"):
                return
            # All three, or the next page silently begins elsewhere.
            asked |= {name: str(page[key]) for key, name in CURSOR.items() if page.get(key) is not None}

    async def links(self, order: str) -> list[dict[str, Any]]:
        """The newest first. One that has expired is not there any more."""
        found = await self.get("links", orderId=order, sorting="creationTime desc", maxResultCount=str(PAGE)) or {}
        return [link for link in found.get("items", ()) if link.get("orderId") == order]

    async def _ask(
        self, method: str, path: tuple[str, ...], *, params: dict[str, str] | None = None, content: bytes | None = None
    ) -> Answer:
        service = client("wata", self._settings.url, timeout=self._settings.timeout_seconds)
        request = service.build_request(
            method,
            "/" + "/".join(quote(part, safe="") for part in path),
            params=params or None,
            content=content,
            headers={
                "Authorization": f"Bearer {self._settings.token.get_secret_value()}",
                "Content-Type": "application/json",
            },
        )
        return await ask(service, TITLE, request)


def number(money: Money) -> orjson.Fragment:
    """An amount as Wata wants it, a JSON number; it never was a float of ours."""
    return orjson.Fragment(f"{money.decimal:f}".encode())


def said_yes(answer: Answer) -> Any:
    if answer.is_refusal:
        # A 401 comes without a word.
        code, words = _refusal((answer.body or {}).get("error"), answer.status)
        raise ProviderRefused(f"{TITLE}: {words}", provider_code=code)
    if not isinstance(answer.body, dict):
        raise unreachable(TITLE)
    return answer.body


def _refusal(error: Any, status: int) -> tuple[str, str]:
    told = error if isinstance(error, dict) else {}
    wrong = [each for each in told.get("validationErrors") or () if isinstance(each, dict)]
    members = [str(member) for each in wrong for member in each.get("members") or ()]
    code = told.get("code") or (f"invalid:{','.join(members)}" if members else f"http-{status}")
    words = "; ".join(str(each["message"]) for each in wrong if each.get("message"))
    return str(code), words or str(told.get("details") or told.get("message") or code)
