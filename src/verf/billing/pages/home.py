from uuid import UUID

from fastapi import APIRouter, Request
from starlette.responses import Response

from verf.billing import words
from verf.billing.price_list import PriceList, price_list, product_named, selling
from verf.billing.providers.registry import enabled
from verf.billing.referrals import referral_code
from verf.billing.settings import BillingSettings
from verf.billing.standing import Standing, standing_of
from verf.billing.statements import payment_of, payments_of
from verf.billing.usage_report import usage_of
from verf.organisations import CurrentTenant, TenantTransaction, organisation_of
from verf.realtime import organisation_topic, stream
from verf.settings import House, load
from verf.web import _, format_date, format_money, locale, page

router = APIRouter(include_in_schema=False)


@router.get("/billing")
async def show(
    request: Request, tenant: CurrentTenant, session: TenantTransaction, product: str = "", cursor: str = ""
) -> Response:
    sold = selling()
    chosen = product_named(product or (sold[0].name if sold else ""))
    prices = await price_list(chosen)
    standing = await standing_of(session, tenant.organisation, chosen.name)
    code = await referral_code(session, tenant.organisation)
    payments, following = await payments_of(session, tenant.organisation, product=chosen.name, cursor=cursor)
    return await page(
        request,
        "billing/home.html",
        prices=prices,
        products=[
            {"label": _(each.title), "href": f"/billing?product={each.name}", "current": each.name == chosen.name}
            for each in sold
        ],
        standing=standing,
        details=_details(standing),
        usage=await usage_of(session, tenant.organisation, chosen.name),
        options=_options(prices, standing),
        payments=payments,
        older=f"/billing?product={chosen.name}&cursor={following}" if following else "",
        able=_abilities(standing),
        friend_link=f"{load(House).url}/r/{code}",
        settings=load(BillingSettings),
        may_pay=tenant.may("admin"),
        words=words,
    )


@router.get("/billing/live")
async def live(request: Request, tenant: CurrentTenant) -> Response:
    """Tells open pages that access or a subscription has changed."""
    return stream([organisation_topic(tenant.organisation, "access")], request)


@router.get("/billing/receipts/{payment}")
async def show_receipt(request: Request, payment: UUID, tenant: CurrentTenant, session: TenantTransaction) -> Response:
    """A page to print, for payments whose provider makes no document."""
    line, refunds = await payment_of(session, tenant.organisation, payment)
    organisation = await organisation_of(session, tenant.organisation)
    return await page(
        request,
        "billing/receipt.html",
        payment=line,
        refunds=refunds,
        product=next((_(each.title) for each in selling() if each.name == line.product), line.product),
        organisation=organisation.name,
        words=words,
    )


def _details(standing: Standing) -> list[tuple[str, str]]:
    """What there is to know, and nothing that is not so."""
    known = [
        (_("Price"), words.price_text(standing.money, standing.interval) if standing.money else ""),
        (_("Next charge"), _next_charge(standing)),
        (_("Credit on account"), format_money(standing.credit) if standing.credit else ""),
        (_("Paid until"), format_date(standing.paid_until, "long") if standing.paid_until else ""),
        (_("Paid with"), _method(standing)),
        (_("Paid through"), words.provider_title(standing.provider) if standing.provider != "house" else ""),
    ]
    return [(term, value) for term, value in known if value]


def _next_charge(standing: Standing) -> str:
    if not standing.next_charge_at or standing.next_charge is None:
        return ""
    money, date = format_money(standing.next_charge), format_date(standing.next_charge_at, "long")
    return _("%(money)s on %(date)s", money=money, date=date)


def _method(standing: Standing) -> str:
    if not standing.method_expires:
        return standing.method
    return _("%(card)s, valid until %(month)s", card=standing.method, month=standing.method_expires)


def _options(prices: PriceList, standing: Standing) -> list[tuple[str, str]]:
    """What the plan can be changed to, in the currency that is paid in."""
    currency = standing.money.currency if standing.money else prices.currency_for("", locale())
    return [
        (str(price.id), f"{_(plan.title)}: {words.price_text(price.money, price.interval)}")
        for plan in prices.plans
        for price in plan.prices
        if price.money.currency == currency and price.id != standing.price
    ]


def _abilities(standing: Standing) -> dict[str, bool]:
    source = next((each for each in enabled() if each.name == standing.provider), None)
    return {
        "portal": bool(source and source.abilities.has_portal),
        "pause": standing.can_pause and bool(source and (standing.is_ours or source.abilities.can_pause)),
    }
