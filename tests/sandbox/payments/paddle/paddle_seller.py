"""What a seller's server asks of Paddle, in Paddle's own words."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import httpx
from starlette.applications import Starlette
from starlette.routing import Mount

from verf.kit import advance
from verf.sandbox.payments.cards import Outcome
from verf.sandbox.payments.paddle import PaddleSimulator

KEY = {"Authorization": "Bearer pdl_sdbx_apikey_sandbox", "Paddle-Version": "1"}
MONTH = {"interval": "month", "frequency": 1}


@dataclass
class Seller:
    simulator: PaddleSimulator
    http: httpx.AsyncClient

    @classmethod
    @asynccontextmanager
    async def at(cls, simulator: PaddleSimulator) -> AsyncIterator["Seller"]:
        app = Starlette(routes=[Mount("/sandbox/paddle", simulator)])
        transport = httpx.ASGITransport(app, raise_app_exceptions=False)
        base = "http://127.0.0.1:8000/sandbox/paddle"
        async with httpx.AsyncClient(transport=transport, base_url=base, headers=KEY) as http:
            yield cls(simulator, http)

    async def get(self, path: str, **question: str) -> Any:
        answer = await self.http.get(path, params=question)
        assert answer.status_code == 200, answer.text
        return answer.json()["data"]

    async def post(self, path: str, body: Any) -> Any:
        answer = await self.http.post(path, json=body)
        assert answer.is_success, answer.text
        return answer.json()["data"]

    async def patch(self, path: str, body: Any) -> Any:
        answer = await self.http.patch(path, json=body)
        assert answer.is_success, answer.text
        return answer.json()["data"]

    async def refused(self, method: str, path: str, body: Any = None) -> tuple[int, str]:
        answer = await self.http.request(method, path, json=body)
        return answer.status_code, answer.json()["error"]["code"]

    async def price(self, amount: int = 1000, currency: str = "USD", **terms: Any) -> Any:
        product = await self.post("/products", {"name": "Plan", "tax_category": "standard"})
        return await self.post(
            "/prices",
            {
                "product_id": product["id"],
                "description": "A month",
                "unit_price": {"amount": str(amount), "currency_code": currency},
                "billing_cycle": MONTH,
                "tax_mode": "internal",
                **terms,
            },
        )

    async def transaction(self, price: Any, **more: Any) -> Any:
        known = await self.get("/customers", email="ann@example.com")
        customer = known[0] if known else await self.post("/customers", {"email": "ann@example.com"})
        items = [{"price_id": price["id"], "quantity": more.pop("quantity", 1)}]
        return await self.post("/transactions", {"items": items, "customer_id": customer["id"], **more})

    async def bought(self, price: Any = None, *, later: Outcome = Outcome.PAYS, **more: Any) -> Any:
        """The subscription that somebody has just paid."""
        transaction = await self.transaction(price or await self.price(), **more)
        paid = await self.simulator.pay_checkout(transaction["id"], Outcome.PAYS, later)
        self.simulator.store.flush()
        return await self.get(f"/subscriptions/{paid['subscription_id']}")

    async def transactions(self, subscription: Any) -> Any:
        return await self.get("/transactions", subscription_id=subscription["id"], order_by="id[ASC]")

    async def passes(self, **words: float) -> None:
        advance(timedelta(**words))
        await self.simulator.tick()
