from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Query

from verf.billing.api.answers import CheckoutAnswer, InvoiceAnswer, InvoicePage, SubscriptionAnswer, UseAnswer, UseList
from verf.billing.api.plans import PRODUCT
from verf.billing.checkouts import see_checkout
from verf.billing.price_list import product_named
from verf.billing.standing import standing_of
from verf.billing.statements import payments_of
from verf.billing.usage_report import usage_of
from verf.organisations import CurrentTenant, TenantTransaction
from verf.settings import House, load
from verf.web import problem_responses

router = APIRouter(prefix="/api/v1/billing", tags=["billing"], responses=problem_responses(401, 403, 404, 429))
Product = Annotated[str, Query(max_length=60, description=PRODUCT)]


@router.get("/subscription", summary="How the organisation stands with a product")
async def show_subscription(
    tenant: CurrentTenant, session: TenantTransaction, product: Product = ""
) -> SubscriptionAnswer:
    """The live subscription; else the last one, which has ended; else one of which everything is empty."""
    chosen = product_named(product)
    return SubscriptionAnswer.of(await standing_of(session, tenant.organisation, chosen.name))


@router.get("/usage", summary="How much of the plan is used")
async def show_usage(tenant: CurrentTenant, session: TenantTransaction, product: Product = "") -> UseList:
    chosen = product_named(product)
    used = await usage_of(session, tenant.organisation, chosen.name)
    return UseList(product=chosen.name, items=[UseAnswer.of(each) for each in used])


@router.get("/invoices", summary="What was paid, and tried to be paid, newest first")
async def list_invoices(
    tenant: CurrentTenant,
    session: TenantTransaction,
    product: Annotated[str, Query(max_length=60, description="Only of this product; all of them without it.")] = "",
    cursor: Annotated[str, Query(max_length=500, description="`next_cursor` of the page before.")] = "",
    limit: Annotated[int, Query(ge=1, le=100)] = 20,
) -> InvoicePage:
    named = product_named(product).name if product else ""
    lines, following = await payments_of(session, tenant.organisation, product=named, cursor=cursor, limit=limit)
    house = load(House).url
    return InvoicePage(items=[InvoiceAnswer.of(line, house) for line in lines], next_cursor=following or None)


@router.get("/checkout-session/{checkout_id}", summary="What became of a checkout")
async def show_checkout(checkout_id: UUID, tenant: CurrentTenant) -> CheckoutAnswer:
    return CheckoutAnswer.of(await see_checkout(tenant.organisation, checkout_id))
