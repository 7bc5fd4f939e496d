from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Request, Response
from pydantic import BaseModel, ConfigDict, Field

from verf.billing.api.answers import (
    ChangeAnswer,
    CheckoutAnswer,
    EstimateAnswer,
    PortalAnswer,
    SubscriptionAnswer,
)
from verf.billing.api.plans import PRODUCT
from verf.billing.changing import change_plan, preview_change
from verf.billing.checkouts import Buyer, start_checkout
from verf.billing.consent import given
from verf.billing.ending import cancel, pause, resume
from verf.billing.portals import open_portal
from verf.billing.price_list import price_list, product_named, selling
from verf.billing.promo_codes import GUESSES
from verf.billing.standing import standing_of
from verf.database import transaction
from verf.errors import Invalid
from verf.identity import CurrentPerson
from verf.limits import OncePerKey, Operation, guard
from verf.organisations import Tenant, require
from verf.web import _, locale, problem_responses

router = APIRouter(
    prefix="/api/v1/billing",
    tags=["billing"],
    route_class=OncePerKey,
    responses=problem_responses(400, 401, 403, 404, 409, 429, 503),
)
Payer = Annotated[Tenant, Depends(require("admin"))]
A_PRICE = "01a1fb89-8a3f-7c4e-9c52-0c9d35fdf2a1"
Product = Annotated[str, Field(max_length=60, description=PRODUCT)]


class PriceNotOffered(Invalid):
    """This price is not on the list, or not any more."""


class CheckoutWanted(BaseModel):
    model_config = ConfigDict(json_schema_extra={"examples": [{"price_id": A_PRICE, "provider": "stripe"}]})
    price_id: UUID = Field(description="From GET /plans.")
    provider: str = Field(
        default="", max_length=40, description="stripe, paddle, yookassa or wata; the first that takes the currency."
    )
    promo: str = Field(default="", max_length=60, description="A promo code that lowers the first payment.")
    accept_terms: bool = Field(
        default=False,
        description="Whoever pays has agreed to the terms and to the charges, on a page of yours: kept with its time.",
    )


class ProductMeant(BaseModel):
    product: Product = ""


class Cancellation(ProductMeant):
    model_config = ConfigDict(json_schema_extra={"examples": [{"when": "period_end", "reason": "expensive"}]})
    when: Literal["period_end", "now"] = Field(
        default="period_end", description="At the end of what is paid, or at once: then access closes now."
    )
    reason: str = Field(default="", max_length=1000)


class ChangeWanted(BaseModel):
    model_config = ConfigDict(json_schema_extra={"examples": [{"price_id": A_PRICE}]})
    price_id: UUID = Field(description="In the currency that is paid in now. From GET /plans.")
    token: str = Field(default="", max_length=4000, description="From the preview, so that it costs what was shown.")


class PreviewWanted(BaseModel):
    price_id: UUID


previews = APIRouter(prefix="/api/v1/billing", tags=["billing"], responses=problem_responses(401, 403, 404, 409, 503))


@router.post("/checkout-session", status_code=201, summary="Open a page where a plan is paid")
async def open_checkout(request: Request, body: CheckoutWanted, tenant: Payer, person: CurrentPerson) -> CheckoutAnswer:
    """Answers with the page that is open already when it is for the same; another choice closes the one before."""
    if body.promo.strip():
        await guard(request, GUESSES.name, caller=f"person:{person.id}")
    opened = await start_checkout(
        _buyer(tenant, person),
        body.price_id,
        through=body.provider,
        promo=body.promo,
        consent=given("accept_terms") if body.accept_terms else None,
    )
    return CheckoutAnswer.of(opened)


@router.post("/portal-session", summary="The provider's page for cards and addresses")
async def visit_portal(body: ProductMeant, tenant: Payer) -> PortalAnswer:
    return PortalAnswer(url=(await open_portal(tenant.organisation, product_named(body.product).name)).url)


@router.post("/cancel", summary="End the subscription", responses={202: {"model": SubscriptionAnswer}})
async def cancel_subscription(
    body: Cancellation, tenant: Payer, operation: Operation, response: Response
) -> SubscriptionAnswer:
    """202 when its provider does not answer: the cancellation is noted, and passed on by us until it is confirmed."""
    product = product_named(body.product).name
    done = await cancel(
        tenant.organisation, product, when=body.when, reason=body.reason, by=tenant.person, key=str(operation)
    )
    if done == "noted":
        response.status_code = 202
    return await _standing(tenant, product)


@router.post("/resume", summary="Take a cancellation back, or end a pause")
async def resume_subscription(body: ProductMeant, tenant: Payer, operation: Operation) -> SubscriptionAnswer:
    product = product_named(body.product).name
    await resume(tenant.organisation, product, by=tenant.person, key=str(operation))
    return await _standing(tenant, product)


@router.post("/pause", summary="Charge nothing until it is resumed")
async def pause_subscription(body: ProductMeant, tenant: Payer, operation: Operation) -> SubscriptionAnswer:
    """What is paid for stays open to its end. 409 unless it runs, is paid for, and is renewed by itself."""
    product = product_named(body.product).name
    await pause(tenant.organisation, product, by=tenant.person, key=str(operation))
    return await _standing(tenant, product)


@router.post("/change", summary="Another plan: up now for the difference, down when what is paid is over")
async def change(body: ChangeWanted, tenant: Payer, person: CurrentPerson, operation: Operation) -> ChangeAnswer:
    product = await _product_of(body.price_id)
    changed = await change_plan(_buyer(tenant, person), product, body.price_id, key=str(operation), token=body.token)
    return ChangeAnswer.of(changed)


@previews.post("/change/preview", summary="What a change would cost now")
async def preview(body: PreviewWanted, tenant: Payer) -> EstimateAnswer:
    """Changes nothing, so it needs no key."""
    product = await _product_of(body.price_id)
    return EstimateAnswer.of(await preview_change(tenant.organisation, product, body.price_id))


async def _product_of(price: UUID) -> str:
    for product in selling():
        if (await price_list(product)).find(price):
            return product.name
    message = _("This price is not offered any more. Please choose again.")
    raise PriceNotOffered(message, fields={"price_id": message})


async def _standing(tenant: Tenant, product: str) -> SubscriptionAnswer:
    async with transaction(organisation=tenant.organisation) as session:
        return SubscriptionAnswer.of(await standing_of(session, tenant.organisation, product))


def _buyer(tenant: Tenant, person: CurrentPerson) -> Buyer:
    return Buyer(organisation=tenant.organisation, person=person.id, email=person.email, locale=locale())
