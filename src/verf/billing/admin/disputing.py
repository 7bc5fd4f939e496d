"""What a bank does with a payment, where the provider tells people and no program of it: staff says what it heard."""

from decimal import Decimal
from typing import Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from verf.billing import casebook
from verf.billing.models import Dispute
from verf.billing.refusals import Refused, done, tried
from verf.billing.reported_disputes import DisputeRefused, DisputeUnknown, decide_dispute, report_dispute
from verf.identity import StaffMember, staff
from verf.kit import Money
from verf.web import _, form, redirect

router = APIRouter(prefix="/staff/billing", include_in_schema=False, dependencies=[Depends(staff("admin"))])


class Heard(BaseModel):
    disputed: Decimal | None = Field(default=None, gt=0)
    letter: str = Field(min_length=3, max_length=300)


class Decided(BaseModel):
    verdict: Literal["won", "lost"]


@router.post("/payments/{payment}/dispute")
async def tell(request: Request, payment: UUID, member: StaffMember) -> Response:
    """Of part of it, or of all that is left."""
    sent, back = await form(request, Heard), f"/staff/billing/payments/{payment}"
    if not sent.ok:
        return redirect(request, back, toast=_("Check the fields."), kind="error")
    row = await casebook.payment(payment)
    try:
        money = Money.of(sent.data.disputed, row.currency) if sent.data.disputed else None
    except ValueError:
        return Refused(_("%(currency)s has no such part.", currency=row.currency)).told(request, back)
    doing = report_dispute(row.organisation_id, row.id, money, by=member.id, because=sent.data.letter)
    reported = await tried(doing, (DisputeRefused,))
    if isinstance(reported, Refused):
        return reported.told(request, back)
    return redirect(request, back, toast=_("The dispute is open, and access waits."))


@router.post("/disputes/{dispute}")
async def decide(request: Request, dispute: UUID, member: StaffMember) -> Response:
    sent, row = (
        await form(request, Decided),
        await casebook.found(Dispute, dispute, DisputeUnknown(_("There is no such dispute."))),
    )
    back = f"/staff/billing/payments/{row.payment_id}"
    if not sent.ok:
        return redirect(request, back, toast=_("Check the fields."), kind="error")
    won = sent.data.verdict == "won"
    told = _("Won: access is open again.") if won else _("Lost: the subscription ends.")
    doing = decide_dispute(row.organisation_id, row.id, sent.data.verdict, by=member.id)
    return await done(request, back, doing, (DisputeRefused,), told=told)
