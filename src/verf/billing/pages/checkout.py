from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from verf.billing import words
from verf.billing.checkouts import Buyer, Checkout, check_checkout, see_checkout, start_checkout
from verf.billing.consent import Consent, NotAgreed, given
from verf.billing.on_account import offer_of
from verf.billing.pages.orders import Order, PriceUnknown, order_of
from verf.billing.pages.sharing import forget_friend, note_friend
from verf.billing.price_list import price_list, product_named
from verf.billing.promo_codes import GUESSES, PromoRefused
from verf.billing.promo_quotes import quote
from verf.billing.providers.events import ProviderRefused, ProviderUnreachable
from verf.billing.settings import BillingSettings
from verf.billing.standing import standing_of
from verf.billing.states import CheckoutState, Engine
from verf.database import transaction
from verf.errors import Conflict, Invalid
from verf.identity import CurrentPerson
from verf.limits import OncePerForm, QuotaExceeded, guard, remember
from verf.organisations import CurrentTenant, Tenant, require
from verf.settings import load
from verf.web import Form, _, blank, form, format_money, locale, page, redirect

router = APIRouter(include_in_schema=False)
paying = APIRouter(include_in_schema=False, route_class=OncePerForm)
Payer = Annotated[Tenant, Depends(require("admin"))]

# A page that waits asks us every two seconds; the provider need not hear of each.
BETWEEN_QUESTIONS = timedelta(seconds=5)
# Beside which field a refusal stands; others stand above the form.
FIELDS: Mapping[type[Exception], str] = {PromoRefused: "code", NotAgreed: "accept_terms"}


class Wanted(BaseModel):
    """`agreement`: the sentence beside the box, as it was shown."""

    price: UUID
    provider: str = Field(default="", max_length=40)
    code: str = Field(default="", max_length=60)
    accept_terms: bool = False
    agreement: str = Field(default="", max_length=400)


class LookedAt(Wanted):
    """`promo`: a code that a link has brought."""

    promo: str = Field(default="", max_length=60)


@router.get("/billing/checkout")
async def show(
    request: Request, tenant: Payer, person: CurrentPerson, looked: Annotated[LookedAt, Query()]
) -> Response:
    """The total is what the code makes of it: the one a link has brought, or what was typed since."""
    order = await order_of(looked.price, looked.provider, code=looked.code or looked.promo)
    buyer = _buyer(tenant, person)
    async with transaction(organisation=tenant.organisation) as session:
        standing = await standing_of(session, tenant.organisation, order.prices.product)
    if standing.is_paid and not standing.is_prepaid and not standing.can_pay_here:
        return redirect(request, f"/billing/change?price={looked.price}")
    if standing.is_paid:
        # What runs is paid on with the provider that it runs with.
        order = await order_of(looked.price, only=standing.provider, code=order.code)
    shown = blank({"price": str(looked.price), "code": order.code, "provider": order.source.name})
    try:
        order = await _quoted(request, order, buyer)
    except PromoRefused as refused:
        shown.refuse(str(refused), "code")
    except QuotaExceeded as limited:
        shown.refuse(str(limited), "code")
        return await _show(request, order, shown, status=429, headers=limited.headers)
    if looked.accept_terms and looked.agreement in (order.agreement, order.agreement_before_code):
        # Ticked before the code was applied, which says the same, or less.
        shown.values["accept_terms"] = "on"
    return await _show(request, order, shown)


@paying.post("/billing/checkout")
async def start(request: Request, tenant: Payer, person: CurrentPerson) -> Response:
    """Leads on to the provider's page, by way of a page of ours: forms of this house lead nowhere else."""
    sent = await form(request, Wanted)
    if not sent.ok:
        raise PriceUnknown(_("This price is not offered any more. Please choose again."))
    order = await order_of(sent.data.price, sent.data.provider, code=sent.data.code)
    buyer = _buyer(tenant, person)
    await note_friend(request, tenant)
    try:
        order = await _quoted(request, order, buyer)
        consent = _agreed(order, sent)
        opened = await start_checkout(
            buyer, sent.data.price, through=order.source.name, promo=order.code, consent=consent
        )
    except (Invalid, Conflict) as error:
        sent.refuse(str(error), FIELDS.get(type(error), ""))
        return await _show(request, order, sent, status=422)
    response = redirect(request, f"/billing/go?checkout={opened.id}")
    forget_friend(response)
    return response


@router.get("/billing/go")
async def leave(request: Request, tenant: CurrentTenant, checkout: UUID) -> Response:
    seen = await see_checkout(tenant.organisation, checkout)
    if seen.state != CheckoutState.OPEN or not seen.url:
        return redirect(request, f"/billing/return?checkout={checkout}")
    return await page(request, "billing/leaving.html", url=seen.url, to=words.provider_title(seen.provider))


@router.get("/billing/return")
async def come_back(request: Request, tenant: CurrentTenant, checkout: UUID) -> Response:
    """The truth about a checkout, whatever the address says. Asks the provider when we have not heard from it."""
    seen = await _truth(tenant.organisation, checkout)
    prices = await price_list(product_named(seen.product))
    async with transaction(organisation=tenant.organisation) as session:
        standing = await standing_of(session, tenant.organisation, seen.product)
    plan = next((each.title for each in prices.plans if each.plan == seen.plan), seen.plan)
    return await page(
        request,
        "billing/return.html",
        checkout=seen,
        plan=plan,
        prices=prices,
        standing=standing,
        provider=words.provider_title(seen.provider),
        words=words,
    )


async def _truth(organisation: UUID, checkout: UUID) -> Checkout:
    seen = await see_checkout(organisation, checkout)
    if seen.state != CheckoutState.OPEN:
        return seen

    async def ask() -> str:
        try:
            return (await check_checkout(organisation, checkout)).state.value
        except (ProviderUnreachable, ProviderRefused):
            return seen.state.value

    await remember(f"billing:return:{organisation}:{checkout}", BETWEEN_QUESTIONS, ask)
    return await see_checkout(organisation, checkout)


def _agreed(order: Order, sent: Form[Wanted]) -> Consent:
    """To the very words that hold now: a price or a provider may have changed since the page was opened."""
    if not sent.data.accept_terms:
        message = _("Tick this box to go on.")
        raise NotAgreed(message, fields={"accept_terms": message})
    if sent.data.agreement != order.agreement and sent.data.agreement == order.agreement_before_code:
        # Typed and not applied: the price it makes has not been seen by who shall agree to it.
        message = _("The code makes it %(price)s; please confirm.", price=format_money(order.due))
        raise NotAgreed(message, fields={"accept_terms": message})
    if sent.data.agreement != order.agreement:
        sent.values.pop("accept_terms")
        message = _("This has changed since you opened the page. Please read it again.")
        raise NotAgreed(message, fields={"accept_terms": message})
    return given(order.agreement)


def _buyer(tenant: Tenant, person: CurrentPerson) -> Buyer:
    return Buyer(organisation=tenant.organisation, person=person.id, email=person.email, locale=locale())


async def _quoted(request: Request, order: Order, buyer: Buyer) -> Order:
    """With what its code and the customer's account make of it.

    PromoRefused: it does not hold; QuotaExceeded: too many were tried.
    """
    if order.code:
        await guard(request, GUESSES.name, caller=f"person:{buyer.person}")
    async with transaction(organisation=buyer.organisation) as session:
        if order.code:
            seen = await quote(session, buyer.organisation, order.code, order.tag, person=buyer.person)
            order = replace(order, quote=seen)
        if order.source.abilities.engine == Engine.OWN:
            due, least = order.lowered, order.source.abilities.smallest_order(order.lowered.currency)
            part = await offer_of(session, buyer.organisation, order.tag.product, due, least=least)
            order = replace(order, on_account=part)
    return order


async def _show(
    request: Request, order: Order, shown: Form[Any], status: int = 200, headers: Mapping[str, str] | None = None
) -> Response:
    response = await page(
        request,
        "billing/checkout.html",
        status,
        order=order,
        form=shown,
        terms_url=load(BillingSettings).terms_url,
        words=words,
    )
    response.headers.update(headers or {})
    return response
