"""One provider, simulated: the adapter under test, the person who pays, the cabinet, and a house that gets webhooks."""

import json
from collections.abc import Callable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from uuid import uuid4

import httpx
from fastapi import FastAPI, Request, Response
from faults import Bad
from quay import fresh_sandbox
from starlette.datastructures import Headers

from verf.billing.providers.events import ProviderUnreachable, WebhookRefused
from verf.billing.providers.orders import Order, PriceTag
from verf.billing.providers.pictures import Picture, Subject
from verf.billing.states import Engine, PaymentState
from verf.kit import Money, advance, new_id, now, set_offset
from verf.outbound import use_transport
from verf.settings import House, load

WEBHOOKS = "/api/v1/billing/webhook/{name}"
PLANS = {"starter": 99_000, "pro": 299_000, "enterprise": 999_000}


@dataclass(frozen=True, kw_only=True)
class Case:
    """How one provider is registered with the suite; a file of its own beside this one."""

    name: str
    # The adapter as the house makes it for the sandbox, where the simulator goes by the same name.
    provider: Callable[[], object]
    # The same account with secrets that are not its own.
    stranger: Callable[[], object]
    # Knows the right webhook secret beside another; None where nothing signs or the key is public.
    rotated: Callable[[], object] | None = None
    # A webhook too old or too early is refused.
    signs_time: bool = False
    # Changes to a webhook's JSON: "unknown" kind; "account" and "mode" where a body tells them.
    alter: Mapping[str, Callable[[dict], None]] = field(default_factory=dict)
    currency: str = "USD"
    # What the person, in the address of the page, pays on.
    checkout_id: Callable[[object], str] = lambda opened: opened.ref
    # Secrets that must stand in no log and no error.
    secrets: tuple[str, ...] = ()
    # A refund waits for somebody's yes, or for the bank, before money goes back.
    approves_refunds: bool = False
    # How many payments make more than one page of a list.
    page: int = 12


@dataclass(frozen=True)
class Letter:
    """A webhook as it came; `event` or why it was refused, decided when it came."""

    headers: Mapping[str, str]
    body: bytes
    at: datetime
    event: object = None
    refused: WebhookRefused | None = None

    @property
    def said(self):
        return json.loads(self.body)


@dataclass(frozen=True)
class Bought:
    order: Order
    opened: object
    root: Subject
    picture: Picture

    @property
    def payment(self):
        """The first that was paid."""
        return next(each for each in self.picture.payments if each.state is PaymentState.PAID)


class World:
    def __init__(self, case, stack: ExitStack) -> None:
        self.case = case
        self.letters: list[Letter] = []
        self.payable: dict = {}
        self.web = FastAPI()
        self.web.post(WEBHOOKS.format(name=case.name))(self._take)
        sandbox = fresh_sandbox()
        self.web.mount("/sandbox", sandbox)
        self.simulator = sandbox.app.state.simulators[case.name]
        inside = httpx.ASGITransport(self.web, client=("127.0.0.1", 4000))
        self.simulator.outbox.transport = inside
        self.wire = Bad(inside)
        stack.enter_context(use_transport(case.name, self.wire))
        self.http = httpx.AsyncClient(transport=inside, base_url=load(House).url)
        self.provider = case.provider()
        self.began = now()

    @property
    def abilities(self):
        return self.provider.abilities

    @property
    def keeps_the_calendar(self) -> bool:
        return self.abilities.engine is Engine.MIRROR

    # What we ask of the adapter

    def price(self, plan="pro", *, money=None, interval="month") -> PriceTag:
        money = money or Money(PLANS[plan], self.case.currency)
        key = f"stock.{plan}.{interval}.{money.currency.lower()}.{money.minor_units}.v1"
        title = f"Stock tracker {plan}, a {interval}"
        return PriceTag(key=key, title=title, product="stock", plan=plan, money=money, interval=interval)

    async def published(self, plan="pro", **changes) -> PriceTag:
        tag = self.price(plan, **changes)
        return replace(tag, ref=await self.provider.publish_price(tag)) if self.abilities.has_prices else tag

    async def order(self, plan="pro", *, price=None, **changes) -> Order:
        price = price or await self.published(plan)
        order = Order(
            id=new_id(),
            organisation=uuid4(),
            email="anna@example.com",
            price=price,
            money=price.money,
            return_url=f"{load(House).url}/billing/return",
            expires_at=now() + timedelta(minutes=45),
        )
        order = replace(order, **changes)
        self.payable[order.id] = order.money
        return order

    async def open(self, plan="pro", **changes):
        order = await self.order(plan, **changes)
        return order, await self.patiently(lambda: self.provider.open_checkout(order))

    async def buy(self, plan="pro", *, later="pays", **changes) -> Bought:
        order, opened = await self.open(plan, **changes)
        await self.pay(opened, later=later)
        root = await self.root_of(opened)
        return Bought(order, opened, root, await self.look(root))

    async def root_of(self, opened) -> Subject:
        picture = await self.look(Subject("checkout", opened.ref))
        if not self.keeps_the_calendar:
            return picture.subject
        ref = picture.subscription.ref if picture.subscription else picture.checkout.subscription
        return Subject("subscription", ref)

    async def look(self, subject: Subject) -> Picture | None:
        return await self.patiently(lambda: self.provider.fetch(subject))

    async def again(self, bought: Bought) -> Picture:
        return await self.look(bought.root)

    async def patiently(self, ask):
        """As a job does: told to come back later, it comes back later."""
        for _ in range(4):
            try:
                return await ask()
            except ProviderUnreachable as error:
                if error.retry_after is None:
                    raise
                advance(timedelta(seconds=error.retry_after + 1))
        return await ask()

    async def payments(self, since=None, until=None) -> list:
        since, until = since or self.began - timedelta(minutes=1), until or now() + timedelta(minutes=1)
        return [each async for each in self.provider.list_payments(since, until)]

    async def changed(self, since) -> list[Subject]:
        return [each async for each in self.provider.list_changes(since)]

    async def paid(self) -> list:
        return [each for each in await self.payments() if each.state is PaymentState.PAID]

    # The person, the cabinet, the knobs

    async def pay(self, opened, *, later="pays") -> None:
        await self.control(f"checkouts/{self.case.checkout_id(opened)}/pay", {"later": later})
        await self.tick()

    async def decline(self, opened, outcome="insufficient_funds") -> None:
        await self.control(f"checkouts/{self.case.checkout_id(opened)}/decline", {"outcome": outcome})
        await self.tick()

    async def tick(self) -> None:
        await self.simulator.tick()

    async def live(self, **duration) -> None:
        """Time passes, and the provider does in it what it does by itself."""
        advance(timedelta(**duration))
        await self.tick()

    async def turn(self, **knobs) -> None:
        await self.control("knobs", knobs)

    async def calm(self) -> None:
        self.wire.reset()
        answer = await self.http.delete(f"/sandbox/api/{self.case.name}/knobs")
        answer.raise_for_status()

    async def control(self, path: str, body=None):
        answer = await self.press(path, body)
        assert answer.is_success, answer.text
        return answer.json()

    async def press(self, path: str, body=None) -> httpx.Response:
        return await self.http.post(f"/sandbox/api/{self.case.name}/{path}", json=body)

    async def truth(self) -> dict:
        answer = await self.http.get(f"/sandbox/api/{self.case.name}/truth")
        return answer.raise_for_status().json()

    # Webhooks

    def signed(self, said: dict | bytes) -> tuple[Mapping[str, str], bytes]:
        """As the provider itself would send it now."""
        body = said if isinstance(said, bytes) else json.dumps(said, separators=(",", ":")).encode()
        headers = {"content-type": "application/json", **self.simulator.outbox._sign(body, now())}
        return {name.lower(): value for name, value in headers.items()}, body

    def altered(self, letter: Letter, what: str) -> dict:
        said = letter.said
        self.case.alter[what](said)
        return said

    async def event(self, headers, body, *, sender="127.0.0.1", provider=None):
        return await (provider or self.provider).verify(headers, body, sender=sender)

    def telling(self) -> Letter:
        """A letter that names something to read."""
        return next(letter for letter in self.letters if letter.event and letter.event.subject)

    def at(self, moment: datetime) -> None:
        """The clock of the house shows this moment."""
        set_offset(advance(timedelta()) + (moment - now()))

    async def _take(self, request: Request) -> Response:
        body, at = await request.body(), now()
        headers = dict(Headers(raw=request.headers.raw).items())
        try:
            event = await self.provider.verify(headers, body, sender=request.client.host)
        except WebhookRefused as error:
            self.letters.append(Letter(headers, body, at, refused=error))
            return Response(status_code=400)
        self.letters.append(Letter(headers, body, at, event))
        if event.question and self.payable.get(event.question.order) != event.question.money:
            return Response(status_code=409)
        return Response(status_code=200)
