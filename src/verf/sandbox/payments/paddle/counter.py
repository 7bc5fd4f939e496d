"""The hosted checkout: the page that a transaction's address opens."""

from urllib.parse import urlsplit

from fastapi import APIRouter, Request
from starlette.responses import Response

from verf.kit import Money, now
from verf.sandbox.payments.cards import BY_KEY
from verf.sandbox.payments.hosted import Checkout, back_to, checkout_page
from verf.sandbox.payments.paddle.till import is_owed, pay
from verf.sandbox.payments.paddle.transactions import OPEN
from verf.sandbox.payments.paddle.world import World
from verf.sandbox.payments.store import Document

CLOSED = {"paid": "Paid already.", "completed": "Paid already.", "canceled": "This page can no longer be paid."}


def checkout_pages(world: World) -> APIRouter:
    router = APIRouter(include_in_schema=False)

    @router.get("/checkout")
    async def show(request: Request) -> Response:
        transaction = world.find("transaction", request.query_params.get("_ptxn", ""))
        return _show(request, transaction)

    @router.post("/checkout")
    async def take(request: Request) -> Response:
        form = await request.form()
        transaction = world.find("transaction", request.query_params.get("_ptxn", ""))
        card = BY_KEY.get(str(form.get("card")))
        if transaction["status"] not in OPEN and not is_owed(transaction):
            return _show(request, transaction)
        if card is None or not pay(world, transaction, card, now()):
            return _show(request, transaction, problem="The bank declined this card. Try another one.")
        back = _back(request)
        return back_to(back) if back else _show(request, transaction)

    return router


def _show(request: Request, transaction: Document, *, problem: str = "") -> Response:
    totals = transaction["details"]["totals"]
    page = Checkout(
        provider="Paddle",
        title=", ".join(_name(item) for item in transaction["items"]),
        total=_sum(totals["grand_total"], transaction),
        lines=[
            ("Subtotal", _sum(totals["subtotal"], transaction)),
            ("Discount", _sum(totals["discount"], transaction)),
            ("Taxes", _sum(totals["tax"], transaction)),
        ],
        facts=[("Order", transaction["id"])],
        action=f"?{request.url.query}",
        problem=problem,
        closed=CLOSED.get(transaction["status"], ""),
        back=_back(request),
    )
    return checkout_page(request, page, name="paddle")


def _name(item: Document) -> str:
    return str(item["price"]["name"] or item["price"]["description"])


def _sum(amount: str, transaction: Document) -> str:
    money = Money(int(amount), transaction["currency_code"])
    return f"{money.decimal} {money.currency}"


def _back(request: Request) -> str:
    url = request.query_params.get("return_url", "")
    return url if urlsplit(url).scheme in {"http", "https"} else ""
