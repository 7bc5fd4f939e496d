from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, Field

from stock.alerts import AlertView, RuleView, add_rule, alerts_of, change_rule, delete_rule, rule_of, rules_of
from stock.api.counting import counted
from stock.permits import demand_plan
from verf.organisations import Tenant, TenantTransaction, require
from verf.web import problem_responses

router = APIRouter(
    prefix="/api/v1/stock",
    tags=["stock"],
    responses=problem_responses(401, 402, 403, 404, 429),
    dependencies=[Depends(counted)],
)
Member = Annotated[Tenant, Depends(require("member"))]


class NewRule(BaseModel):
    measure: Literal["days", "quantity"] = Field(description="Days of cover, or units in stock.")
    threshold: int = Field(ge=1, le=1_000_000, examples=[14])
    product_id: UUID | None = Field(default=None, description="Only this product; without it, all of them.")


class RuleChange(BaseModel):
    measure: Literal["days", "quantity"] | None = None
    threshold: int | None = Field(default=None, ge=1, le=1_000_000)
    is_on: bool | None = None


class RuleAnswer(BaseModel):
    id: UUID
    measure: str
    threshold: int
    product_id: UUID | None
    is_on: bool
    open_alerts: int
    created_at: datetime

    @classmethod
    def of(cls, rule: RuleView) -> "RuleAnswer":
        return cls(
            id=rule.id,
            measure=rule.measure,
            threshold=rule.threshold,
            product_id=rule.product,
            is_on=rule.is_on,
            open_alerts=rule.open_alerts,
            created_at=rule.created_at,
        )


class AlertAnswer(BaseModel):
    id: UUID
    rule_id: UUID
    product_id: UUID
    title: str
    value: float
    threshold: int
    measure: str
    raised_at: datetime
    cleared_at: datetime | None

    @classmethod
    def of(cls, alert: AlertView) -> "AlertAnswer":
        return cls(
            id=alert.id,
            rule_id=alert.rule,
            product_id=alert.product,
            title=alert.title,
            value=alert.value,
            threshold=alert.threshold,
            measure=alert.measure,
            raised_at=alert.raised_at,
            cleared_at=alert.cleared_at,
        )


class RuleList(BaseModel):
    items: list[RuleAnswer]


class AlertList(BaseModel):
    items: list[AlertAnswer]


@router.get("/alert-rules")
async def list_rules(session: TenantTransaction) -> RuleList:
    return RuleList(items=[RuleAnswer.of(rule) for rule in await rules_of(session)])


@router.post("/alert-rules", status_code=201)
async def create_rule(body: NewRule, tenant: Member, session: TenantTransaction) -> RuleAnswer:
    await demand_plan(session, tenant)
    rule = await add_rule(session, tenant, measure=body.measure, threshold=body.threshold, product=body.product_id)
    return RuleAnswer.of(await rule_of(session, rule))


@router.get("/alert-rules/{rule_id}")
async def show_rule(rule_id: UUID, session: TenantTransaction) -> RuleAnswer:
    return RuleAnswer.of(await rule_of(session, rule_id))


@router.patch("/alert-rules/{rule_id}")
async def edit_rule(rule_id: UUID, body: RuleChange, tenant: Member, session: TenantTransaction) -> RuleAnswer:
    await demand_plan(session, tenant)
    await change_rule(session, rule_id, **body.model_dump())
    return RuleAnswer.of(await rule_of(session, rule_id))


@router.delete("/alert-rules/{rule_id}", status_code=204)
async def remove_rule(rule_id: UUID, tenant: Member, session: TenantTransaction) -> None:
    await delete_rule(session, rule_id)


@router.get("/alerts")
async def list_alerts(
    session: TenantTransaction, product_id: UUID | None = None, limit: Annotated[int, Query(ge=1, le=500)] = 100
) -> AlertList:
    """Open ones first, then the newest."""
    return AlertList(items=[AlertAnswer.of(one) for one in await alerts_of(session, limit=limit, product=product_id)])
