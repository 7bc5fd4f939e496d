from typing import Annotated
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from verf.billing import words
from verf.billing.price_list import PriceList, price_list, product_named, selling
from verf.billing.promo_codes import Promo as Promotion
from verf.billing.promo_codes import find_promo
from verf.billing.standing import Standing, standing_of
from verf.database import transaction
from verf.web import _, locale, page

router = APIRouter(include_in_schema=False)
Promo = Annotated[str, Query(max_length=60)]


@router.get("/pricing")
async def show(
    request: Request, product: str = "", currency: str = "", interval: str = "", promo: Promo = ""
) -> Response:
    """`promo` is what a link brought; it goes along to the checkout."""
    sold = selling()
    chosen = product_named(product or (sold[0].name if sold else ""))
    prices = await price_list(chosen)
    viewer = request.state.viewer
    standing = await _standing(viewer.organisation if viewer else None, chosen.name)
    code = await _code(promo)
    shown_currency, shown_interval = prices.currency_for(currency, locale()), prices.interval_for(interval)
    return await page(
        request,
        "billing/pricing.html",
        prices=prices,
        products=[(_(each.title), f"/pricing?product={each.name}", each.name == chosen.name) for each in sold],
        currency=shown_currency,
        interval=shown_interval,
        switches=_switches(prices, shown_currency, shown_interval, with_product=len(sold) > 1, promo=promo),
        standing=standing,
        promo=code,
        promo_asked=promo,
        words=words,
    )


async def _code(promo: str) -> Promotion | None:
    if not promo:
        return None
    async with transaction() as session:
        return await find_promo(session, promo)


async def _standing(organisation: UUID | None, product: str) -> Standing:
    if organisation is None:
        return Standing(product=product)
    async with transaction(organisation=organisation) as session:
        return await standing_of(session, organisation, product)


def _switches(
    prices: PriceList, currency: str, interval: str, *, with_product: bool, promo: str
) -> dict[str, list[dict[str, object]]]:
    """Links that change one thing and keep the other."""

    def link(label: str, is_current: bool, **said: str) -> dict[str, object]:
        kept = {"product": prices.product if with_product else "", "promo": promo}
        query = {**{name: value for name, value in kept.items() if value}, **said}
        return {"label": label, "href": f"/pricing?{urlencode(query)}", "current": is_current}

    return {
        "currency": [link(each, each == currency, currency=each, interval=interval) for each in prices.currencies],
        "interval": [
            link(words.interval_title(each), each == interval, currency=currency, interval=each)
            for each in prices.intervals
        ],
    }
