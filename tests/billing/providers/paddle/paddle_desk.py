"""The adapter and the simulated Paddle, face to face in one process."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from starlette.applications import Starlette
from starlette.routing import Mount

from verf.billing.providers.orders import Order, PriceTag
from verf.billing.providers.paddle import Paddle
from verf.billing.providers.paddle.settings import simulated
from verf.billing.providers.pictures import Picture, Subject
from verf.kit import Money, advance, new_id, now, set_offset
from verf.outbound import close_clients, use_transport
from verf.sandbox.payments.cards import Outcome
from verf.sandbox.payments.knobs import Knob
from verf.sandbox.payments.paddle import PaddleSimulator
from verf.settings import House, load


def tag(plan: str, amount: int, interval: Any = "month") -> PriceTag:
    return PriceTag(
        key=f"shop.{plan}.{interval}.usd.v1",
        title=f"Shop {plan}, a {interval}",
        product="shop",
        plan=plan,
        money=Money(amount, "USD"),
        interval=interval,
    )


SMALL, LARGE, LARGE_YEARLY = tag("small", 1000), tag("large", 3000), tag("large", 30000, "year")


@dataclass
class Desk:
    """We at the adapter, the other side at the simulator."""

    paddle: Paddle
    there: PaddleSimulator
    heard: list[httpx.Request] = field(default_factory=list)

    def order(self, price: PriceTag = SMALL, **changed: Any) -> Order:
        order = Order(
            id=new_id(),
            organisation=new_id(),
            email="ann@example.com",
            price=price,
            money=changed.pop("money", price.money),
            return_url="http://127.0.0.1:8000/back",
            expires_at=now() + timedelta(days=1),
        )
        return replace(order, **changed)

    async def bought(self, price: PriceTag = SMALL, *, later: Outcome = Outcome.PAYS, **changed: Any) -> str:
        """The id of a subscription that somebody has just paid."""
        opened = await self.paddle.open_checkout(self.order(price, **changed))
        return str((await self.there.pay_checkout(opened.ref, Outcome.PAYS, later))["subscription_id"])

    async def seen(self, subscription: str) -> Picture:
        picture = await self.paddle.fetch(Subject("subscription", subscription))
        assert picture is not None
        return picture

    async def passes(self, **words: int) -> datetime:
        advance(timedelta(**words))
        await self.there.tick()
        return now()

    def turn(self, name: str, **knob: Any) -> None:
        self.there.knobs.turn(name, Knob(**knob))


@asynccontextmanager
async def face_to_face(folder: Path) -> AsyncIterator[Desk]:
    there = PaddleSimulator(folder)
    desk = Desk(Paddle(simulated(load(House))), there)

    def hear(request: httpx.Request) -> httpx.Response:
        desk.heard.append(request)
        return httpx.Response(200)

    there.outbox.transport = httpx.MockTransport(hear)
    app = httpx.ASGITransport(Starlette(routes=[Mount("/sandbox/paddle", there)]))
    with use_transport("paddle", app):
        yield desk
    await close_clients()
    set_offset(timedelta())
