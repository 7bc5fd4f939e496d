from decimal import Decimal
from typing import Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from verf.billing import casebook, words
from verf.billing.customers import names_of
from verf.billing.refunds import refund, refund_and_end
from verf.billing.reported_disputes import may_report
from verf.database import transaction
from verf.errors import Conflict, Invalid
from verf.identity import StaffMember, staff
from verf.kit import Money
from verf.web import Form, _, blank, form, page, redirect

router = APIRouter(prefix="/staff/billing", include_in_schema=False, dependencies=[Depends(staff("support"))])


class RefundWanted(BaseModel):
    amount: Decimal | None = Field(default=None, gt=0)
    because: str = Field(min_length=3, max_length=300)
    then: Literal["go-on", "end"] = "go-on"
    key: str = Field(min_length=8, max_length=64)


@router.get("/payments/{payment}")
async def show_payment(request: Request, payment: UUID) -> Response:
    return await _show(request, payment)


@router.post("/payments/{payment}/refund", dependencies=[Depends(staff("admin"))])
async def pay_back(request: Request, payment: UUID, member: StaffMember) -> Response:
    """Part of it, or all that is left. The form's key makes it one refund however often it is sent."""
    sent = await form(request, RefundWanted)
    row = await casebook.payment(payment)
    if not sent.ok:
        return await _show(request, payment, shown=sent)
    act = refund_and_end if sent.data.then == "end" else refund
    try:
        money = _money(sent.data.amount, row.currency)
        await act(
            row.organisation_id, payment, money, by=member.id, because=sent.data.because, key=f"staff:{sent.data.key}"
        )
    except Conflict as error:
        sent.refuse(str(error))
    except Invalid as error:
        sent.refuse(error)
    if not sent.ok:
        return await _show(request, payment, shown=sent)
    return redirect(request, f"/staff/billing/payments/{payment}", toast=_("The refund is on its way."))


def _money(amount: Decimal | None, currency: str) -> Money | None:
    """None: all that is left."""
    if amount is None:
        return None
    try:
        return Money.of(amount, currency)
    except ValueError as error:
        message = _("%(currency)s has no such part.", currency=currency)
        raise Invalid(message, fields={"amount": message}) from error


async def _show(request: Request, payment: UUID, *, shown: Form[RefundWanted] | None = None) -> Response:
    row = await casebook.payment(payment)
    async with transaction(system="staff looks at a payment") as session:
        names = await names_of(session, [row.organisation_id])
        refunds, disputes = await casebook.backwards(session, payment)
        booked = await casebook.booked_for(session, payment)
        entries = await casebook.entries_of(session, [each.id for each in booked])
        news = await casebook.news_of(session, [row.ref or ""])
    return await page(
        request,
        "billing/staff/payment.html",
        422 if shown else 200,
        row=row,
        name=names.get(row.organisation_id, ""),
        left=Money(row.amount - row.refunded, row.currency),
        refunds=refunds,
        disputes=disputes,
        may_report=may_report(row, disputes),
        booked=booked,
        entries=entries,
        news=news,
        form=shown or blank(),
        words=words,
        money=Money,
    )
