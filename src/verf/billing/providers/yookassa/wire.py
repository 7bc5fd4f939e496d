"""How YooKassa is asked: Basic auth, an idempotence key with every POST, the same bytes again when in the dark."""

import asyncio
import hashlib
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import quote

import httpx
import orjson

from verf.billing.providers.calls import Answer, ask, unreachable
from verf.billing.providers.events import ProviderRefused, ProviderUnreachable
from verf.billing.providers.yookassa.settings import YooKassaSettings
from verf.outbound import client

TITLE = "YooKassa"
LONGEST_KEY = 64
PAGE = 100
TRIES = 2
# "processing, come back in 1800 milliseconds": waited for once when it is this short, else the caller comes back.
LONGEST_WAIT = 2.0


class Wire:
    def __init__(self, settings: YooKassaSettings) -> None:
        self._settings = settings
        self._auth = httpx.BasicAuth(settings.shop_id, settings.secret_key.get_secret_value())

    async def get(self, *path: str, **params: str) -> Any | None:
        """None: there is no such object."""
        answer = await self._ask("GET", path, params=params)
        if answer.status == 404:
            return None
        return said_yes(answer)

    async def post(self, *path: str, body: dict[str, Any], key: str) -> Any:
        # One fixed order of keys: a repetition must send the very same bytes.
        content = orjson.dumps(body, option=orjson.OPT_SORT_KEYS)
        left = TRIES
        while True:
            left -= 1
            try:
                answer = await self._ask("POST", path, content=content, key=idempotence_key(key))
            except ProviderUnreachable as error:
                if not left or error.retry_after is not None:
                    raise
                continue
            if answer.status != 202:
                return said_yes(answer)
            await _still_processing(answer, is_last=not left)

    async def pages(self, *path: str, **params: str) -> AsyncIterator[dict[str, Any]]:
        """Every item of a list, newest first as YooKassa gives them."""
        asked = {"limit": str(PAGE), **params}
        while True:
            page = await self.get(*path, **asked)
            for item in (page or {}).get("items", ()):
                yield item
            cursor = (page or {}).get("next_cursor")
            if not cursor:
                return
            asked["cursor"] = cursor

    async def _ask(
        self,
        method: str,
        path: tuple[str, ...],
        *,
        params: dict[str, str] | None = None,
        content: bytes | None = None,
        key: str = "",
    ) -> Answer:
        service = client("yookassa", self._settings.url, timeout=self._settings.timeout_seconds)
        headers = {"Idempotence-Key": key, "Content-Type": "application/json"} if key else {}
        request = service.build_request(
            method,
            "/" + "/".join(quote(part, safe="") for part in path),
            params=params or None,
            content=content,
            headers=headers,
        )
        return await ask(service, TITLE, next(self._auth.auth_flow(request)))


def idempotence_key(key: str) -> str:
    return key if len(key) <= LONGEST_KEY else hashlib.sha256(key.encode()).hexdigest()


def said_yes(answer: Answer) -> Any:
    if answer.is_refusal:
        told = answer.body or {}
        code = str(told.get("code") or f"http-{answer.status}")
        raise ProviderRefused(f"{TITLE}: {told.get('description') or code}", provider_code=code)
    if not isinstance(answer.body, dict):
        raise unreachable(TITLE)
    return answer.body


async def _still_processing(answer: Answer, *, is_last: bool) -> None:
    milliseconds = answer.body.get("retry_after", 0) if isinstance(answer.body, dict) else 0
    seconds = milliseconds / 1000 if isinstance(milliseconds, int) else LONGEST_WAIT
    if is_last or seconds > LONGEST_WAIT:
        raise unreachable(TITLE, retry_after=max(1, round(seconds)))
    await asyncio.sleep(seconds)
