"""The customer portal: sessions that lead into it, another card, and a way out."""

from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import Response

from verf.kit import now
from verf.sandbox.payments.cards import BY_KEY
from verf.sandbox.payments.hosted import Checkout, checkout_page
from verf.sandbox.payments.paddle.errors import not_found
from verf.sandbox.payments.paddle.steering import cancel
from verf.sandbox.payments.paddle.till import change_card
from verf.sandbox.payments.paddle.world import World, written
from verf.sandbox.payments.store import Document

UPDATE, CANCEL = "update_subscription_payment_method", "cancel_subscription"
# The links that stand on a subscription itself.
LINKS = {"update-payment-method": UPDATE, "cancel": CANCEL}


def open_session(world: World, customer: str, subscriptions: list[str]) -> Document:
    world.find("customer", customer)
    at = now()
    session = {"id": world.new_id("cpls", at), "customer_id": customer, "token": f"pga_{world.dice.token(40)}"}
    world.store.put("session", session["id"], session)

    def link(action: str, more: str = "") -> str:
        return f"{world.address}/portal/{session['id']}?action={action}{more}&token={session['token']}"

    deep = []
    for identity in subscriptions:
        world.find("subscription", identity)
        more = f"&subscription_id={identity}"
        deep.append({"id": identity, CANCEL: link(CANCEL, more), UPDATE: link(UPDATE, more)})
    return {
        "id": session["id"],
        "customer_id": customer,
        "urls": {"general": {"overview": link("overview")}, "subscriptions": deep},
        "created_at": written(at),
    }


def portal_pages(world: World) -> APIRouter:
    router = APIRouter(include_in_schema=False)

    @router.api_route("/portal/{session}", methods=["GET", "POST"])
    async def by_session(session: str, request: Request, action: str, token: str) -> Response:
        kept = world.find("session", session)
        if kept["token"] != token:
            raise not_found(session)
        identity = request.query_params.get("subscription_id") or _newest(world, kept["customer_id"])
        return await _page(world, request, action, world.store.get("subscription", identity))

    @router.api_route("/portal/{subscription}/{link}", methods=["GET", "POST"])
    async def by_link(subscription: str, link: str, request: Request) -> Response:
        return await _page(world, request, LINKS.get(link, ""), world.find("subscription", subscription))

    return router


def _newest(world: World, customer: str) -> str:
    mine = [each for each in world.all("subscription") if each["customer_id"] == customer]
    alive = [each for each in mine if each["status"] != "canceled"]
    return str((alive or mine)[-1]["id"]) if mine else ""


async def _page(world: World, request: Request, action: str, subscription: Document | None) -> Response:
    home = world.address.partition("/sandbox/")[0]
    if subscription is None or subscription["status"] == "canceled":
        return _show(request, "Your subscriptions", "none", closed="There is nothing to look after.", back=home)
    name, state = subscription["items"][0]["price"]["name"] or "Your subscription", subscription["status"]
    if request.method == "GET":
        if action == CANCEL:
            return _show(request, name, state, button="End it with its period", cards=(), back=home)
        return _show(request, name, state, button="Pay with this card from now on", back=home)
    if action == CANCEL:
        cancel(world, subscription["id"], {})
        return _show(request, name, state, closed="It ends with the period that is paid.", back=home)
    card = BY_KEY.get(str((await request.form()).get("card")))
    if card is None or not change_card(world, subscription, card, now()):
        return _show(request, name, state, problem="The card was declined.", back=home)
    return _show(request, name, subscription["status"], closed="This card will be charged from now on.", back=home)


def _show(request: Request, title: str, state: str, **more: Any) -> Response:
    # The address carries the token of the session: the form goes where the page was.
    action = f"?{request.url.query}" if request.url.query else ""
    page = Checkout(provider="Paddle", title=title, total=state.replace("_", " "), action=action, **more)
    return checkout_page(request, page, name="paddle")
