"""A shop's own code that speaks to the simulated Stripe: forms with brackets, one key a request."""

import httpx

from verf.kit import now
from verf.sandbox.payments.cards import Outcome
from verf.sandbox.payments.stripe import Stripe

KEY = "sk_test_sandbox"
VERSION = "2026-10-28.endive"


def form(value, name="") -> list[tuple[str, str]]:
    if isinstance(value, dict):
        return [pair for key, each in value.items() for pair in form(each, f"{name}[{key}]" if name else key)]
    if isinstance(value, list):
        return [pair for at, each in enumerate(value) for pair in form(each, f"{name}[{at}]")]
    return [(name, str(value).lower() if isinstance(value, bool) else str(value))]


class Api:
    def __init__(self, folder, shop) -> None:
        self.simulator = Stripe(folder)
        self.simulator.outbox.transport = shop.transport
        self.shop = shop
        self.http = httpx.AsyncClient(
            transport=httpx.ASGITransport(self.simulator),
            base_url="http://stripe",
            headers={"Authorization": f"Bearer {KEY}", "Stripe-Version": VERSION},
        )

    async def ask(self, method, path, key="", headers=None, **words) -> httpx.Response:
        given = {**({"Idempotency-Key": key} if key else {}), **(headers or {})}
        if method == "POST":
            body = str(httpx.QueryParams(form(words)))
            given = {"Content-Type": "application/x-www-form-urlencoded", **given}
            return await self.http.request(method, f"/v1/{path}", content=body, headers=given)
        return await self.http.request(method, f"/v1/{path}", params=form(words), headers=given)

    async def post(self, path, **words) -> dict:
        answer = await self.ask("POST", path, **words)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def get(self, path, **words) -> dict:
        answer = await self.ask("GET", path, **words)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def delete(self, path, **words) -> dict:
        answer = await self.ask("DELETE", path, **words)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def refused(self, path, *, status=400, method="POST", **words) -> dict:
        answer = await self.ask(method, path, **words)
        assert answer.status_code == status, answer.text
        return answer.json()["error"]

    async def price(self, amount=900, *, interval="month", currency="usd", **words) -> dict:
        product = await self.post("products", name="Thesis Basic")
        recurring = {"recurring": {"interval": interval}} if interval else {}
        return await self.post(
            "prices", product=product["id"], currency=currency, unit_amount=amount, **recurring, **words
        )

    async def session(self, price=None, **words) -> dict:
        price = price or await self.price()
        known = {
            "mode": "subscription",
            "line_items": [{"price": price["id"], "quantity": 1}],
            "success_url": "http://shop.example/back?s={CHECKOUT_SESSION_ID}",
            "cancel_url": "http://shop.example/back",
            "customer_email": "student@example.com",
            "client_reference_id": "order-1",
            "expires_at": int(now().timestamp()) + 7200,
        }
        return await self.post("checkout/sessions", **(known | words))

    async def buy(self, price=None, *, later=Outcome.PAYS, **words) -> dict:
        """The subscription that came out of a paid page."""
        session = await self.session(price, **words)
        paid = await self.simulator.pay_checkout(session["id"], Outcome.PAYS, later)
        self.simulator.store.flush()
        await self.tick()
        return await self.get(f"subscriptions/{paid['subscription']}")

    async def tick(self) -> None:
        await self.simulator.tick()

    async def invoices(self, subscription) -> list[dict]:
        """Oldest first."""
        listed = await self.get("invoices", subscription=subscription["id"], limit=100)
        return listed["data"][::-1]

    def told(self, kind="") -> list[dict]:
        return [each for each in self.shop.bodies if each["type"].startswith(kind)]

    def kinds(self) -> list[str]:
        return [each["type"] for each in self.shop.bodies]
