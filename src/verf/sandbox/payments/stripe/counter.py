"""Stripe's own pages: the checkout, the customer portal, and an invoice that waits to be paid."""

from decimal import Decimal
from urllib.parse import quote

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from verf.kit import exponent_of
from verf.sandbox.payments.cards import BY_KEY
from verf.sandbox.payments.hosted import Checkout, back_to, checkout_page
from verf.sandbox.payments.store import Document
from verf.sandbox.payments.stripe import portal, sessions
from verf.sandbox.payments.stripe.charging import DECLINES
from verf.sandbox.payments.stripe.world import World

NAME = "stripe"
DECIMALS = {"MGA": 0, "UGX": 2, "ISK": 2}
PORTAL_FOR = 3600
CLOSED = {"complete": "Paid. This page has done its work.", "expired": "This page has run out."}


def written(amount: int, currency: str) -> str:
    code = currency.upper()
    places = DECIMALS.get(code, exponent_of(code))
    return f"{Decimal(amount).scaleb(-places):,.{places}f} {code}"


class Counter:
    def __init__(self, world: World) -> None:
        self._world = world

    def routes(self) -> list[BaseRoute]:
        return [
            Route("/c/pay/{identity}", self.show, methods=["GET"]),
            Route("/c/pay/{identity}", self.take, methods=["POST"]),
            Route("/p/session/{identity}", self.portal, methods=["GET"]),
            Route("/p/session/{identity}", self.serve, methods=["POST"]),
            Route("/i/{identity}", self.invoice, methods=["GET"]),
            Route("/i/{identity}", self.pay_invoice, methods=["POST"]),
        ]

    async def show(self, request: Request) -> Response:
        return self._checkout(request)

    async def take(self, request: Request) -> Response:
        form = await request.form()
        card, session = BY_KEY.get(str(form.get("card"))), self._find("checkout.session", request)
        if session is None or card is None or session["status"] != "open":
            return self._checkout(request)
        if not sessions.pay(self._world, session, card):
            return self._checkout(request, problem=DECLINES[card.outcome].message)
        return back_to(session["success_url"].replace("{CHECKOUT_SESSION_ID}", quote(session["id"])))

    async def portal(self, request: Request) -> Response:
        return self._portal(request)

    async def serve(self, request: Request) -> Response:
        form = await request.form()
        session = self._find("billing_portal.session", request)
        if session is None or self._is_late(session):
            return self._portal(request)
        customer = self._world.get("customer", session["customer"])
        card = BY_KEY.get(str(form.get("card")))
        said = portal.serve(self._world, customer, str(form.get("action")), str(form.get("subscription")), card)
        return self._portal(request, said)

    async def invoice(self, request: Request) -> Response:
        return self._invoice(request)

    async def pay_invoice(self, request: Request) -> Response:
        form = await request.form()
        card, invoice = BY_KEY.get(str(form.get("card"))), self._find("invoice", request)
        if invoice is None or card is None or invoice["status"] != "open":
            return self._invoice(request)
        problem = "" if portal.settle(self._world, invoice, card) else DECLINES[card.outcome].message
        return self._invoice(request, problem=problem)

    def _find(self, kind: str, request: Request) -> Document | None:
        return self._world.store.get(kind, request.path_params["identity"])

    def _is_late(self, session: Document) -> bool:
        return bool(session["created"] + PORTAL_FOR <= self._world.time)

    def _checkout(self, request: Request, problem: str = "") -> Response:
        session = self._find("checkout.session", request)
        if session is None:
            return self._nothing(request)
        total = written(session["amount_total"], session["currency"])
        lines = []
        for identity, count in session["_prices"]:
            price = self._world.get("price", identity)
            name = self._world.get("product", price["product"])["name"]
            lines.append((f"{count} × {name}", written(price["unit_amount"] * count, price["currency"])))
        if session["total_details"]["amount_discount"]:
            lines.append(("Discount", "-" + written(session["total_details"]["amount_discount"], session["currency"])))
        trial = session["_settings"].get("trial_days")
        page = Checkout(
            provider="Stripe",
            title="Subscribe" if session["mode"] == "subscription" else "Pay",
            total=f"{total} today, free for {trial} days" if trial else total,
            lines=lines,
            facts=[("Order", session["client_reference_id"] or session["id"])],
            action=request.url.path,
            button=f"Pay {total}",
            problem=problem,
            closed=CLOSED.get(session["status"], ""),
            back=session["cancel_url"] or "",
            leads_to=[session["success_url"]],
        )
        return checkout_page(request, page, name=NAME)

    def _portal(self, request: Request, said: str = "") -> Response:
        session = self._find("billing_portal.session", request)
        if session is None or self._is_late(session):
            return self._nothing(request)
        customer = self._world.get("customer", session["customer"])
        return portal.page(request, self._world, customer, back=session["return_url"] or "", said=said)

    def _invoice(self, request: Request, problem: str = "") -> Response:
        invoice = self._find("invoice", request)
        if invoice is None:
            return self._nothing(request)
        total = written(invoice["amount_due"], invoice["currency"])
        page = Checkout(
            provider="Stripe",
            title=f"Invoice {invoice['number'] or ''}",
            total=total,
            lines=[
                (each["description"], written(each["amount"], each["currency"])) for each in invoice["lines"]["data"]
            ],
            action=request.url.path,
            button=f"Pay {total}",
            problem=problem,
            closed="" if invoice["status"] == "open" else f"This invoice is {invoice['status']}.",
        )
        return checkout_page(request, page, name=NAME)

    def _nothing(self, request: Request) -> Response:
        gone = Checkout(provider="Stripe", title="No such page", total="", closed="This link leads nowhere.")
        return checkout_page(request, gone, name=NAME, status=404)
