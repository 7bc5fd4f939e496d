from collections.abc import Mapping
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from stock.connections import connections_of
from stock.sync import STEPS, RunView, cancel_run, run_of, runs_of
from stock.words import error_text, note_of, step_name
from verf.organisations import CurrentTenant, Tenant, TenantTransaction, require
from verf.web import _, decode_cursor, encode_cursor, page, redirect

router = APIRouter(prefix="/stock/runs", include_in_schema=False)
Member = Annotated[Tenant, Depends(require("member"))]
SIZE = 30


@router.get("")
async def show_all(request: Request, session: TenantTransaction, cursor: str = "") -> Response:
    (before,) = decode_cursor(cursor, UUID) if cursor else (None,)
    runs = await runs_of(session, before=before, limit=SIZE + 1)
    shops = {shop.id: shop.name for shop in await connections_of(session)}
    following = encode_cursor(runs[SIZE - 1].id) if len(runs) > SIZE else ""
    return await page(
        request, "stock/runs.html", runs=runs[:SIZE], shops=shops, following=following, cursor=cursor, error=error_of
    )


@router.get("/{run_id}")
async def show(request: Request, run_id: UUID, tenant: CurrentTenant, session: TenantTransaction) -> Response:
    run = await run_of(session, run_id)
    shops = {shop.id: shop.name for shop in await connections_of(session)}
    steps = [(step_name(step), run.steps.get(step, {}), note_of(run.steps.get(step, {}))) for step in STEPS]
    return await page(
        request,
        "stock/run.html",
        run=run,
        shop=shops.get(run.connection, ""),
        steps=steps,
        error=error_of(run),
        may_cancel=tenant.may("member"),
    )


@router.post("/{run_id}/cancel")
async def cancel(request: Request, run_id: UUID, tenant: Member, session: TenantTransaction) -> Response:
    await cancel_run(session, run_id)
    return redirect(request, f"/stock/runs/{run_id}", toast=_("It stops at the next page."))


def error_of(run: RunView) -> str:
    if not run.first_error_code:
        return ""
    failed: Mapping[str, Any] = next(
        (step for step in run.steps.values() if step.get("code") == run.first_error_code), {}
    )
    return error_text(run.first_error_code, str(failed.get("step", "")), run.first_error or "")
