from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, Field
from sqlalchemy.ext.asyncio import AsyncSession
from starlette.responses import Response

from stock.alerts import add_rule, alerts_of, change_rule, delete_rule, rule_of, rules_of
from stock.permits import demand_plan, is_paused
from stock.policies import keep_policy, policy_of
from verf.errors import Invalid, PaymentRequired
from verf.organisations import CurrentTenant, Tenant, TenantTransaction, require
from verf.web import Form, _, blank, form, page, redirect

router = APIRouter(prefix="/stock/alerts", include_in_schema=False)
Member = Annotated[Tenant, Depends(require("member"))]


class NewRule(BaseModel):
    measure: Literal["days", "quantity"]
    threshold: int = Field(ge=1, le=1_000_000)


class Ordering(BaseModel):
    lead_days: int = Field(ge=0, le=365)
    lead_deviation_days: int = Field(ge=0, le=180)
    review_days: int = Field(ge=1, le=90)


async def _show(
    request: Request,
    tenant: Tenant,
    session: AsyncSession,
    *,
    rule: Form[NewRule] | None = None,
    ordering: Form[Ordering] | None = None,
    refused: PaymentRequired | None = None,
    status: int = 200,
) -> Response:
    policy = await policy_of(session, tenant.organisation)
    known = blank(
        {
            "lead_days": int(policy.lead_days),
            "lead_deviation_days": int(policy.lead_deviation),
            "review_days": int(policy.review_days),
        }
    )
    return await page(
        request,
        "stock/alerts.html",
        status,
        rules=await rules_of(session),
        alerts=await alerts_of(session, limit=50),
        form=rule or blank({"measure": "days", "threshold": 14}),
        ordering=ordering or known,
        may_change=tenant.may("member"),
        refused=refused,
        paused=await is_paused(session, tenant.organisation),
    )


@router.get("")
async def show_all(request: Request, tenant: CurrentTenant, session: TenantTransaction) -> Response:
    return await _show(request, tenant, session)


@router.post("")
async def create(request: Request, tenant: Member, session: TenantTransaction) -> Response:
    sent = await form(request, NewRule)
    if sent.ok:
        try:
            await demand_plan(session, tenant)
            await add_rule(session, tenant, measure=sent.data.measure, threshold=sent.data.threshold)
        except PaymentRequired as error:
            return await _show(request, tenant, session, rule=sent, refused=error, status=error.status)
        except Invalid as error:
            sent.refuse(error)
        else:
            return redirect(request, "/stock/alerts", toast=_("The alert is set."))
    return await _show(request, tenant, session, rule=sent, status=422)


@router.post("/ordering")
async def order_like_this(request: Request, tenant: Member, session: TenantTransaction) -> Response:
    sent = await form(request, Ordering)
    if not sent.ok:
        return await _show(request, tenant, session, ordering=sent, status=422)
    await keep_policy(session, tenant.organisation, **sent.data.model_dump())
    return redirect(request, "/stock/alerts", toast=_("Kept. The numbers follow with the next sync."))


@router.post("/{rule_id}/switch")
async def switch(request: Request, rule_id: UUID, tenant: Member, session: TenantTransaction) -> Response:
    rule = await rule_of(session, rule_id)
    try:
        await demand_plan(session, tenant)
    except PaymentRequired as error:
        return await _show(request, tenant, session, refused=error, status=error.status)
    await change_rule(session, rule_id, is_on=not rule.is_on)
    return redirect(request, "/stock/alerts", toast=_("The alert is off.") if rule.is_on else _("The alert is on."))


@router.post("/{rule_id}/delete")
async def remove(request: Request, rule_id: UUID, tenant: Member, session: TenantTransaction) -> Response:
    await delete_rule(session, rule_id)
    return redirect(request, "/stock/alerts", toast=_("The alert is deleted."))
