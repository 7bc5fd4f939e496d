from datetime import timedelta
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, Field, SecretStr
from starlette.responses import Response

from stock import connecting
from stock.connections import connection_of, disconnect, disconnect_and_erase, row_of
from stock.overview import shops_of
from stock.permits import demand_plan, is_paused, sync_every
from stock.sync import AlreadyRunning, start_run
from stock.words import category_names
from verf.database import transaction
from verf.errors import Conflict, Invalid, Unavailable
from verf.organisations import CurrentTenant, Tenant, TenantTransaction, require
from verf.web import Form, _, blank, form, page, redirect

router = APIRouter(prefix="/stock/connections", include_in_schema=False)
Member = Annotated[Tenant, Depends(require("member"))]


class Token(BaseModel):
    token: SecretStr = Field(min_length=1)
    marketplace: str = "wildberries"


@router.get("")
async def show_all(request: Request, tenant: CurrentTenant) -> Response:
    return await _show(request, tenant, blank())


async def _show(
    request: Request, tenant: Tenant, connect: Form[Token], status: int = 200, *, replacing: UUID | None = None
) -> Response:
    async with transaction(organisation=tenant.organisation) as session:
        shops = await shops_of(session)
        paused = await is_paused(session, tenant.organisation)
        every = await sync_every(session, tenant.organisation)
    return await page(
        request,
        "stock/connections.html",
        status,
        shops=shops,
        form=connect,
        replacing=replacing,
        may_change=tenant.may("member"),
        categories=category_names,
        paused=paused,
        every_minutes=every // timedelta(minutes=1),
    )


@router.post("")
async def connect(request: Request, tenant: Member) -> Response:
    """No transaction is open here: Wildberries is asked whose token it is."""
    sent = await form(request, Token)
    if sent.ok:
        try:
            await connecting.connect(tenant, sent.data.marketplace, sent.data.token.get_secret_value().strip())
        except (Invalid, Conflict, Unavailable) as error:
            refuse(sent, error)
        else:
            return redirect(request, "/stock/", toast=_("Connected. Your products are on their way."))
    return await _show(request, tenant, sent, 422)


def refuse(sent: Form[Token], error: Invalid | Conflict | Unavailable) -> None:
    if isinstance(error, Invalid):
        sent.refuse(error)
    else:
        sent.refuse(str(error), "token")


@router.post("/{connection_id}/token")
async def replace_token(request: Request, connection_id: UUID, tenant: Member) -> Response:
    sent = await form(request, Token)
    if sent.ok:
        try:
            token = sent.data.token.get_secret_value().strip()
            await connecting.replace_token(tenant, connection_id, "wildberries", token)
        except (Invalid, Conflict, Unavailable) as error:
            refuse(sent, error)
        else:
            return redirect(request, "/stock/connections", toast=_("The new token works."))
    return await _show(request, tenant, sent, 422, replacing=connection_id)


@router.post("/{connection_id}/sync")
async def sync(request: Request, connection_id: UUID, tenant: Member, session: TenantTransaction) -> Response:
    await demand_plan(session, tenant)
    row = await row_of(session, connection_id)
    if row.state == "disconnected":
        raise Conflict(_("This shop is disconnected. Connect it again first."))
    try:
        run = await start_run(session, row, trigger="manual")
    except AlreadyRunning as running:
        return redirect(request, f"/stock/runs/{running.run}", toast=str(running), kind="info")
    return redirect(request, f"/stock/runs/{run}", toast=_("The sync has started."))


@router.post("/{connection_id}/test")
async def test(request: Request, connection_id: UUID, tenant: Member) -> Response:
    """Ask Wildberries whether the token still works."""
    answer, kind = await connecting.test(tenant, connection_id)
    return redirect(request, "/stock/connections", toast=answer, kind=kind)


class Leaving(BaseModel):
    data: Literal["keep", "delete"] = "keep"


@router.post("/{connection_id}/disconnect")
async def leave(request: Request, connection_id: UUID, tenant: Member, session: TenantTransaction) -> Response:
    sent = await form(request, Leaving)
    await connection_of(session, connection_id)
    if sent.ok and sent.data.data == "delete":
        await disconnect_and_erase(session, tenant.organisation, connection_id)
        return redirect(request, "/stock/connections", toast=_("Disconnected. Its data is being deleted."))
    await disconnect(session, connection_id)
    return redirect(request, "/stock/connections", toast=_("Disconnected. Its numbers stay."))
