"""Attempts to pay and refunds: Created → Pending → Paid or Declined. A refund is a transaction too."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from verf.kit import Money, now
from verf.sandbox.payments.cards import Card, Outcome
from verf.sandbox.payments.store import Document
from verf.sandbox.payments.wata.bodies import minor_of
from verf.sandbox.payments.wata.errors import Refused, no_entity
from verf.sandbox.payments.wata.links import Links
from verf.sandbox.payments.wata.terminal import TERMINAL, TERMINAL_NAME, Terminal, number, written, zulu

COMMISSION_PER_MILLE = 50
REFUSALS: dict[Outcome, tuple[str | None, str]] = {
    Outcome.INSUFFICIENT_FUNDS: ("Payment:TRA_2002", "Insufficient funds"),
    Outcome.STOLEN: ("Payment:TRA_2004", "Fraud suspected"),
    Outcome.EXPIRED: ("Payment:TRA_2018", "Card expired"),
    Outcome.THREE_D_SECURE_FAILED: (None, "3-D Secure authentication failed"),
}
MERCHANT_SAID_NO = (None, "The merchant did not confirm the payment")


class Transactions:
    def __init__(self, terminal: Terminal, links: Links) -> None:
        self._terminal, self._links = terminal, links

    async def pay(self, link: Document, card: Card) -> Document:
        """A payer has sent the form. The shop is asked first; without its 200 within ten seconds the answer is no.

        While it thinks, another payer may do the same with the same link: each attempt is a transaction of its own.
        """
        transaction = self._new(link, "Payment", link["amount"], None)
        transaction["outcome"] = card.outcome.value
        self._keep(transaction)
        settings = self._terminal.settings
        if settings.asks_first:
            # Should this process end while the shop thinks, the answer is no when it is back.
            patience = timedelta(seconds=settings.question_seconds)
            self._terminal.agenda.plan(_question(transaction), now() + patience, "question", transaction["id"])
            event, body = f"{transaction['id']}:Created", written(self._told(transaction))
            status = await self._terminal.outbox.ask(
                event, "payment.created", body, timeout_seconds=settings.question_seconds
            )
            if transaction["status"] != "Created":
                return transaction
            if status != 200:
                return self.say_no(transaction, now())
        self._terminal.agenda.forget(_question(transaction))
        transaction["status"] = "Pending"
        self._keep(transaction)
        if slow := self._terminal.knobs.acts("slow_bank", link["id"]):
            self._later(transaction, now() + timedelta(seconds=slow.seconds or 60))
            return transaction
        return self.decide(transaction, now())

    def say_no(self, transaction: Document, at: datetime) -> Document:
        """The shop did not say yes, or not in time."""
        self._terminal.agenda.forget(_question(transaction))
        return self._finish(transaction, *MERCHANT_SAID_NO, at=at)

    def decide(self, transaction: Document, at: datetime) -> Document:
        """What the bank says."""
        if transaction["kind"] == "Refund":
            is_declined = self._terminal.knobs.acts("refund_declined", transaction["originalTransactionId"])
            refusal = REFUSALS[Outcome.INSUFFICIENT_FUNDS] if is_declined else None
        else:
            refusal = REFUSALS.get(Outcome(transaction["outcome"]))
        if refusal:
            return self._finish(transaction, *refusal, at=at)
        return self._paid(transaction, at)

    def refund(self, identity: str, amount: Decimal | int | None) -> Document:
        """`amount` as a number of the API (Decimal), in minor units (int), or None for all that is left."""
        original = self.find(identity)
        if original["kind"] != "Payment" or original["status"] != "Paid":
            raise Refused(400, "Only a paid payment can be refunded.", code="Payment:TRA_1005")
        left = self.left_of(original)
        wanted = minor_of(amount, original["currency"]) if isinstance(amount, Decimal) else amount or left
        if not 0 < wanted <= left:
            raise Refused(400, "The amount is more than what is left of the payment.", code="Payment:TRA_1005")
        refund = self._new(original, "Refund", wanted, original["id"])
        refund["status"] = "Pending"
        self._keep(refund)
        slow = self._terminal.knobs.acts("slow_refund", original["id"])
        self._later(refund, now() + timedelta(seconds=slow.seconds or 3600 if slow else 0))
        return refund

    def find(self, identity: str) -> Document:
        transaction = self._terminal.store.get("transaction", identity)
        if transaction is None:
            raise no_entity("Transaction", identity)
        return transaction

    def all(self) -> list[Document]:
        return self._terminal.store.all("transaction")

    def of_link(self, identity: str) -> list[Document]:
        return [each for each in self.all() if each["paymentLinkId"] == identity and each["kind"] == "Payment"]

    def left_of(self, payment: Document) -> int:
        """What is neither given back nor on its way."""
        gone = sum(
            int(each["amount"])
            for each in self.all()
            if each["originalTransactionId"] == payment["id"] and each["status"] != "Declined"
        )
        return int(payment["amount"]) - gone

    def shown(self, transaction: Document) -> dict[str, Any]:
        commission = transaction["commission"]
        return {
            "id": transaction["id"],
            "terminalName": TERMINAL_NAME,
            "terminalPublicId": TERMINAL,
            "type": transaction["type"],
            "kind": transaction["kind"],
            "originalTransactionId": transaction["originalTransactionId"],
            "amount": number(transaction["amount"], transaction["currency"]),
            "currency": transaction["currency"],
            "status": transaction["status"],
            "errorCode": transaction["errorCode"],
            "errorDescription": transaction["errorDescription"],
            "orderId": transaction["orderId"],
            "orderDescription": transaction["orderDescription"],
            "creationTime": zulu(datetime.fromisoformat(transaction["created_at"])),
            "paymentTime": transaction["paid_at"] and zulu(datetime.fromisoformat(transaction["paid_at"])),
            "totalCommission": 0 if commission is None else number(commission, transaction["currency"]),
            "email": transaction["email"],
            "paymentLinkId": transaction["paymentLinkId"],
        }

    def _new(self, source: Document, kind: str, amount: int, original: str | None) -> Document:
        """From a link, or for a refund from the payment it gives back."""
        return {
            "id": self._terminal.identity(),
            "type": "CardCrypto",
            "kind": kind,
            "originalTransactionId": original,
            "amount": amount,
            "currency": source["currency"],
            "status": "Created",
            "errorCode": None,
            "errorDescription": None,
            "orderId": source.get("orderId"),
            "orderDescription": source.get("orderDescription") or source.get("description"),
            "created_at": now().isoformat(),
            "paid_at": None,
            "commission": None,
            "email": source.get("email"),
            "paymentLinkId": source.get("paymentLinkId") or source["id"],
        }

    def _later(self, transaction: Document, at: datetime) -> None:
        self._terminal.agenda.plan(f"transaction {transaction['id']}", at, "transaction", transaction["id"])

    def _paid(self, transaction: Document, at: datetime) -> Document:
        if transaction["kind"] == "Payment":
            fee = Money(transaction["amount"], transaction["currency"]).share(COMMISSION_PER_MILLE, 1000)
            transaction["commission"] = fee.minor_units
            link = self._terminal.store.get("link", transaction["paymentLinkId"])
            if link and link["type"] == "OneTime":
                self._links.close(link)
        transaction |= {"status": "Paid", "paid_at": at.isoformat()}
        return self._tell(transaction, at)

    def _finish(self, transaction: Document, code: str | None, words: str, *, at: datetime) -> Document:
        transaction |= {"status": "Declined", "errorCode": code, "errorDescription": words}
        return self._tell(transaction, at)

    def _tell(self, transaction: Document, at: datetime) -> Document:
        self._keep(transaction)
        kind = f"{transaction['kind']}.{transaction['status']}".lower()
        event = f"{transaction['id']}:{transaction['status']}"
        self._terminal.outbox.post(event, kind, written(self._told(transaction)), at)
        return transaction

    def _keep(self, transaction: Document) -> None:
        self._terminal.store.put("transaction", transaction["id"], transaction)

    def _told(self, transaction: Document) -> dict[str, Any]:
        commission = transaction["commission"]
        paid_at = transaction["paid_at"]
        return {
            "transactionType": transaction["type"],
            "kind": transaction["kind"],
            "id": transaction["paymentLinkId"],
            "transactionId": transaction["id"],
            "transactionStatus": transaction["status"],
            "terminalPublicId": TERMINAL,
            "terminalName": TERMINAL_NAME,
            "amount": number(transaction["amount"], transaction["currency"]),
            "currency": transaction["currency"],
            "orderId": transaction["orderId"],
            "orderDescription": transaction["orderDescription"],
            "paymentTime": paid_at and zulu(datetime.fromisoformat(paid_at).replace(microsecond=0))[:19] + "Z",
            "commission": None if commission is None else number(commission, transaction["currency"]),
            "email": transaction["email"],
            "paymentLinkId": transaction["paymentLinkId"],
            "errorCode": transaction["errorCode"],
            "errorDescription": transaction["errorDescription"],
            "originalTransactionId": transaction["originalTransactionId"],
        }


def _question(transaction: Document) -> str:
    return f"question {transaction['id']}"
