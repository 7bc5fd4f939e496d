"""The thin client: one question, one answer, no retries and no waiting. Who asks has reserved the right to."""

import asyncio
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import httpx

from stock.settings import WildberriesSettings
from stock.wildberries.answers import Trouble, burst_left, read
from verf.outbound import client
from verf.settings import load

HOSTS = {
    "content": "content-api",
    "prices": "discounts-prices-api",
    "marketplace": "marketplace-api",
    "statistics": "statistics-api",
    "analytics": "seller-analytics-api",
    "common": "common-api",
}


@dataclass(frozen=True)
class Answer:
    body: Any
    raw: bytes
    burst_left: int | None


class Market:
    """Wildberries as one seller sees it. The token lives in this object only and is never printed."""

    def __init__(self, token: str, settings: WildberriesSettings) -> None:
        self._token = token
        self._settings = settings

    def __repr__(self) -> str:
        return "Market(token hidden)"

    async def ping(self) -> Answer:
        return await self._ask("common", "GET", "/ping")

    async def seller_info(self) -> Answer:
        return await self._ask("common", "GET", "/api/v1/seller-info")

    async def cards(self, cursor: dict[str, Any], limit: int) -> Answer:
        question = {
            "settings": {
                "sort": {"ascending": True},
                "cursor": cursor | {"limit": limit},
                "filter": {"withPhoto": -1},
            }
        }
        return await self._ask("content", "POST", "/content/v2/get/cards/list", json=question)

    async def prices(self, limit: int, offset: int) -> Answer:
        return await self._ask("prices", "GET", "/api/v2/list/goods/filter", params={"limit": limit, "offset": offset})

    async def wb_stocks(self, limit: int, offset: int) -> Answer:
        path = "/api/analytics/v1/stocks-report/wb-warehouses"
        return await self._ask("analytics", "POST", path, json={"limit": limit, "offset": offset})

    async def order_remains(self) -> Answer:
        params = {"groupByNm": "true", "groupBySize": "true", "groupByBarcode": "true", "groupBySa": "true"}
        return await self._ask("analytics", "GET", "/api/v1/warehouse_remains", params=params)

    async def remains_status(self, task: str) -> Answer:
        return await self._ask("analytics", "GET", f"/api/v1/warehouse_remains/tasks/{quote(task, safe='')}/status")

    async def remains(self, task: str) -> Answer:
        return await self._ask("analytics", "GET", f"/api/v1/warehouse_remains/tasks/{quote(task, safe='')}/download")

    async def warehouses(self) -> Answer:
        return await self._ask("marketplace", "GET", "/api/v3/warehouses")

    async def seller_stocks(self, warehouse: int, chrt_ids: list[int]) -> Answer:
        return await self._ask("marketplace", "POST", f"/api/v3/stocks/{warehouse}", json={"chrtIds": chrt_ids})

    async def orders(self, since: str, *, whole_day: bool = False) -> Answer:
        return await self._statistics("/api/v1/supplier/orders", since, whole_day)

    async def sales(self, since: str, *, whole_day: bool = False) -> Answer:
        return await self._statistics("/api/v1/supplier/sales", since, whole_day)

    async def _statistics(self, path: str, since: str, whole_day: bool) -> Answer:
        return await self._ask("statistics", "GET", path, params={"dateFrom": since, "flag": int(whole_day)})

    async def _ask(self, host: str, method: str, path: str, **question: Any) -> Answer:
        """The answer's JSON, or a MarketError that says what kind of no it was."""
        name = HOSTS[host]
        wildberries = client("wildberries", self._settings.address(name), timeout=self._settings.timeout_seconds)
        try:
            async with asyncio.timeout(self._settings.timeout_seconds * 2):
                response = await wildberries.request(method, path, headers=self._headers(), **question)
        except (httpx.TimeoutException, TimeoutError) as error:
            raise Trouble("Wildberries did not answer in time.") from error
        except (httpx.HTTPError, OSError) as error:
            raise Trouble("The connection to Wildberries broke off.") from error
        return Answer(read(response), response.content, burst_left(response))

    def _headers(self) -> dict[str, str]:
        headers = {"Authorization": f"{self._settings.token_prefix}{self._token}"}
        if self._settings.client_secret is not None:
            headers["X-Client-Secret"] = self._settings.client_secret.get_secret_value()
        return headers


def open_market(token: str) -> Market:
    return Market(token, load(WildberriesSettings))
