"""Every call of a program to the tracker's API counts against its plan; pages, which use cookies, do not."""

from fastapi import Request

from stock.permits import STOCK
from stock.plans import CALLS
from verf.billing import Counted, Entitlements, Given, QuotaExceeded, as_hit, entitlements, take_one
from verf.limits import tell
from verf.organisations import CurrentTenant, Tenant


async def counted(request: Request, tenant: CurrentTenant) -> None:
    """A dependency of every router of the API: 429 when the calls of this month are used."""
    if not request.headers.get("authorization", "").lower().startswith("bearer "):
        return
    try:
        done = await _count(tenant)
    except QuotaExceeded as refused:
        _tell(request, refused.counted, passed=False)
        raise
    _tell(request, done, passed=True)


async def _count(tenant: Tenant) -> Counted:
    known = await entitlements(tenant.organisation, STOCK)
    return await take_one(tenant.organisation, STOCK, CALLS, without_plan=_smallest(known))


def _smallest(known: Entitlements) -> Given | None:
    """Whoever has no plan may still read what was read, as often as with the smallest one."""
    return known.offers[0].gives.get(CALLS) if known.offers else None


def _tell(request: Request, done: Counted, *, passed: bool) -> None:
    hit = as_hit(done, passed=passed)
    if hit:
        tell(request, *hit)
