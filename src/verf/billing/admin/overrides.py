from datetime import timedelta
from typing import Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from verf.billing.overriding import NothingOverridden, lift_override, override
from verf.database import transaction
from verf.errors import Invalid, NotFound
from verf.identity import StaffMember, staff
from verf.kit import now
from verf.web import _, form, redirect

router = APIRouter(prefix="/staff/billing", include_in_schema=False, dependencies=[Depends(staff("admin"))])


class Word(BaseModel):
    product: str = Field(min_length=1, max_length=60)
    feature: str = Field(min_length=1, max_length=80)
    says: Literal["yes", "no"]
    amount: int | None = Field(default=None, ge=0, le=1_000_000_000)
    days: int | None = Field(default=None, ge=1, le=3660)
    because: str = Field(min_length=3, max_length=300)


class Lifted(BaseModel):
    product: str = Field(min_length=1, max_length=60)
    feature: str = Field(min_length=1, max_length=80)
    because: str = Field(min_length=3, max_length=300)


@router.post("/accounts/{organisation}/overrides")
async def overrule(request: Request, organisation: UUID, member: StaffMember) -> Response:
    sent = await form(request, Word)
    back = _back(organisation, sent.values.get("product", ""))
    if not sent.ok:
        return redirect(request, back, toast=_("Check the fields."), kind="error")
    said = sent.data
    try:
        async with transaction(organisation=organisation) as session:
            await override(
                session,
                organisation,
                said.product,
                said.feature,
                by=member.id,
                because=said.because,
                amount=said.amount,
                until=now() + timedelta(days=said.days) if said.days else None,
                is_allowed=said.says == "yes",
            )
    except (Invalid, NotFound) as error:
        return redirect(request, back, toast=str(error), kind="error")
    return redirect(request, back, toast=_("Overruled."))


@router.post("/accounts/{organisation}/overrides/lift")
async def lift(request: Request, organisation: UUID, member: StaffMember) -> Response:
    sent = await form(request, Lifted)
    back = _back(organisation, sent.values.get("product", ""))
    if not sent.ok:
        return redirect(request, back, toast=_("Say why, in a few words."), kind="error")
    said = sent.data
    try:
        async with transaction(organisation=organisation) as session:
            await lift_override(session, organisation, said.product, said.feature, by=member.id, because=said.because)
    except NothingOverridden as error:
        return redirect(request, back, toast=str(error), kind="error")
    return redirect(request, back, toast=_("The plan decides again."))


def _back(organisation: UUID, product: str) -> str:
    return f"/staff/billing/accounts/{organisation}?product={product}"
