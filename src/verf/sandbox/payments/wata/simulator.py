"""Wata: payment links for prepaid periods, a question before each charge, signed webhooks; no calendar of its own."""

from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, ClassVar

from starlette.responses import Response

from verf.kit import Money
from verf.sandbox.payments.agenda import Agenda
from verf.sandbox.payments.cards import Outcome, card_that
from verf.sandbox.payments.outbox import Habits, Outbox, house_webhook
from verf.sandbox.payments.simulator import NotSimulated, PaymentSimulator
from verf.sandbox.payments.store import Document
from verf.sandbox.payments.wata.counter import Counter
from verf.sandbox.payments.wata.errors import Refused, answer, too_many
from verf.sandbox.payments.wata.gateway import API, Gateway
from verf.sandbox.payments.wata.keys import Keys
from verf.sandbox.payments.wata.links import Links
from verf.sandbox.payments.wata.terminal import Terminal
from verf.sandbox.payments.wata.transactions import Transactions

# For up to 32 hours; how often within them is not documented.
HABITS = Habits(
    waits=[timedelta(minutes=minutes) for minutes in (1, 5, 15, 60, 120, 240, 480, 960)],
    accepts=lambda status: status == 200,
    timeout_seconds=60,
    user_agent="Wata, simulated",
)


class Wata(PaymentSimulator):
    name: ClassVar[str] = "wata"
    title: ClassVar[str] = "Wata"
    api: ClassVar[str] = API
    own_knobs: ClassVar[tuple[str, ...]] = ("slow_bank", "slow_refund", "refund_declined")

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self.agenda, self.keys = Agenda(self.store), Keys(self.store)
        self.outbox = Outbox(
            self.store,
            self.dice,
            self.knobs,
            sign=self.keys.sign,
            target=lambda: house_webhook("wata"),
            habits=HABITS,
        )
        self.terminal = Terminal(self.store, self.dice, self.knobs, self.outbox, self.agenda, self.address)
        self.links = Links(self.terminal)
        self.transactions = Transactions(self.terminal, self.links)
        pages = Counter(self.terminal, self.links, self.transactions).routes()
        self.app = Gateway(self.terminal, self.links, self.transactions, self.keys).application(pages)

    def error(self, status: int, retry_after: int) -> Response:
        if status == 429:
            return too_many(retry_after)
        return answer(Refused(status, "An internal error occurred during your request!"))

    def next_due(self) -> datetime | None:
        return self.agenda.next_due()

    def live(self, at: datetime) -> None:
        entry = self.agenda.take()
        assert entry is not None
        if entry["what"] == "link":
            self.links.remove(entry["subject"])
        elif entry["what"] == "question":
            self.transactions.say_no(self.transactions.find(entry["subject"]), at)
        else:
            self.transactions.decide(self.transactions.find(entry["subject"]), at)

    def truth(self) -> dict[str, list[Document]]:
        transactions = [_plain(each) for each in self.transactions.all()]
        return {
            "subscriptions": [],
            "payments": [each for each in transactions if each["kind"] == "Payment"],
            "refunds": [each for each in transactions if each["kind"] == "Refund"],
            "disputes": [],
            "methods": [],
            "links": [_plain(each) for each in self.links.all()],
        }

    def refund_payment(self, identity: str, amount: int | None) -> Document:
        try:
            return _plain(self.transactions.refund(identity, amount))
        except Refused as refused:
            raise NotSimulated(refused.message) from refused

    async def pay_checkout(self, identity: str, outcome: Outcome, later: Outcome) -> Document:
        """`identity` of a link, or the order's id for its newest link. What the card does later concerns nobody."""
        return _plain(await self.transactions.pay(self._open(identity), card_that(outcome, later)))

    def expire_checkout(self, identity: str) -> Document:
        link = self._open(identity)
        self.links.remove(link["id"])
        return _plain(link)

    def _open(self, identity: str) -> Document:
        links = [each for each in self.links.all() if identity in (each["id"], each.get("orderId"))]
        if not links:
            raise NotSimulated("Wata has no such link; those that have run out are gone.")
        if links[-1]["status"] != "Opened":
            raise NotSimulated("This link has been paid.")
        return links[-1]


def _plain(document: Document) -> dict[str, Any]:
    """Amounts as text, in major units."""
    amounts = {name: document[name] for name in ("amount", "commission") if document.get(name) is not None}
    words = {name: str(Money(minor, document["currency"]).decimal) for name, minor in amounts.items()}
    return {**document, **words}
