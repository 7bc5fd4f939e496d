from collections.abc import Sequence
from datetime import datetime

from fastapi import APIRouter, Request
from markupsafe import Markup
from starlette.responses import Response

from stock.overview import Shop, Summary, TradeDay, running_out, shops_of, summary_of, to_reorder, trade_days
from stock.permits import is_paused
from stock.wildberries import moscow_day
from verf import web
from verf.kit import now
from verf.organisations import CurrentTenant, TenantTransaction
from verf.realtime import organisation_topic, stream
from verf.web import _, blank, format_date, page

router = APIRouter(include_in_schema=False)


@router.get("/stock/")
async def show(request: Request, tenant: CurrentTenant, session: TenantTransaction) -> Response:
    shops = await shops_of(session)
    if not any(shop.connection.first_synced_at for shop in shops):
        return await page(
            request,
            "stock/welcome.html",
            shops=shops,
            form=blank(),
            may_connect=tenant.may("member"),
            paused=await is_paused(session, tenant.organisation),
        )
    summary = await summary_of(session)
    days = await trade_days(session)
    return await page(
        request,
        "stock/dashboard.html",
        shops=shops,
        summary=summary,
        urgent=await running_out(session),
        reorders=await to_reorder(session),
        days=days,
        trade=trade_chart(days),
        today=moscow_day(now()),
        cover=cover_chart(summary),
        may_sync=tenant.may("member"),
        age=oldest_age(shops),
        paused=await is_paused(session, tenant.organisation),
    )


@router.get("/stock")
async def without_slash(request: Request, tenant: CurrentTenant, session: TenantTransaction) -> Response:
    return await show(request, tenant, session)


@router.get("/stock/live")
async def live(request: Request, tenant: CurrentTenant) -> Response:
    """Tells open pages that something has moved."""
    return stream([organisation_topic(tenant.organisation, "stock")], request)


def oldest_age(shops: Sequence[Shop]) -> datetime | None:
    """When the oldest of the stock on this page was read."""
    moments = [shop.connection.stock_at for shop in shops if shop.connection.stock_at]
    return min(moments, default=None)


def trade_chart(days: Sequence[TradeDay]) -> Markup:
    labels = [format_date(day.day, "d MMM") for day in days]
    return web.charts.line(
        labels,
        [
            web.charts.Series(name=_("Orders"), values=[day.orders for day in days], area=True),
            web.charts.Series(name=_("Sales less returns"), values=[day.sales for day in days]),
        ],
        title=_("Orders and sales, last 30 days"),
    )


def cover_chart(summary: Summary) -> Markup:
    labels = [_("Empty"), _("under 7"), "7–14", "14–30", "30–60", _("over 60")]
    return web.charts.bars(
        labels,
        [web.charts.Series(name=_("Products"), values=[float(count) for count in summary.cover])],
        title=_("Products by days of cover"),
    )
