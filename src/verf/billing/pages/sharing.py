"""Codes and friends: free days by a code, the link of an organisation, and whoever comes by it."""

from typing import Annotated

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from verf.billing.promo_codes import GUESSES, PromoRefused, redeem_days
from verf.billing.referrals import ReferralRefused, follow
from verf.billing.refusals import Refused, tried
from verf.database import transaction
from verf.limits import OncePerForm, guard
from verf.organisations import Tenant, TenantTransaction, require
from verf.web import drop_cookie, form, ngettext, read_cookie, redirect, set_cookie

router = APIRouter(include_in_schema=False)
redeeming = APIRouter(include_in_schema=False, route_class=OncePerForm)
Payer = Annotated[Tenant, Depends(require("admin"))]
COOKIE = "friend"
REMEMBERED = 30 * 24 * 3600
LONGEST = 40


class Redeemed(BaseModel):
    product: str = Field(min_length=1, max_length=60)
    code: str = Field(min_length=1, max_length=60)


@router.get("/r/{code}")
async def come_by_link(request: Request, code: str) -> Response:
    """The link is remembered until the first checkout, for a month at most."""
    response = redirect(request, "/pricing" if request.state.viewer else "/sign-up")
    if code.isalnum() and len(code) <= LONGEST:
        set_cookie(response, COOKIE, code, max_age=REMEMBERED)
    return response


@redeeming.post("/billing/redeem")
async def redeem(request: Request, tenant: Payer, session: TenantTransaction) -> Response:
    sent = await form(request, Redeemed)
    back = f"/billing?product={sent.values.get('product', '')}"
    if not sent.ok:
        return redirect(request, "/billing", toast=next(iter(sent.errors.values())), kind="error")
    await guard(request, GUESSES.name, caller=f"person:{tenant.person}")
    doing = redeem_days(session, tenant.organisation, sent.data.code, product=sent.data.product, person=tenant.person)
    days = await tried(doing, (PromoRefused,))
    if isinstance(days, Refused):
        return days.told(request, back)
    told = ngettext("%(num)s day is yours, free.", "%(num)s days are yours, free.", days)
    return redirect(request, back, toast=told)


async def note_friend(request: Request, tenant: Tenant) -> None:
    """Whoever sent them is told to the books before the first payment. A link that does not hold is forgotten."""
    code = read_cookie(request, COOKIE)
    if not code:
        return
    try:
        async with transaction(system="billing: somebody came by a link") as session:
            await follow(session, code, tenant.organisation)
    except ReferralRefused:
        return


def forget_friend(response: Response) -> None:
    drop_cookie(response, COOKIE)
