"""Paddle Billing, simulated: merchant of record, subscriptions that renew by themselves, refunds that need approval."""

import hmac
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from hashlib import sha256
from pathlib import Path
from typing import Literal

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import ValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from verf.kit import now
from verf.sandbox.payments.agenda import Agenda
from verf.sandbox.payments.cards import Outcome, card_that
from verf.sandbox.payments.outbox import Habits, Outbox, house_webhook
from verf.sandbox.payments.paddle import adjustments
from verf.sandbox.payments.paddle.counter import checkout_pages
from verf.sandbox.payments.paddle.errors import Refused, answer, invalid
from verf.sandbox.payments.paddle.portal import portal_pages
from verf.sandbox.payments.paddle.protocol import PATHS, protocol
from verf.sandbox.payments.paddle.subscriptions import end, live, retry, stop
from verf.sandbox.payments.paddle.till import pay
from verf.sandbox.payments.paddle.transactions import OPEN, cancel_transaction
from verf.sandbox.payments.paddle.world import World, shown
from verf.sandbox.payments.simulator import NotSimulated, PaymentSimulator
from verf.sandbox.payments.store import Document

SECRET = b"pdl_ntfset_sandbox"
# Twenty attempts in the first hour, 47 in the first day, 60 in three.
WAITS = (*[timedelta(minutes=3)] * 19, *[timedelta(minutes=51)] * 27, *[timedelta(hours=3, minutes=42)] * 13)
DISPUTES = frozenset({"chargeback_warning", "chargeback"})


class PaddleSimulator(PaymentSimulator):
    name = "paddle"
    title = "Paddle"
    api = PATHS
    # `dunning_pauses`: what is not paid for a month is paused, not canceled. `refuse_refunds`: none is approved.
    own_knobs = ("dunning_pauses", "refuse_refunds")

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.world = World(self.store, self.dice, self.knobs, Agenda(self.store), lambda: self.address)
        self.outbox = self.world.outbox = Outbox(
            self.store,
            self.dice,
            self.knobs,
            sign=sign,
            target=lambda: house_webhook(self.name),
            habits=Habits(waits=WAITS, timeout_seconds=5, user_agent="Paddle"),
        )
        self.app = FastAPI(title="Paddle", openapi_url=None)
        self.app.include_router(checkout_pages(self.world))
        self.app.include_router(portal_pages(self.world))
        self.app.include_router(protocol(self.world))
        _explain_errors(self.app, self.world)

    def error(self, status: int, retry_after: int) -> Response:
        if status == 429:
            refusal = Refused(429, "too_many_requests", "IP address exceeded the allowed rate limit.")
            return answer(refusal, self.dice.uuid(), {"Retry-After": str(retry_after)})
        return answer(Refused(status, "internal_error", "An internal error has occurred."), self.dice.uuid())

    def next_due(self) -> datetime | None:
        return self.world.agenda.next_due()

    def live(self, at: datetime) -> None:
        entry = self.world.agenda.take()
        if entry is None:
            return
        if entry["what"] == "review":
            verdict: Literal["approved", "rejected"] = "rejected" if self.knobs.acts("refuse_refunds") else "approved"
            adjustments.review(self.world, self.world.find("adjustment", entry["subject"]), verdict, at)
            return
        subscription = self.world.find("subscription", entry["subject"])
        if entry["what"] == "retry":
            retry(self.world, subscription, at)
        else:
            live(self.world, subscription, at)

    def truth(self) -> dict[str, list[Document]]:
        transactions, adjusted = self.world.all("transaction"), self.world.all("adjustment")
        return {
            "subscriptions": [shown(each) for each in self.world.all("subscription")],
            "payments": [shown(each) for each in transactions if each["status"] not in OPEN or each["payments"]],
            "checkouts": [shown(each) for each in transactions if each["origin"] == "api"],
            "refunds": [shown(each) for each in adjusted if each["action"] == "refund"],
            "disputes": [shown(each) for each in adjusted if each["action"].startswith("chargeback")],
            "methods": [{**shown(each), "outcome": each["_outcome"]} for each in self.world.all("method")],
        }

    def steer_subscription(self, identity: str, action: Literal["fail-next", "cancel", "pause"]) -> Document:
        with _as_conflicts():
            subscription = self.world.find("subscription", identity)
            if action == "cancel":
                end(self.world, subscription, now())
            elif action == "pause":
                stop(self.world, subscription, now())
            else:
                subscription["_fails_next"] = True
                self.store.put("subscription", identity, subscription)
            return shown(subscription)

    def refund_payment(self, identity: str, amount: int | None) -> Document:
        """Approved at once: it was made by those who approve."""
        with _as_conflicts():
            given: Document = {"action": "refund", "transaction_id": identity, "reason": "made in the dashboard"}
            if amount is None:
                given["type"] = "full"
            else:
                line = self.world.find("transaction", identity)["details"]["line_items"][0]
                given["items"] = [{"item_id": line["id"], "type": "partial", "amount": str(amount)}]
            return shown(adjustments.ask_refund(self.world, given, approved=True))

    def review_refund(self, identity: str, verdict: Literal["approved", "rejected"]) -> Document:
        with _as_conflicts():
            adjustment = self.world.find("adjustment", identity)
            return shown(adjustments.review(self.world, adjustment, verdict, now()))

    def dispute_payment(self, identity: str, amount: int | None, reason: str) -> Document:
        """A warning first; it becomes a chargeback when the dispute is lost."""
        with _as_conflicts():
            transaction = self.world.find("transaction", identity)
            return shown(adjustments.charge_back(self.world, transaction, "chargeback_warning", amount, reason))

    def settle_dispute(self, identity: str, verdict: Literal["won", "lost"]) -> Document:
        with _as_conflicts():
            dispute = self.world.find("adjustment", identity)
            if dispute["action"] not in DISPUTES or dispute["status"] != "approved":
                raise NotSimulated("That is not an open dispute.")
            if verdict == "won":
                return shown(adjustments.turn_back(self.world, dispute, "contested"))
            transaction = self.world.find("transaction", dispute["transaction_id"])
            amount = int(dispute["totals"]["total"]) if dispute["type"] == "partial" else None
            # What was announced has come.
            dispute["status"] = "reversed"
            self.world.keep("adjustment", dispute, now())
            return shown(adjustments.charge_back(self.world, transaction, "chargeback", amount, dispute["reason"]))

    def set_method_outcome(self, identity: str, outcome: Outcome) -> Document:
        with _as_conflicts():
            method = self.world.find("method", identity)
            method["_outcome"] = outcome
            self.store.put("method", identity, method)
            return {**shown(method), "outcome": outcome}

    async def pay_checkout(self, identity: str, outcome: Outcome, later: Outcome) -> Document:
        with _as_conflicts():
            transaction = self.world.find("transaction", identity)
            pay(self.world, transaction, card_that(outcome, later), now())
            return shown(transaction)

    def expire_checkout(self, identity: str) -> Document:
        with _as_conflicts():
            transaction = self.world.find("transaction", identity)
            if transaction["status"] not in OPEN:
                raise NotSimulated("It is not open any more.")
            cancel_transaction(self.world, transaction, now())
            return shown(transaction)


def sign(body: bytes, at: datetime) -> dict[str, str]:
    stamp = str(int(at.timestamp()))
    return {"Paddle-Signature": f"ts={stamp};h1={hmac.new(SECRET, f'{stamp}:'.encode() + body, sha256).hexdigest()}"}


@contextmanager
def _as_conflicts() -> Iterator[None]:
    try:
        yield
    except Refused as refusal:
        raise NotSimulated(refusal.detail) from refusal


def _explain_errors(app: FastAPI, world: World) -> None:
    @app.exception_handler(Refused)
    async def refused(request: Request, refusal: Refused) -> Response:
        return answer(refusal, world.dice.uuid())

    @app.exception_handler(RequestValidationError)
    @app.exception_handler(ValidationError)
    async def malformed(request: Request, error: RequestValidationError | ValidationError) -> Response:
        fields = [(".".join(str(part) for part in each["loc"]), str(each["msg"])) for each in error.errors()]
        return answer(invalid(*fields), world.dice.uuid())

    @app.exception_handler(HTTPException)
    async def plain(request: Request, error: HTTPException) -> Response:
        code = {404: "not_found", 405: "method_not_allowed"}.get(error.status_code, "bad_request")
        return answer(Refused(error.status_code, code, str(error.detail)), world.dice.uuid())
