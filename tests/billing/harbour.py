"""The whole house in this process, with every simulated provider on the other side of the street.

Adapters talk to the simulators over HTTP, simulators post their webhooks to the house, the sandbox clock moves all.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import httpx
from quay import fresh_sandbox
from sqlalchemy import select
from starlette.applications import Starlette
from starlette.routing import Mount

from verf.app import all_rooms
from verf.billing.catalogue import forget_catalogue, publish
from verf.billing.checkouts import Buyer, Checkout, start_checkout
from verf.billing.models import CheckoutIntent, Price
from verf.billing.providers.registry import forget_providers
from verf.database import transaction
from verf.errors import VerfError
from verf.jobs import drain, enqueue, perform, shift
from verf.jobs.schedules import slot_of
from verf.kit import advance, now, set_offset
from verf.outbound import use_transport
from verf.testing.site import ADDRESS, Member, Site

MOST_ROUNDS = 30


@dataclass
class Harbour:
    site: Site
    sandbox: httpx.AsyncClient
    simulators: dict[str, Any]
    # Schedules that `live` rings, as their messages; billing's by default. And how often each of billing's is due.
    schedules: list[type[Any]] = field(default_factory=list)
    every: dict[type[Any], timedelta] = field(default_factory=dict)
    # House and simulators as one application, for tests that serve them at an address.
    street: Any = None

    async def member(self, name: str = "Anna") -> Member:
        return await self.site.member(name)

    async def control(self, provider: str, path: str, method: str = "POST", **body: Any) -> Any:
        """The hand of the test at a simulator: `await harbour.control("stripe", "checkouts/cs_1/pay")`."""
        answer = await self.sandbox.request(method, f"/sandbox/api/{provider}/{path}", json=body or None)
        assert answer.status_code < 400, answer.text
        return answer.json() if answer.content else None

    async def truth(self, provider: str) -> dict[str, Any]:
        return await self.control(provider, "truth", "GET")

    async def price(self, plan: str, *, currency: str = "USD", interval: str = "month") -> UUID:
        async with transaction() as session:
            key = f"stock.{plan}.{interval}.{currency.lower()}"
            query = select(Price).where(Price.key.startswith(key), Price.is_offered)
            return (await session.scalars(query)).one().id

    async def checkout(self, member: Member, plan: str = "pro", *, provider: str = "stripe", **more: Any) -> Checkout:
        currency = "USD" if provider in ("stripe", "paddle") else "RUB"
        price = await self.price(plan, currency=currency, **more)
        buyer = Buyer(organisation=member.organisation, person=member.person, email=member.email)
        return await start_checkout(buyer, price, through=provider)

    async def buy(self, member: Member, plan: str = "pro", *, provider: str = "stripe", **how: Any) -> Checkout:
        """Choose, pay at the provider's page, and let the news arrive."""
        opened = await self.checkout(member, plan, provider=provider)
        [ref] = await self.refs(opened)
        await self.control(provider, f"checkouts/{ref}/pay", **how)
        await self.settle()
        return opened

    async def refs(self, checkout: Checkout) -> list[str]:
        async with transaction(system="test looks up a checkout") as session:
            row = await session.get_one(CheckoutIntent, checkout.id)
            return [row.ref or ""]

    async def settle(self, *, errors: str = "raise") -> None:
        """Until nothing is due any more: simulators tick and deliver, jobs run."""
        for _round in range(MOST_ROUNDS):
            steps = sum([await simulator.tick() for simulator in self.simulators.values()])
            if not await drain(errors=errors) and not steps:
                return

    async def live(self, by: timedelta, *, step: timedelta = timedelta(hours=6), errors: str = "raise") -> None:
        """Time passes in steps; after each, schedules that came due ring and everything due is done."""
        while by > timedelta():
            move = min(step, by)
            by -= move
            before = now()
            advance(move)
            await shift(move)
            await self._look_round(before, errors)
            await self.settle(errors=errors)

    async def _look_round(self, before: datetime, errors: str) -> None:
        """As the timetable, without the queue: most times there is nothing to do, and this is done very often."""
        for message in [each for each in self.schedules if self._slot(each, before) != self._slot(each, now())]:
            try:
                await asyncio.create_task(perform(message()))
            except Exception as error:
                if errors == "raise" and not (isinstance(error, VerfError) and error.retry):
                    raise

    def _slot(self, message: type[Any], at: datetime) -> datetime:
        return slot_of(at, self.every[message])

    async def ring(self) -> None:
        """The messages of all schedules are queued, due or not."""
        async with transaction() as session:
            for message in self.schedules:
                await enqueue(session, message(), unless_queued=f"test-{message.__name__}")


@asynccontextmanager
async def open_harbour(site: Site) -> AsyncIterator[Harbour]:
    sandbox = fresh_sandbox()
    street = Starlette(routes=[Mount("/sandbox", app=sandbox), Mount("/", app=site.web)])
    transport = httpx.ASGITransport(street, raise_app_exceptions=False)
    async with AsyncExitStack() as stack:
        client = await stack.enter_async_context(httpx.AsyncClient(transport=transport, base_url=ADDRESS))
        running = sandbox.app.state.simulators
        for name in running:
            stack.enter_context(use_transport(name, transport))
            running[name].outbox.transport = transport
        stack.callback(set_offset, timedelta())
        forget_catalogue()
        forget_providers()
        await publish()
        billing = next(room for room in all_rooms() if room.name == "billing")
        every = {schedule.message: schedule.every for schedule in billing.schedules}
        yield Harbour(site, client, running, list(every), every, street)
