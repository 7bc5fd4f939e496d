"""YooKassa: payments that are confirmed at a hosted page, saved methods, refunds, receipts; no calendar of its own."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import ClassVar

from starlette.responses import Response

from verf.kit import now
from verf.sandbox.payments.agenda import Agenda
from verf.sandbox.payments.cards import Outcome, card_that
from verf.sandbox.payments.outbox import Habits, Outbox, house_webhook
from verf.sandbox.payments.simulator import NotSimulated, PaymentSimulator
from verf.sandbox.payments.store import Document
from verf.sandbox.payments.yookassa.bindings import Bindings
from verf.sandbox.payments.yookassa.counter import Counter
from verf.sandbox.payments.yookassa.errors import answer, plain
from verf.sandbox.payments.yookassa.fiscal import Receipts
from verf.sandbox.payments.yookassa.gateway import Gateway
from verf.sandbox.payments.yookassa.methods import Methods
from verf.sandbox.payments.yookassa.payments import Payments
from verf.sandbox.payments.yookassa.refunds import Refunds
from verf.sandbox.payments.yookassa.shop import Shop

# For 24 hours from the event; how often within them is not documented.
HABITS = Habits(
    waits=[timedelta(minutes=minutes) for minutes in (1, 5, 15, 30, 60, 90, 180, 360, 690)],
    accepts=lambda status: status == 200,
    timeout_seconds=30,
    user_agent="YooKassa, simulated",
)


class YooKassa(PaymentSimulator):
    name: ClassVar[str] = "yookassa"
    title: ClassVar[str] = "YooKassa"
    api: ClassVar[str] = "/v3"
    own_knobs: ClassVar[tuple[str, ...]] = ("processing", "slow_charge", "slow_refund", "refund_canceled")

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.agenda, self.methods = Agenda(self.store), Methods(self.store)
        self.outbox = Outbox(
            self.store,
            self.dice,
            self.knobs,
            sign=lambda _body, _at: {},
            target=lambda: house_webhook("yookassa"),
            habits=HABITS,
        )
        self.shop = Shop(self.store, self.dice, self.knobs, self.outbox, self.agenda, self.methods, self.address)
        self.receipts, self.bindings = Receipts(self.shop), Bindings(self.shop)
        self.payments, self.refunds = Payments(self.shop, self.receipts), Refunds(self.shop, self.receipts)
        pages = Counter(self.shop, self.payments, self.bindings).routes()
        gateway = Gateway(self.shop, self.payments, self.refunds, self.bindings, self.receipts)
        self.app = gateway.application(pages)

    def error(self, status: int, retry_after: int) -> Response:
        response = answer(plain(status), self.dice.uuid())
        if status == 429:
            response.headers["Retry-After"] = str(retry_after)
        return response

    def next_due(self) -> datetime | None:
        return self.agenda.next_due()

    def live(self, at: datetime) -> None:
        entry = self.agenda.take()
        assert entry is not None
        what, subject = entry["what"], entry["subject"]
        if what in {"refund", "refund_receipt"}:
            refund = self.refunds.show(subject)
            if what == "refund":
                self.refunds.finish(refund, at)
            else:
                self.refunds.register_receipt(refund, at)
            return
        payment = self.payments.find(subject)
        if what == "confirmation":
            self.payments.cancel(payment, "yoo_money", "expired_on_confirmation", at)
        elif what == "hold":
            self.payments.cancel(payment, "yoo_money", "expired_on_capture", at)
        elif what == "charge":
            self.payments.charge(payment, at)
        else:
            self.payments.register_receipt(payment, at)

    def truth(self) -> dict[str, list[Document]]:
        methods = [{**kept["object"], "later": kept["later"]} for kept in self.store.all("method")]
        return {
            "subscriptions": [],
            "payments": self.payments.all(),
            "refunds": self.refunds.all(),
            "disputes": [],
            "methods": methods,
            "receipts": self.receipts.all(),
        }

    def refund_payment(self, identity: str, amount: int | None) -> Document:
        payment = self._known(identity)
        left = self.refunds.left_of(payment)
        if payment["object"]["status"] != "succeeded" or not 0 < (amount or left) <= left:
            raise NotSimulated(f"This payment cannot be refunded by this sum; {left} kopecks are left of it.")
        return self.refunds.make(payment, amount or left, None, payment["receipt"])

    def set_method_outcome(self, identity: str, outcome: Outcome) -> Document:
        return self._kept(self.methods.set_later(identity, outcome))

    def revoke_method(self, identity: str) -> Document:
        """Its owner forbids further charges, at the bank or in the wallet."""
        return self._kept(self.methods.revoke(identity))

    async def pay_checkout(self, identity: str, outcome: Outcome, later: Outcome) -> Document:
        binding = self.store.get("binding", identity)
        if binding and "confirmation" in binding:
            return self.bindings.confirm(binding, card_that(outcome, later))
        payment = self._open(identity)
        self.payments.confirm(payment, card_that(outcome, later))
        return self.payments.show(identity)

    def expire_checkout(self, identity: str) -> Document:
        self.payments.cancel(self._open(identity), "yoo_money", "expired_on_confirmation", now())
        return self.payments.show(identity)

    def _known(self, identity: str) -> Document:
        payment = self.store.get("payment", identity)
        if payment is None:
            raise NotSimulated("YooKassa has no such payment.")
        return payment

    def _open(self, identity: str) -> Document:
        payment = self._known(identity)
        if payment["object"]["status"] != "pending" or "confirmation" not in payment["object"]:
            raise NotSimulated(f"This payment cannot be paid any more: it is {payment['object']['status']}.")
        return payment

    def _kept(self, method: Document | None) -> Document:
        if method is None:
            raise NotSimulated("YooKassa keeps no such method.")
        return {**method["object"], "later": method["later"]}
