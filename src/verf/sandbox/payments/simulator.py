"""The frame of a simulated provider: what it answers is durable first, its calendar runs under the sandbox clock."""

import asyncio
from datetime import datetime
from pathlib import Path
from typing import ClassVar, Literal

from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from verf.errors import Conflict
from verf.kit import now
from verf.sandbox.payments.cards import Outcome
from verf.sandbox.payments.dice import Dice
from verf.sandbox.payments.faults import Faults
from verf.sandbox.payments.knobs import Knobs
from verf.sandbox.payments.outbox import Outbox
from verf.sandbox.payments.store import Document, Store
from verf.settings import House, load

STEPS_IN_A_ROW = 50


class NotSimulated(Conflict):
    """The provider has no such thing, or not in this state."""


class PaymentSimulator:
    """Subclasses make `self.app` (routes as the provider has them, and hosted pages) and `self.outbox`.

    Handlers are `async def`, change documents and post to the outbox without awaiting in between: what one request did
    is written before its answer leaves, and nothing of it when it failed.
    """

    name: ClassVar[str]
    title: ClassVar[str]
    # Under this path (or these) lies the protocol, which the faults concern; pages and whatever else lie elsewhere.
    api: ClassVar[str | tuple[str, ...]]
    own_knobs: ClassVar[tuple[str, ...]] = ()

    app: ASGIApp
    outbox: Outbox

    def __init__(self, folder: Path) -> None:
        self.store = Store(Path(folder))
        self.dice = Dice(self.store)
        self.knobs = Knobs(self.store, self.dice, self.own_knobs)
        self._one_tick = asyncio.Lock()

    def start_over(self) -> None:
        """A world of its own in the same place, for tests, which want many worlds: its routes take time to make."""
        self.store.empty()
        self.dice.sow_anew()

    @property
    def address(self) -> str:
        """Where people and programs reach this simulator."""
        return f"{load(House).url}/sandbox/{self.name}"

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = scope["path"].removeprefix(scope.get("root_path", ""))
        is_protocol = scope["type"] == "http" and path.startswith(self.api)
        app = Faults(self._answer, self.knobs, self.error) if is_protocol else self._answer
        try:
            await app(scope, receive, send)
        finally:
            self.store.flush()  # knobs that wore off

    async def _answer(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_kept(message: Message) -> None:
            if message["type"] == "http.response.start":
                self._settle(message["status"])
            await send(message)

        self.store.flush()
        try:
            await self.app(scope, receive, send_kept)
        except BaseException:
            self.store.revert()
            raise

    def _settle(self, status: int) -> None:
        """Starlette answers 500 before it lets an exception go on."""
        if status >= 500:
            self.store.revert()
        else:
            self.store.flush()

    async def tick(self) -> int:
        """Live up to the present: everything that came due, in order, then the webhooks. How many steps were made."""
        async with self._one_tick:
            steps = 0
            while (due := self.next_due()) is not None and due <= now():
                self._live(due)
                steps += 1
                if steps % STEPS_IN_A_ROW == 0:
                    await asyncio.sleep(0)
            await self.outbox.deliver_due()
            return steps

    def _live(self, at: datetime) -> None:
        try:
            self.live(at)
        except BaseException:
            self.store.revert()
            raise
        self.store.flush()

    # What a simulator says of itself

    def error(self, status: int, retry_after: int) -> Response:
        """An error of the API in the provider's own shape, for the faults."""
        raise NotImplementedError

    def next_due(self) -> datetime | None:
        """When the next thing happens by itself: a renewal, a retry, an expiry. Asked five times a second."""
        return None

    def live(self, at: datetime) -> None:
        """Do what is due at this moment; afterwards `next_due` is later."""

    def truth(self) -> dict[str, list[Document]]:
        """All subscriptions, payments, refunds, disputes and methods, as the provider has them."""
        raise NotImplementedError

    # What somebody does in the provider's cabinet, or a person at the hosted page; the controls call these

    def steer_subscription(self, identity: str, action: Literal["fail-next", "cancel", "pause"]) -> Document:
        raise NotImplementedError(f"{self.title} keeps no subscriptions.")

    def refund_payment(self, identity: str, amount: int | None) -> Document:
        """`amount` in minor units; None for all that is left."""
        raise NotImplementedError(f"{self.title} does not refund by hand.")

    def dispute_payment(self, identity: str, amount: int | None, reason: str) -> Document:
        raise NotImplementedError(f"{self.title} tells nobody about disputes.")

    def settle_dispute(self, identity: str, verdict: Literal["won", "lost"]) -> Document:
        raise NotImplementedError(f"{self.title} tells nobody about disputes.")

    def set_method_outcome(self, identity: str, outcome: Outcome) -> Document:
        raise NotImplementedError(f"{self.title} keeps no methods.")

    async def pay_checkout(self, identity: str, outcome: Outcome, later: Outcome) -> Document:
        """As a person at the hosted page who chose this outcome; `later` is what the method does at later charges."""
        raise NotImplementedError

    def expire_checkout(self, identity: str) -> Document:
        raise NotImplementedError
