from datetime import UTC, date, datetime, time, timedelta
from typing import Literal

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, Field
from sqlalchemy import select
from starlette.responses import Response

from verf.audit import record
from verf.billing import words
from verf.billing.models import PromoCode
from verf.billing.price_list import selling
from verf.billing.promo_codes import NewPromo, PromoExists, PromoRefused, create_promo, disable_promo
from verf.database import transaction
from verf.identity import StaffMember, staff
from verf.kit import Money
from verf.settings import House, load
from verf.web import Form, _, blank, form, page, redirect

router = APIRouter(prefix="/staff/billing", include_in_schema=False, dependencies=[Depends(staff("support"))])
MOST = 500


class CodeWanted(BaseModel):
    code: str = Field(min_length=1, max_length=40)
    kind: Literal["percent", "amount", "days"]
    value: int = Field(ge=1, le=100_000_000)
    currency: str = Field(default="", max_length=3)
    months: int = Field(default=1, ge=1, le=36)
    product: str = Field(default="", max_length=60)
    plans: list[str] = Field(default_factory=list)
    max_redemptions: int | None = Field(default=None, ge=1, le=10_000_000)
    ends_on: date | None = None
    note: str = Field(default="", max_length=300)


@router.get("/promo-codes")
async def show_codes(request: Request) -> Response:
    return await _show(request)


@router.post("/promo-codes", dependencies=[Depends(staff("admin"))])
async def create(request: Request, member: StaffMember) -> Response:
    sent = await form(request, CodeWanted)
    if sent.ok:
        try:
            await _create(sent.data, member)
        except PromoRefused as refused:
            sent.refuse(refused)
        except PromoExists as taken:
            sent.refuse(str(taken), "code")
    if not sent.ok:
        return await _show(request, shown=sent)
    return redirect(request, "/staff/billing/promo-codes", toast=_("The code is ready."))


@router.post("/promo-codes/{code}/disable", dependencies=[Depends(staff("admin"))])
async def disable(request: Request, code: str, member: StaffMember) -> Response:
    async with transaction(system="staff ends a promo code") as session:
        await disable_promo(session, code)
        await record(session, f"staff:{member.id}", "billing.promo-disabled", f"promo:{code}")
    return redirect(request, "/staff/billing/promo-codes", toast=_("Nobody can use it any more."))


async def _create(sent: CodeWanted, member: StaffMember) -> None:
    """It ends with the day that was named, in UTC."""
    ends_at = datetime.combine(sent.ends_on + timedelta(days=1), time(), UTC) if sent.ends_on else None
    wanted = NewPromo(
        code=sent.code.strip().upper(),
        kind=sent.kind,
        value=sent.value,
        currency=sent.currency.upper(),
        months=sent.months,
        product=sent.product,
        plans=sent.plans,
        max_redemptions=sent.max_redemptions,
        ends_at=ends_at,
        note=sent.note,
    )
    async with transaction(system="staff makes a promo code") as session:
        await create_promo(session, wanted, by=member.id)
        told = {"kind": wanted.kind, "value": wanted.value, "currency": wanted.currency, "months": wanted.months}
        await record(session, f"staff:{member.id}", "billing.promo-created", f"promo:{wanted.code}", after=told)


async def _show(request: Request, *, shown: Form[CodeWanted] | None = None) -> Response:
    async with transaction(system="staff list of promo codes") as session:
        codes = (await session.scalars(select(PromoCode).order_by(PromoCode.created_at.desc()).limit(MOST))).all()
    plans = [(plan.name, f"{_(product.title)}: {_(plan.title)}") for product in selling() for plan in product.plans]
    return await page(
        request,
        "billing/staff/promo-codes.html",
        422 if shown else 200,
        codes=codes,
        form=shown or blank({"kind": "percent", "months": "1"}),
        products=[(product.name, _(product.title)) for product in selling()],
        plans=plans,
        currencies_pairs=[(each, each) for each in _currencies()],
        house=load(House).url,
        words=words,
        money=Money,
    )


def _currencies() -> list[str]:
    prices = [price for product in selling() for plan in product.plans for price in plan.prices]
    return sorted({price.money.currency for price in prices})
