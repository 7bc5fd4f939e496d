"""Paddle's API, version 1."""

from collections.abc import Callable
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from fastapi.responses import JSONResponse

from verf.kit import now
from verf.sandbox.payments.paddle import adjustments, catalogue, changes, customers, forms, previews, transactions
from verf.sandbox.payments.paddle.errors import Refused, invalid
from verf.sandbox.payments.paddle.lists import LISTS, listed
from verf.sandbox.payments.paddle.portal import open_session
from verf.sandbox.payments.paddle.steering import cancel, pause, resume
from verf.sandbox.payments.paddle.till import ask_for_card
from verf.sandbox.payments.paddle.world import World, shown
from verf.sandbox.payments.store import Document

KEY = "pdl_sdbx_apikey_sandbox"
PATHS = tuple(f"/{name}" for name in LISTS)


def check_key(request: Request) -> None:
    given = request.headers.get("authorization")
    if given is None:
        raise Refused(403, "authentication_missing", "Authentication header was not included.")
    scheme, _, key = given.partition(" ")
    if scheme != "Bearer" or not key:
        raise Refused(403, "authentication_malformed", "Authentication header included, but incorrectly formatted.")
    if key != KEY:
        raise Refused(403, "invalid_token", "Authentication header included, but the token is not valid.")
    if request.headers.get("paddle-version", "1") != "1":
        raise Refused(400, "unsupported_api_version", "There is only version 1.")


def protocol(world: World) -> APIRouter:
    router = APIRouter(dependencies=[Depends(check_key)])
    _add_lists(router, world)
    _add_catalogue(router, world)
    _add_customers(router, world)
    _add_transactions(router, world)
    _add_subscriptions(router, world)
    return router


def _answer(world: World, document: Document, status: int = 200) -> JSONResponse:
    return JSONResponse({"data": shown(document), "meta": {"request_id": world.dice.uuid()}}, status)


def _add_lists(router: APIRouter, world: World) -> None:
    def add(name: str) -> None:
        @router.get(f"/{name}", name=f"list {name}")
        async def page(request: Request) -> JSONResponse:
            found = listed(world, name, dict(request.query_params), str(request.url.replace(query="")))
            meta = {"request_id": world.dice.uuid(), "pagination": found["pagination"]}
            return JSONResponse({"data": found["data"], "meta": meta})

    def add_one(name: str, kind: str) -> None:
        @router.get(f"/{name}/{{identity}}", name=f"get {kind}")
        async def one(identity: str, request: Request) -> JSONResponse:
            document = world.find(kind, identity)
            if kind == "subscription":
                document = {**document, **_included(world, document, request.query_params.get("include", ""))}
            return _answer(world, document)

    for name, listing in LISTS.items():
        if name not in {"addresses", "adjustments", "events"}:
            add_one(name, listing.kind)
        if name != "addresses":
            add(name)


def _included(world: World, subscription: Document, wanted: str) -> Document:
    names = {name for name in wanted.split(",") if name}
    if names - {"next_transaction", "recurring_transaction_details"}:
        raise invalid(("include", "is not one of the includes"))
    more = previews.included(world, subscription, now()) if names else {}
    return {name: value for name, value in more.items() if name in names}


def _add_catalogue(router: APIRouter, world: World) -> None:
    @router.post("/products")
    async def make_product(form: forms.NewProduct) -> JSONResponse:
        return _answer(world, catalogue.add_product(world, form.given()), 201)

    @router.post("/prices")
    async def make_price(form: forms.NewPrice) -> JSONResponse:
        return _answer(world, catalogue.add_price(world, form.given()), 201)

    @router.post("/discounts")
    async def make_discount(form: forms.NewDiscount) -> JSONResponse:
        return _answer(world, catalogue.add_discount(world, form.given()), 201)

    def add_change(kind: str, form: type[forms.Form]) -> None:
        async def read(request: Request) -> Document:
            return form.model_validate(await request.json()).given()

        @router.patch(f"/{kind}s/{{identity}}", name=f"change {kind}")
        async def change(identity: str, given: Annotated[Any, Depends(read)]) -> JSONResponse:
            return _answer(world, catalogue.change(world, kind, identity, given))

    for kind in ("product", "price", "discount"):
        add_change(kind, forms.CatalogueChange)
    add_change("customer", forms.CustomerChange)


def _add_customers(router: APIRouter, world: World) -> None:
    @router.post("/customers")
    async def make(form: forms.NewCustomer) -> JSONResponse:
        return _answer(world, customers.add_customer(world, form.given()), 201)

    @router.get("/customers/{customer}/addresses")
    async def addresses(customer: str, request: Request) -> JSONResponse:
        world.find("customer", customer)
        question = {**request.query_params, "customer_id": customer}
        found = listed(world, "addresses", question, str(request.url.replace(query="")))
        meta = {"request_id": world.dice.uuid(), "pagination": found["pagination"]}
        return JSONResponse({"data": found["data"], "meta": meta})

    @router.post("/customers/{customer}/addresses")
    async def make_address(customer: str, form: forms.NewAddress) -> JSONResponse:
        return _answer(world, customers.add_address(world, customer, form.given()), 201)

    @router.post("/customers/{customer}/portal-sessions")
    async def make_session(customer: str, form: forms.NewPortalSession) -> JSONResponse:
        return _answer(world, open_session(world, customer, form.subscription_ids), 201)


def _add_transactions(router: APIRouter, world: World) -> None:
    @router.post("/transactions")
    async def make(form: forms.NewTransaction) -> JSONResponse:
        return _answer(world, transactions.open_transaction(world, form.given()), 201)

    @router.patch("/transactions/{identity}")
    async def change(identity: str, form: forms.TransactionChange) -> JSONResponse:
        return _answer(world, transactions.change_transaction(world, identity, form.given()))

    @router.get("/transactions/{identity}/invoice")
    async def invoice(identity: str) -> JSONResponse:
        transaction = world.find("transaction", identity)
        if not transaction["invoice_number"]:
            raise Refused(404, "transaction_invoice_not_found", "there is no invoice yet", where="transactions")
        return _answer(world, {"url": f"{world.address}/invoices/{identity}.pdf"})

    @router.post("/adjustments")
    async def adjust(form: forms.NewAdjustment) -> JSONResponse:
        return _answer(world, adjustments.ask_refund(world, form.given()), 201)


def _add_subscriptions(router: APIRouter, world: World) -> None:
    @router.patch("/subscriptions/{identity}")
    async def change(identity: str, form: forms.SubscriptionChange) -> JSONResponse:
        return _answer(world, changes.change(world, identity, form.given()))

    @router.patch("/subscriptions/{identity}/preview")
    async def preview(identity: str, form: forms.SubscriptionChange) -> JSONResponse:
        return _answer(world, previews.preview(world, identity, form.given()))

    @router.get("/subscriptions/{identity}/update-payment-method-transaction")
    async def another_card(identity: str) -> JSONResponse:
        return _answer(world, ask_for_card(world, identity))

    def add(verb: str, do: Callable[[World, str, Document], Document], form: type[forms.Form]) -> None:
        async def read(request: Request) -> Document:
            body = await request.json() if await request.body() else {}
            return form.model_validate(body).given()

        @router.post(f"/subscriptions/{{identity}}/{verb}", name=verb)
        async def steer(identity: str, given: Annotated[Any, Depends(read)]) -> JSONResponse:
            return _answer(world, do(world, identity, given))

    add("cancel", cancel, forms.Ending)
    add("pause", pause, forms.Pause)
    add("resume", resume, forms.Resume)
