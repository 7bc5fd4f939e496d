from datetime import timedelta
from typing import Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from verf.billing.overriding import NothingOverridden, lift_override, override
from verf.billing.refusals import done
from verf.database import transaction
from verf.errors import Invalid, NotFound
from verf.identity import StaffMember, staff
from verf.kit import now
from verf.web import _, form, redirect

router = APIRouter(prefix="/staff/billing", include_in_schema=False, dependencies=[Depends(staff("admin"))])


class Lifted(BaseModel):
    product: str = Field(min_length=1, max_length=60)
    feature: str = Field(min_length=1, max_length=80)
    because: str = Field(min_length=3, max_length=300)


class Word(Lifted):
    says: Literal["yes", "no"]
    amount: int | None = Field(default=None, ge=0, le=1_000_000_000)
    days: int | None = Field(default=None, ge=1, le=3660)


@router.post("/accounts/{organisation}/overrides")
async def overrule(request: Request, organisation: UUID, member: StaffMember) -> Response:
    sent = await form(request, Word)
    back = _back(organisation, sent.values.get("product", ""))
    if not sent.ok:
        return redirect(request, back, toast=_("Check the fields."), kind="error")
    doing = _overrule(organisation, sent.data, by=member.id)
    return await done(request, back, doing, (Invalid, NotFound), told=_("Overruled."))


@router.post("/accounts/{organisation}/overrides/lift")
async def lift(request: Request, organisation: UUID, member: StaffMember) -> Response:
    sent = await form(request, Lifted)
    back = _back(organisation, sent.values.get("product", ""))
    if not sent.ok:
        return redirect(request, back, toast=_("Say why, in a few words."), kind="error")
    doing = _lift(organisation, sent.data, by=member.id)
    return await done(request, back, doing, (NothingOverridden,), told=_("The plan decides again."))


async def _overrule(organisation: UUID, said: Word, *, by: UUID) -> None:
    async with transaction(organisation=organisation) as session:
        await override(
            session,
            organisation,
            said.product,
            said.feature,
            by=by,
            because=said.because,
            amount=said.amount,
            until=now() + timedelta(days=said.days) if said.days else None,
            is_allowed=said.says == "yes",
        )


async def _lift(organisation: UUID, said: Lifted, *, by: UUID) -> None:
    async with transaction(organisation=organisation) as session:
        await lift_override(session, organisation, said.product, said.feature, by=by, because=said.because)


def _back(organisation: UUID, product: str) -> str:
    return f"/staff/billing/accounts/{organisation}?product={product}"
