from datetime import datetime, timedelta
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from verf.billing import words
from verf.billing.checkouts import Buyer, Checkout, check_checkout, see_checkout, start_checkout
from verf.billing.for_sale import offered
from verf.billing.pages.sharing import forget_friend, note_friend
from verf.billing.periods import Calendar
from verf.billing.price_list import PlanOffered, PriceList, PriceOffered, price_list, product_named, selling
from verf.billing.promo_codes import GUESSES, PromoRefused
from verf.billing.providers.events import ProviderRefused, ProviderUnreachable
from verf.billing.providers.provider import Provider
from verf.billing.standing import standing_of
from verf.billing.states import CheckoutState, Engine
from verf.database import transaction
from verf.errors import Conflict, Invalid, NotFound
from verf.identity import CurrentPerson
from verf.kit import now
from verf.limits import OncePerForm, guard, remember
from verf.organisations import CurrentTenant, Tenant, require
from verf.web import Form, _, blank, form, locale, page, redirect

router = APIRouter(include_in_schema=False)
paying = APIRouter(include_in_schema=False, route_class=OncePerForm)
Payer = Annotated[Tenant, Depends(require("admin"))]

# A page that waits asks us every two seconds; the provider need not hear of each.
BETWEEN_QUESTIONS = timedelta(seconds=5)


class PriceUnknown(NotFound):
    """This price is not on the list, or not any more."""


class Wanted(BaseModel):
    price: UUID
    provider: str = Field(default="", max_length=40)
    code: str = Field(default="", max_length=60)


class Order:
    """What stands on the checkout page."""

    def __init__(self, prices: PriceList, plan: PlanOffered, price: PriceOffered, source: Provider) -> None:
        self.prices, self.plan, self.price, self.source = prices, plan, price, source

    @property
    def renews_itself(self) -> bool:
        abilities = self.source.abilities
        return self.price.interval != "once" and (abilities.engine == Engine.MIRROR or abilities.can_save_methods)

    @property
    def next_on(self) -> datetime | None:
        if self.price.interval == "once":
            return None
        return Calendar(now(), self.price.interval, self.price.interval_count).period(0).end  # type: ignore[arg-type]


@router.get("/billing/checkout")
async def show(request: Request, tenant: Payer, price: UUID, provider: str = "", code: str = "") -> Response:
    order = await _order(price, provider)
    async with transaction(organisation=tenant.organisation) as session:
        standing = await standing_of(session, tenant.organisation, order.prices.product)
    if standing.is_paid and not standing.is_prepaid and not standing.can_pay_here:
        return redirect(request, f"/billing/change?price={price}")
    only = standing.provider if standing.is_paid else ""
    if only:
        # What runs is paid on with the provider that it runs with.
        order = await _order(price, only)
    shown = blank({"price": str(price), "code": code, "provider": order.source.name})
    return await _show(request, order, shown, only=only)


@paying.post("/billing/checkout")
async def start(request: Request, tenant: Payer, person: CurrentPerson) -> Response:
    """Leads on to the provider's page, by way of a page of ours: forms of this house lead nowhere else."""
    sent = await form(request, Wanted)
    if not sent.ok:
        raise PriceUnknown(_("This price is not offered any more. Please choose again."))
    order = await _order(sent.data.price, sent.data.provider)
    if sent.data.code.strip():
        await guard(request, GUESSES.name, caller=f"person:{person.id}")
    buyer = Buyer(organisation=tenant.organisation, person=person.id, email=person.email, locale=locale())
    await note_friend(request, tenant)
    try:
        opened = await start_checkout(buyer, sent.data.price, through=order.source.name, promo=sent.data.code)
    except (Invalid, Conflict) as error:
        sent.refuse(str(error), "code" if isinstance(error, PromoRefused) else "")
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


async def _order(price: UUID, provider: str) -> Order:
    for product in selling():
        prices = await price_list(product)
        found = prices.find(price)
        if found:
            return Order(prices, *found, _source(found[1], provider))
    raise PriceUnknown(_("This price is not offered any more. Please choose again."))


def _source(price: PriceOffered, wanted: str) -> Provider:
    able = [source for source in offered() if price.money.currency in source.abilities.currencies]
    if not able:
        raise PriceUnknown(_("Nobody here takes %(currency)s.", currency=price.money.currency))
    return next((source for source in able if source.name == wanted), able[0])


async def _show(request: Request, order: Order, shown: Form[Wanted], *, only: str = "", status: int = 200) -> Response:
    able = [source for source in offered() if order.price.money.currency in source.abilities.currencies]
    able = [source for source in able if only in ("", source.name)]
    return await page(request, "billing/checkout.html", status, order=order, sources=able, form=shown, words=words)
