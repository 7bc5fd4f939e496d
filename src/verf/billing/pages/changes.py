from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from verf.billing import words
from verf.billing.changing import Change, change_plan, keep_plan, preview_change
from verf.billing.checkouts import Buyer
from verf.billing.ending import cancel, pause, resume
from verf.billing.portals import open_portal
from verf.billing.price_list import PlanOffered, PriceOffered, ProductUnknown, price_list, product_named, selling
from verf.billing.providers.events import ProviderRefused
from verf.billing.refusals import Refused, done, tried
from verf.billing.standing import standing_of
from verf.billing.trials import begin_trial
from verf.database import transaction
from verf.errors import Conflict, NotFound
from verf.identity import CurrentPerson
from verf.limits import OncePerForm, Operation
from verf.organisations import Tenant, TenantTransaction, require
from verf.web import _, form, format_date, locale, page, redirect

router = APIRouter(include_in_schema=False)
moving = APIRouter(prefix="/billing", include_in_schema=False, route_class=OncePerForm)
Payer = Annotated[Tenant, Depends(require("admin"))]
REFUSALS = (Conflict, NotFound, ProviderRefused)


class Changed(BaseModel):
    price: UUID
    token: str = Field(default="", max_length=4000)


class Left(BaseModel):
    product: str = Field(min_length=1, max_length=60)
    when: Literal["period_end", "now"] = "period_end"
    reason: str = Field(default="", max_length=40)
    comment: str = Field(default="", max_length=900)

    @property
    def told(self) -> str:
        return ": ".join(part for part in (self.reason, self.comment) if part)


class Meant(BaseModel):
    product: str = Field(min_length=1, max_length=60)


@router.get("/billing/change")
async def preview(request: Request, tenant: Payer, price: UUID) -> Response:
    """What a change would cost, before anything happens."""
    product, plan, offer = await _offer(price)
    estimate = await tried(preview_change(tenant.organisation, product, price), REFUSALS)
    if isinstance(estimate, Refused):
        return estimate.told(request, _home(product))
    async with transaction(organisation=tenant.organisation) as session:
        standing = await standing_of(session, tenant.organisation, product)
    return await page(
        request,
        "billing/change.html",
        product=product,
        plan=plan,
        offer=offer,
        estimate=estimate,
        standing=standing,
        words=words,
    )


@moving.post("/trial")
async def try_it(request: Request, tenant: Payer, session: TenantTransaction) -> Response:
    """Without a card; it also begins by itself with the first use of the product."""
    sent = (await form(request, Meant)).data
    product = product_named(sent.product).name
    begun = await begin_trial(session, tenant.organisation, product, person=tenant.person)
    told = _("Your trial has begun.") if begun else _("There is no trial for you any more. Choose a plan to go on.")
    return redirect(request, _home(product), toast=told, kind="success" if begun else "warning")


@moving.post("/change")
async def change(request: Request, tenant: Payer, person: CurrentPerson, operation: Operation) -> Response:
    sent = (await form(request, Changed)).data
    product, plan, _offered = await _offer(sent.price)
    buyer = Buyer(organisation=tenant.organisation, person=person.id, email=person.email, locale=locale())
    made = await tried(change_plan(buyer, product, sent.price, key=str(operation), token=sent.token), REFUSALS)
    if isinstance(made, Refused):
        return made.told(request, _home(product))
    if made.outcome == "to_pay":
        return await page(request, "billing/leaving.html", url=made.url, to=_("the payment page"))
    return redirect(
        request,
        _home(product),
        toast=_told(made, _(plan.title)),
        kind="error" if made.outcome == "failed" else "success",
    )


@moving.post("/cancel")
async def leave(request: Request, tenant: Payer, operation: Operation) -> Response:
    sent = (await form(request, Left)).data
    doing = cancel(
        tenant.organisation, sent.product, when=sent.when, reason=sent.told, by=tenant.person, key=str(operation)
    )
    outcome = await tried(doing, REFUSALS)
    if isinstance(outcome, Refused):
        return outcome.told(request, _home(sent.product))
    told = _("The subscription is cancelled.")
    if outcome == "noted":
        told = _("Your cancellation is noted. We pass it on as soon as the payment provider answers.")
    return redirect(request, _home(sent.product), toast=told)


@moving.post("/resume")
async def go_on(request: Request, tenant: Payer, operation: Operation) -> Response:
    sent = (await form(request, Meant)).data
    doing = resume(tenant.organisation, sent.product, by=tenant.person, key=str(operation))
    return await done(request, _home(sent.product), doing, REFUSALS, told=_("Good to have you back."))


@moving.post("/pause")
async def rest(request: Request, tenant: Payer, operation: Operation) -> Response:
    sent = (await form(request, Meant)).data
    doing = pause(tenant.organisation, sent.product, by=tenant.person, key=str(operation))
    return await done(request, _home(sent.product), doing, REFUSALS, told=_("The subscription is paused."))


@moving.post("/keep")
async def stay(request: Request, tenant: Payer, operation: Operation) -> Response:
    """The change that was to come is forgotten."""
    sent = (await form(request, Meant)).data
    doing = keep_plan(tenant.organisation, sent.product, by=tenant.person, key=str(operation))
    return await done(request, _home(sent.product), doing, REFUSALS, told=_("The plan stays as it is."))


@moving.post("/portal")
async def visit(request: Request, tenant: Payer) -> Response:
    """The provider's own page for cards and addresses."""
    sent = (await form(request, Meant)).data
    portal = await tried(open_portal(tenant.organisation, sent.product), REFUSALS)
    if isinstance(portal, Refused):
        return portal.told(request, _home(sent.product))
    return await page(request, "billing/leaving.html", url=portal.url, to=words.provider_title(portal.provider))


def _home(product: str) -> str:
    return f"/billing?product={product}"


async def _offer(price: UUID) -> tuple[str, PlanOffered, PriceOffered]:
    for product in selling():
        found = (await price_list(product)).find(price)
        if found:
            return product.name, *found
    raise ProductUnknown(_("This price is not offered any more. Please choose again."))


def _told(made: Change, plan: str) -> str:
    if made.outcome == "done":
        return _("Your plan is %(plan)s now.", plan=plan)
    if made.outcome == "scheduled" and made.at:
        return _("Your plan becomes %(plan)s on %(date)s.", plan=plan, date=format_date(made.at, "long"))
    if made.outcome == "failed":
        reason = words.failure_name(made.failure or "refused")
        return _("The difference could not be charged, so nothing has changed. %(reason)s", reason=reason)
    return _("The payment for %(plan)s is on its way. The plan changes when it has come.", plan=plan)
