"""Stripe with its calendar: it keeps subscriptions, charges them, and tells about everything."""

import hmac
from collections.abc import Callable
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import ClassVar, Literal

from fastapi import FastAPI
from starlette.responses import Response

from verf.sandbox.payments.cards import Outcome, card_that
from verf.sandbox.payments.outbox import Habits, Outbox, house_webhook
from verf.sandbox.payments.simulator import NotSimulated, PaymentSimulator
from verf.sandbox.payments.store import Document
from verf.sandbox.payments.stripe import life, money_back, sessions, subscriptions
from verf.sandbox.payments.stripe.counter import Counter
from verf.sandbox.payments.stripe.gateway import Gateway
from verf.sandbox.payments.stripe.refusals import Refusal
from verf.sandbox.payments.stripe.world import World, picture

WEBHOOK_SECRET = "whsec_sandbox"  # noqa: S105 - the literal of every sandbox
# Up to three days, further and further apart.
HABITS = Habits(
    waits=[timedelta(minutes=minutes) for minutes in (5, 30, 60, 180, 360, 600, 720, 720, 720, 720)],
    timeout_seconds=20,
    user_agent="Stripe/1.0 (simulated)",
)
DUE: dict[str, Callable[[World, str], object]] = {
    "renew": life.renew,
    "finalize": life.finalize,
    "retry": life.retry,
    "pending": life.pending,
    "incomplete": life.incomplete,
    "trial_will_end": life.trial_will_end,
    "unpause": life.unpause,
    "expire": sessions.run_out,
}


class Stripe(PaymentSimulator):
    name: ClassVar[str] = "stripe"
    title: ClassVar[str] = "Stripe"
    api: ClassVar[str] = "/v1"
    own_knobs: ClassVar[tuple[str, ...]] = ("unpaid",)

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.world = World(self.store, self.dice, self.knobs, self.address)
        self.outbox = self.world.outbox = Outbox(
            self.store, self.dice, self.knobs, sign=_sign, target=lambda: house_webhook("stripe"), habits=HABITS
        )
        self.gateway = Gateway(self.world)
        self.app = FastAPI(openapi_url=None, routes=[*self.gateway.routes(), *Counter(self.world).routes()])

    def error(self, status: int, retry_after: int) -> Response:
        if status == 429:
            message = "Too many requests hit the API too quickly. We recommend an exponential backoff of your requests."
            limited = Refusal(message, status=429, code="rate_limit")
            return self.gateway.refuse(limited, {"Retry-After": str(retry_after)})
        broken = Refusal("An unexpected error happened on our side.", status=status, type="api_error")
        return self.gateway.refuse(broken)

    def next_due(self) -> datetime | None:
        return self.world.agenda.next_due()

    def live(self, at: datetime) -> None:
        entry = self.world.agenda.take()
        assert entry is not None
        self.world.living = int(at.timestamp())
        try:
            DUE[entry["what"]](self.world, entry["subject"])
        finally:
            self.world.living = None

    def truth(self) -> dict[str, list[Document]]:
        intents = [each for each in self.store.all("payment_intent") if each["latest_charge"]]
        methods = [{**picture(each), "later": each["_outcome"]} for each in self.store.all("payment_method")]
        return {
            "subscriptions": [picture(each) for each in self.store.all("subscription")],
            "payments": [picture(each) for each in intents],
            "refunds": [picture(each) for each in self.store.all("refund")],
            "disputes": [picture(each) for each in self.store.all("dispute")],
            "methods": methods,
            "invoices": [picture(each) for each in self.store.all("invoice")],
            "checkouts": [picture(each) for each in self.store.all("checkout.session")],
            "customers": [picture(each) for each in self.store.all("customer")],
        }

    def steer_subscription(self, identity: str, action: Literal["fail-next", "cancel", "pause"]) -> Document:
        found = self._alive(identity)
        if action == "fail-next":
            found["_fail_next"] = found.get("_fail_next", 0) + 1
            self.world.keep(found)
        elif action == "cancel":
            subscriptions.end(self.world, found, reason="cancellation_requested")
        else:
            pause = {"behavior": "void", "resumes_at": None}
            subscriptions.change_status(self.world, found, found["status"], pause_collection=pause)
        return picture(found)

    def refund_payment(self, identity: str, amount: int | None) -> Document:
        return self._done(lambda: money_back.refund(self.world, self._charge(identity), amount))

    def dispute_payment(self, identity: str, amount: int | None, reason: str) -> Document:
        return self._done(lambda: money_back.dispute(self.world, self._charge(identity), amount, reason))

    def settle_dispute(self, identity: str, verdict: Literal["won", "lost"]) -> Document:
        return self._done(lambda: money_back.settle(self.world, identity, verdict))

    def set_method_outcome(self, identity: str, outcome: Outcome) -> Document:
        def change() -> Document:
            method = self.world.get("payment_method", identity)
            method["_outcome"] = str(outcome)
            return {**picture(self.world.keep(method)), "later": str(outcome)}

        return self._done(change)

    async def pay_checkout(self, identity: str, outcome: Outcome, later: Outcome) -> Document:
        def pay() -> Document:
            session = self.world.get("checkout.session", identity)
            sessions.pay(self.world, session, card_that(outcome, later))
            return session

        return self._done(pay)

    def expire_checkout(self, identity: str) -> Document:
        return self._done(lambda: sessions.run_out(self.world, identity))

    def _alive(self, identity: str) -> Document:
        found = self.store.get("subscription", identity)
        if found is None or found["status"] in subscriptions.OVER:
            raise NotSimulated("Stripe has no such subscription, or it is over.")
        return found

    def _charge(self, identity: str) -> Document:
        return money_back.charge_of(self.world, identity)

    def _done(self, work: Callable[[], Document]) -> Document:
        try:
            return picture(work())
        except Refusal as refusal:
            raise NotSimulated(str(refusal)) from refusal


def _sign(body: bytes, at: datetime) -> dict[str, str]:
    timestamp = int(at.timestamp())
    digest = hmac.new(WEBHOOK_SECRET.encode(), f"{timestamp}.".encode() + body, sha256).hexdigest()
    return {"Stripe-Signature": f"t={timestamp},v1={digest}"}
