"""Where the addresses of Paddle lead: `?_ptxn=` names a transaction, and the script of Paddle opens its checkout.

Public, for Paddle puts it into mails to customers too. What it shows is Paddle's; it knows nobody here.
"""

from typing import Annotated
from urllib.parse import urlencode, urlsplit

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from verf.billing.providers.paddle import SCRIPT, payment_page
from verf.errors import NotFound
from verf.settings import House, load
from verf.web import _, locale, page, redirect

router = APIRouter(include_in_schema=False)
Transaction = Annotated[str, Query(alias="_ptxn", pattern=r"^txn_[a-z0-9]{10,40}$")]
# Languages of Paddle's checkout among ours; it speaks English to the others.
SPOKEN = {"en": "en", "ru": "ru"}


class NothingToPayHere(NotFound):
    """Paddle is not set up for a page of ours."""


@router.get("/billing/pay")
async def show(
    request: Request, transaction: Transaction, return_url: Annotated[str, Query(max_length=2000)] = ""
) -> Response:
    prepared, back = payment_page(), _ours(return_url)
    if prepared is None:
        raise NothingToPayHere(_("There is nothing to pay here."))
    if prepared.elsewhere:
        return redirect(request, f"{prepared.elsewhere}?{urlencode({'return_url': back, '_ptxn': transaction})}")
    spoken = SPOKEN.get(locale(), "en")
    response = await page(request, "billing/paddle.html", prepared=prepared, script=SCRIPT, back=back, spoken=spoken)
    response.headers.update(prepared.headers)
    return response


def _ours(address: str) -> str:
    """Where to go afterwards: a page of this house, whatever the link says."""
    house = load(House).url
    wanted, ours = urlsplit(address), urlsplit(house)
    is_ours = (wanted.scheme, wanted.netloc) == (ours.scheme, ours.netloc)
    return address if is_ours else f"{house}/billing"
