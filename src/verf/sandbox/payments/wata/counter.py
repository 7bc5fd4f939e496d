"""The payment form: each attempt is a transaction; a declined one leaves the link open for another."""

from datetime import datetime

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from verf.kit import Money
from verf.sandbox.payments.cards import BY_KEY, CARDS_USED_ONCE
from verf.sandbox.payments.hosted import Checkout, back_to, checkout_page
from verf.sandbox.payments.store import Document
from verf.sandbox.payments.wata.links import Links
from verf.sandbox.payments.wata.terminal import TERMINAL_NAME, Terminal
from verf.sandbox.payments.wata.transactions import Transactions

SIGNS = {"RUB": "₽", "USD": "$", "EUR": "€"}


class Counter:
    def __init__(self, terminal: Terminal, links: Links, transactions: Transactions) -> None:
        self._terminal, self._links, self._transactions = terminal, links, transactions

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/pay/{link}", self.show, methods=["GET"]),
            Route("/pay/{link}", self.take, methods=["POST"]),
        ]

    async def show(self, request: Request) -> Response:
        link = self._terminal.store.get("link", request.path_params["link"])
        if link is None:
            gone = Checkout(
                provider="Wata",
                title="This link leads nowhere",
                total="",
                closed="It has run out, or never was.",
            )
            return checkout_page(request, gone, name="wata", status=404)
        return checkout_page(request, self._checkout(request, link), name="wata")

    async def take(self, request: Request) -> Response:
        card = BY_KEY.get(str((await request.form()).get("card")))
        link = self._terminal.store.get("link", request.path_params["link"])
        if link is None or link["status"] != "Opened" or card is None:
            return await self.show(request)
        transaction = await self._transactions.pay(link, card)
        if transaction["status"] == "Paid" and link.get("successRedirectUrl"):
            return back_to(link["successRedirectUrl"])
        return back_to(request.url.path)

    def _checkout(self, request: Request, link: Document) -> Checkout:
        total = f"{Money(link['amount'], link['currency']).decimal} {SIGNS[link['currency']]}"
        attempts = self._transactions.of_link(link["id"])
        last = attempts[-1] if attempts else None
        facts = [("Shop", TERMINAL_NAME), ("Order", link.get("orderId") or "none")]
        facts.append(("Until", f"{datetime.fromisoformat(link['expires_at']):%Y-%m-%d %H:%M} UTC"))
        closed = "Paid." if link["status"] == "Closed" else ""
        if last and last["status"] == "Pending":
            closed = "The bank is thinking. This page may be closed."
        return Checkout(
            provider="Wata",
            title=link.get("description") or "Payment",
            total=total,
            facts=facts,
            action=request.url.path,
            cards=CARDS_USED_ONCE,
            button=f"Pay {total}",
            problem=f"Declined: {last['errorDescription']}." if last and last["status"] == "Declined" else "",
            closed=closed,
            back=link.get("successRedirectUrl" if closed else "failRedirectUrl") or "",
            leads_to=[link[name] for name in ("successRedirectUrl", "failRedirectUrl") if link.get(name)],
        )
