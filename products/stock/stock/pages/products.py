from collections.abc import Sequence
from datetime import date, timedelta
from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from markupsafe import Markup
from pydantic import BaseModel, Field
from sqlalchemy import update
from starlette.responses import Response

from stock.alerts import add_rule, alerts_of
from stock.listing import (
    CURRENCY,
    SORTS,
    STATES,
    LevelView,
    ProductView,
    Wanted,
    count_unfollowed,
    levels_of,
    list_products,
    product_of,
    subjects_of,
)
from stock.models import Product
from stock.overview import TradeDay, trade_days
from stock.permits import demand_plan, product_limit
from stock.wildberries import moscow_day
from verf import web
from verf.kit import Money, now
from verf.organisations import CurrentTenant, Tenant, TenantTransaction, require
from verf.web import Table, _, blank, form, format_date, page, redirect

router = APIRouter(prefix="/stock/products", include_in_schema=False)
Member = Annotated[Tenant, Depends(require("member"))]
SHOWN_DAYS = 60
AHEAD = 60


@router.get("")
async def show_all(request: Request, tenant: CurrentTenant, session: TenantTransaction) -> Response:
    subjects = await subjects_of(session)
    table = Table.read(
        request, sort=tuple(SORTS), default="cover", filters={"state": (*STATES, "reorder"), "subject": subjects}
    )
    wanted = Wanted(table.search, table.filters.get("state", ""), table.filters.get("subject", ""))
    rows, total = await list_products(
        session, wanted, sort=table.sort, descending=table.descending, limit=table.limit, offset=table.offset
    )
    return await page(
        request,
        "stock/products.html",
        table=table.of(total),
        rows=rows,
        subject_options=[(name, name) for name in subjects],
        unfollowed=await count_unfollowed(session),
        limit=await product_limit(session, tenant.organisation),
    )


@router.get("/{product_id}")
async def show(request: Request, product_id: UUID, tenant: CurrentTenant, session: TenantTransaction) -> Response:
    product = await product_of(session, product_id)
    levels = (await levels_of(session, [product.id])).get(product.id, ()) if product.is_followed else ()
    days = await trade_days(session, days=SHOWN_DAYS, connection=product.connection, nm_id=product.nm_id)
    warehouses, sizes = by_size(levels)
    return await page(
        request,
        "stock/product.html",
        product=product,
        warehouses=warehouses,
        sizes=sizes,
        stock_picture=stock_chart(product, days),
        daily_loss=Money(int(product.price_minor * product.per_day), CURRENCY),
        trade=trade_chart(days),
        days=days,
        alerts=await alerts_of(session, product=product.id, limit=10),
        form=blank({"lead_days": product.lead_days or "", "threshold": 14}),
        may_change=tenant.may("member"),
    )


class LeadTime(BaseModel):
    lead_days: int | None = Field(default=None, ge=0, le=365)


@router.post("/{product_id}/lead-time")
async def keep_lead_time(request: Request, product_id: UUID, tenant: Member, session: TenantTransaction) -> Response:
    await demand_plan(session, tenant)
    await product_of(session, product_id)
    sent = await form(request, LeadTime)
    if not sent.ok:
        message = next(iter(sent.errors.values()))
        return redirect(request, f"/stock/products/{product_id}", toast=message, kind="error")
    await session.execute(update(Product).where(Product.id == product_id).values(lead_days=sent.data.lead_days))
    message = _("Kept. The numbers follow with the next sync.")
    return redirect(request, f"/stock/products/{product_id}", toast=message)


class Watch(BaseModel):
    threshold: int = Field(ge=1, le=100_000)


@router.post("/{product_id}/watch")
async def watch(request: Request, product_id: UUID, tenant: Member, session: TenantTransaction) -> Response:
    await demand_plan(session, tenant)
    sent = await form(request, Watch)
    if not sent.ok:
        message = next(iter(sent.errors.values()))
        return redirect(request, f"/stock/products/{product_id}", toast=message, kind="error")
    await add_rule(session, tenant, measure="days", threshold=sent.data.threshold, product=product_id)
    return redirect(request, f"/stock/products/{product_id}", toast=_("The alert is set."))


def by_size(levels: Sequence[LevelView]) -> tuple[list[str], list[dict[str, object]]]:
    """Names of the warehouses, and for each size what lies in each of them."""
    names = list(dict.fromkeys(level.warehouse or _("Unnamed") for level in levels if level.kind in ("wb", "seller")))
    sizes: dict[int, dict[str, object]] = {}
    for level in levels:
        row = sizes.setdefault(
            level.chrt_id,
            {
                "name": level.size if level.size not in ("", "0") else _("One size"),
                "barcodes": level.barcodes,
                "cells": dict.fromkeys(names, 0),
                "total": 0,
                "to_client": 0,
                "from_client": 0,
                "price": Money(level.price_minor, CURRENCY),
            },
        )
        cells = row["cells"]
        assert isinstance(cells, dict)
        if level.kind in ("wb", "seller"):
            cells[level.warehouse or _("Unnamed")] += level.quantity
        for name, more in (
            ("total", level.quantity),
            ("to_client", level.to_client),
            ("from_client", level.from_client),
        ):
            row[name] = int(str(row[name])) + more
    return names, list(sizes.values())


def stock_chart(product: ProductView, days: Sequence[TradeDay]) -> Markup:
    """What lay on the shelf, and how it is expected to empty."""
    today = moscow_day(now())
    past = [(day.day, day.closing) for day in days[-30:]]
    ahead = [today + timedelta(days=step) for step in range(1, AHEAD + 1)]
    labels = [format_date(day, "d MMM") for day, _closing in past] + [format_date(today, "d MMM")]
    labels += [format_date(day, "d MMM") for day in ahead]
    blank_past: list[float | None] = [None] * len(past)
    known: list[float | None] = [closing for _day, closing in past]
    series = [web.charts.Series(name=_("In stock"), values=[*known, product.quantity, *([None] * AHEAD)], area=True)]
    ranges = []
    if product.runs_out is not None:
        middle = falling(product.quantity, today, product.runs_out)
        series.append(
            web.charts.Series(name=_("Forecast"), values=[*blank_past, product.quantity, *middle], dashed=True)
        )
        if product.runs_out_early is not None:
            early = falling(product.quantity, today, product.runs_out_early)
            late = falling(product.quantity, today, product.runs_out_late or today + timedelta(days=365))
            low: list[float | None] = [*blank_past, product.quantity, *early]
            high: list[float | None] = [*blank_past, product.quantity, *late]
            ranges.append(web.charts.Range(name=_("Likely range"), low=low, high=high))
    marks = [web.charts.Mark(value=product.reorder_point, label=_("Reorder point"))] if product.reorder_point else []
    return web.charts.line(labels, series, title=_("Stock and forecast"), ranges=ranges, marks=marks)


def falling(quantity: int, today: date, empty: date) -> list[float | None]:
    days = max((empty - today).days, 1)
    return [max(quantity * (1 - step / days), 0.0) for step in range(1, AHEAD + 1)]


def trade_chart(days: Sequence[TradeDay]) -> Markup:
    return web.charts.bars(
        [format_date(day.day, "d MMM") for day in days],
        [
            web.charts.Series(name=_("Orders"), values=[float(day.orders) for day in days]),
        ],
        title=_("Orders a day"),
    )
