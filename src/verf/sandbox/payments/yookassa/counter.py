"""The hosted page: where a payer confirms a payment or leaves a card."""

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from verf.sandbox.payments.cards import BY_KEY, CARDS, CARDS_USED_ONCE
from verf.sandbox.payments.hosted import Checkout, back_to, checkout_page
from verf.sandbox.payments.store import Document
from verf.sandbox.payments.yookassa.bindings import Bindings
from verf.sandbox.payments.yookassa.errors import Refused
from verf.sandbox.payments.yookassa.payments import Payments
from verf.sandbox.payments.yookassa.shop import ACCOUNT, Shop

PATH = "/checkout/payments/v2/contract"
REASONS = {
    "insufficient_funds": "The bank declined: not enough money on the card.",
    "card_expired": "The bank declined: the card has expired.",
    "payment_method_restricted": "The bank declined: the card is blocked.",
    "3d_secure_failed": "The payment was not confirmed with 3-D Secure.",
    "expired_on_confirmation": "The time to pay has run out.",
}
CLOSED = {"succeeded": "Paid.", "waiting_for_capture": "The money is held until the shop takes it."}


class Counter:
    def __init__(self, shop: Shop, payments: Payments, bindings: Bindings) -> None:
        self._shop, self._payments, self._bindings = shop, payments, bindings

    def routes(self) -> list[BaseRoute]:
        return [Route(PATH, self.show, methods=["GET"]), Route(PATH, self.take, methods=["POST"])]

    async def show(self, request: Request) -> Response:
        order = request.query_params.get("orderId", "")
        binding = self._shop.store.get("binding", order)
        if binding:
            return checkout_page(request, self._for_binding(request, binding), name="yookassa")
        try:
            payment = self._payments.find(order)
        except Refused:
            gone = Checkout(provider="YooKassa", title="No such payment", total="", closed="This link leads nowhere.")
            return checkout_page(request, gone, name="yookassa", status=404)
        return checkout_page(request, self._for_payment(request, payment), name="yookassa")

    async def take(self, request: Request) -> Response:
        order = request.query_params.get("orderId", "")
        form = await request.form()
        card = BY_KEY.get(str(form.get("card")))
        binding = self._shop.store.get("binding", order)
        if card is None:
            return await self.show(request)
        if binding and "confirmation" in binding:
            self._bindings.confirm(binding, card)
            return back_to(binding["confirmation"]["return_url"])
        payment = self._shop.store.get("payment", order)
        if payment and payment["object"]["status"] == "pending" and "confirmation" in payment["object"]:
            self._payments.confirm(payment, card)
            if payment["object"]["paid"]:
                return back_to(payment["returns_to"])
        return back_to(request.url.path + f"?orderId={order}")

    def _for_payment(self, request: Request, payment: Document) -> Checkout:
        shown = payment["object"]
        lines = [
            (item["description"], f"{item['amount']['value']} ₽")
            for item in (payment["receipt"] or {}).get("items", [])
        ]
        facts = [("Shop", ACCOUNT), ("Payment", shown["id"])]
        if payment["saves"]:
            facts.append(("The card", "will be kept for later payments"))
        return Checkout(
            provider="YooKassa",
            title=shown.get("description", "Payment"),
            total=f"{shown['amount']['value']} ₽",
            lines=lines,
            facts=facts,
            action=f"{request.url.path}?orderId={shown['id']}",
            cards=CARDS if payment["saves"] else CARDS_USED_ONCE,
            button=f"Pay {shown['amount']['value']} ₽",
            closed=_closed(shown),
            back=payment["returns_to"],
        )

    def _for_binding(self, request: Request, binding: Document) -> Checkout:
        is_open = "confirmation" in binding
        return Checkout(
            provider="YooKassa",
            title="Keep a card for later payments",
            total="0.00 ₽",
            facts=[("Shop", ACCOUNT), ("Method", binding["id"])],
            action=f"{request.url.path}?orderId={binding['id']}",
            button="Keep the card",
            closed="" if is_open else "The card was not accepted.",
            back=binding["confirmation"]["return_url"] if is_open else "",
        )


def _closed(shown: Document) -> str:
    if shown["status"] == "canceled":
        return REASONS.get(shown["cancellation_details"]["reason"], "The payment was cancelled.")
    if shown["status"] == "pending":
        return "" if "confirmation" in shown else "The payment is under way."
    return CLOSED[shown["status"]]
