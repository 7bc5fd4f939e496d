from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel, Field
from starlette.responses import Response

from verf.audit import history
from verf.billing import casebook, words
from verf.billing.customers import names_of
from verf.billing.declarations import products
from verf.billing.gratuities import GrantGone, give_feature, give_plan, take_back
from verf.billing.models import Subscription
from verf.billing.overriding import overrides_of
from verf.billing.price_list import price_list, product_named, selling
from verf.billing.refusals import done
from verf.billing.standing import standing_of
from verf.billing.usage_report import usage_of
from verf.billing.why import Explanation, NobodyFound, explain, organisations_of
from verf.database import transaction
from verf.errors import Invalid, NotFound
from verf.identity import StaffMember, staff
from verf.kit import Money
from verf.web import Form, _, blank, form, page, redirect

router = APIRouter(prefix="/staff/billing", include_in_schema=False, dependencies=[Depends(staff("support"))])
Address = Annotated[str, Query(max_length=320)]
Feature = Annotated[str, Query(max_length=80)]


class SubscriptionUnknown(NotFound):
    pass


class Gift(BaseModel):
    product: str = Field(min_length=1, max_length=60)
    what: str = Field(min_length=1, max_length=80)
    amount: int | None = Field(default=None, ge=0, le=1_000_000_000)
    days: int = Field(ge=1, le=3660)
    because: str = Field(min_length=3, max_length=300)
    key: str = Field(min_length=8, max_length=64)


class Taken(BaseModel):
    product: str = Field(min_length=1, max_length=60)
    because: str = Field(min_length=3, max_length=300)


@router.get("/subscriptions/{subscription}")
async def show_subscription(request: Request, subscription: UUID) -> Response:
    """The whole story of one."""
    async with transaction(system="staff looks at a subscription") as session:
        row = await session.get(Subscription, subscription)
        if row is None:
            raise SubscriptionUnknown(_("There is no such subscription."))
        names = await names_of(session, [row.organisation_id])
        log = await casebook.log_of(session, row.id)
        payments = await casebook.money_of(session, row.id)
        news = await casebook.news_of(session, [row.ref, *(payment.ref or "" for payment in payments)])
        said = await history(session, subject=f"subscription:{row.id}", limit=50)
    async with transaction(organisation=row.organisation_id) as session:
        standing = await standing_of(session, row.organisation_id, row.product)
    return await page(
        request,
        "billing/staff/subscription.html",
        row=row,
        name=names.get(row.organisation_id, ""),
        standing=standing if standing.subscription == row.id else None,
        log=log,
        payments=payments,
        news=news,
        said=said,
        words=words,
        money=Money,
    )


@router.get("/accounts/{organisation}")
async def show_account(request: Request, organisation: UUID, product: str = "") -> Response:
    return await _show(request, organisation, product)


@router.post("/accounts/{organisation}/give", dependencies=[Depends(staff("admin"))])
async def give(request: Request, organisation: UUID, member: StaffMember) -> Response:
    sent = await form(request, Gift)
    if not sent.ok:
        return await _show(request, organisation, str(sent.values.get("product", "")), gift=sent)
    kind, _separator, name = sent.data.what.partition(":")
    common = {"days": sent.data.days, "by": member.id, "because": sent.data.because, "key": sent.data.key}
    try:
        async with transaction(organisation=organisation) as session:
            if kind == "plan":
                await give_plan(session, organisation, sent.data.product, name, **common)  # type: ignore[arg-type]
            else:
                await give_feature(
                    session,
                    organisation,
                    sent.data.product,
                    name,
                    amount=sent.data.amount,
                    **common,  # type: ignore[arg-type]
                )
    except (Invalid, NotFound) as error:
        sent.refuse(str(error), "what")
        return await _show(request, organisation, sent.data.product, gift=sent)
    return redirect(request, f"/staff/billing/accounts/{organisation}?product={sent.data.product}", toast=_("Given."))


@router.post("/accounts/{organisation}/grants/{grant}/revoke", dependencies=[Depends(staff("admin"))])
async def revoke(request: Request, organisation: UUID, grant: UUID, member: StaffMember) -> Response:
    sent = await form(request, Taken)
    back = f"/staff/billing/accounts/{organisation}?product={sent.values.get('product', '')}"
    if not sent.ok:
        return redirect(request, back, toast=_("Say why, in a few words."), kind="error")
    doing = _take_back(organisation, grant, by=member.id, because=sent.data.because)
    return await done(request, back, doing, (GrantGone,), told=_("Taken back."))


@router.get("/why")
async def show_why(
    request: Request, person: Address = "", feature: Annotated[str, Query(max_length=80)] = ""
) -> Response:
    """The whole decision, in every organisation where somebody works."""
    problem, found = "", []
    if person and feature:
        product, _separator, name = feature.partition(":")
        try:
            async with transaction() as session:
                places = await organisations_of(session, person)
            found = [await _explain(place.organisation, product, name) for place in places]
        except (NobodyFound, NotFound) as error:
            problem = str(error)
    return await page(
        request,
        "billing/staff/why.html",
        form=blank({"person": person, "feature": feature}),
        features=[
            (f"{each.name}:{one.feature}", f"{_(each.title)}: {_(one.title)}")
            for each in products()
            for one in each.entitlements
        ],
        found=found,
        problem=problem,
        words=words,
    )


async def _take_back(organisation: UUID, grant: UUID, *, by: UUID, because: str) -> None:
    async with transaction(organisation=organisation) as session:
        await take_back(session, organisation, grant, by=by, because=because)


async def _explain(organisation: UUID, product: str, feature: str) -> Explanation:
    async with transaction(organisation=organisation) as session:
        return await explain(session, organisation, product, feature)


async def _show(request: Request, organisation: UUID, product: str, *, gift: Form[Gift] | None = None) -> Response:
    chosen = product_named(product or next((each.name for each in selling()), ""))
    async with transaction(system="staff looks at an account") as session:
        names = await names_of(session, [organisation])
        if not names:
            raise NotFound(_("There is no such organisation."))
        given = await casebook.grants_of(session, organisation, chosen.name)
        said = await history(session, subject=f"organisation:{organisation}", limit=20)
    async with transaction(organisation=organisation) as session:
        standing = await standing_of(session, organisation, chosen.name)
        used = await usage_of(session, organisation, chosen.name)
        overrides = await overrides_of(session, organisation, chosen.name)
        decisions = [await explain(session, organisation, chosen.name, use.feature) for use in used]
    prices = await price_list(chosen)
    options = [(f"plan:{plan.plan}", _("Plan %(plan)s", plan=_(plan.title))) for plan in prices.plans]
    options += [(f"feature:{each.feature}", _(each.title)) for each in prices.entitlements]
    return await page(
        request,
        "billing/staff/account.html",
        422 if gift else 200,
        organisation=organisation,
        name=names[organisation],
        product=chosen,
        products=[
            {"label": _(each.title), "href": f"?product={each.name}", "current": each.name == chosen.name}
            for each in selling()
        ],
        standing=standing,
        grants=given,
        decisions=decisions,
        overrides=overrides,
        options=options,
        gift=gift or blank({"days": 30}),
        said=said,
        words=words,
    )
