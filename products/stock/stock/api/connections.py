from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, ConfigDict, Field, SecretStr

from stock import connecting
from stock.api.counting import counted
from stock.connections import (
    ConnectionView,
    connection_of,
    connections_of,
    disconnect,
    disconnect_and_erase,
    row_of,
)
from stock.permits import demand_plan
from stock.sync import AlreadyRunning, start_run
from stock.wildberries import judge
from stock.wildberries.tokens import decode
from verf.errors import Conflict
from verf.kit import now
from verf.organisations import CurrentTenant, Tenant, TenantTransaction, require
from verf.web import _, problem_responses

router = APIRouter(
    prefix="/api/v1/stock/connections",
    tags=["stock"],
    responses=problem_responses(401, 402, 403, 404, 409, 429, 503),
    dependencies=[Depends(counted)],
)
Member = Annotated[Tenant, Depends(require("member"))]


class NewConnection(BaseModel):
    model_config = ConfigDict(
        json_schema_extra={"examples": [{"marketplace": "wildberries", "token": "eyJhbGciOiJFUzI1NiIs…"}]}
    )
    marketplace: str = Field(default="wildberries", max_length=40)
    token: SecretStr = Field(description="The seller's token. It is kept encrypted and never shown again.")


class NewToken(BaseModel):
    token: SecretStr


class TokenAnswer(BaseModel):
    kind: str = Field(examples=["service"])
    scopes: list[str] = Field(examples=[["Content", "Analytics", "Prices and discounts", "Marketplace", "Statistics"]])
    read_only: bool
    expires_at: datetime
    days_left: int


class ConnectionAnswer(BaseModel):
    id: UUID
    marketplace: str = Field(examples=["wildberries"])
    seller: str
    name: str = Field(examples=["ООО «Тёплый Дом»"])
    state: Literal["active", "invalid", "disconnected"]
    state_reason: str = Field(description="Why the last sync went wrong; empty when it did not.")
    token: TokenAnswer
    created_at: datetime
    next_sync_at: datetime
    last_synced_at: datetime | None
    stock_at: datetime | None = Field(description="When the marketplace's stock was last read completely.")

    @classmethod
    def of(cls, view: ConnectionView) -> "ConnectionAnswer":
        return cls(
            id=view.id,
            marketplace=view.marketplace,
            seller=view.seller,
            name=view.name,
            state=view.state,
            state_reason=view.state_reason,
            token=TokenAnswer(
                kind=view.token_kind,
                scopes=list(view.scopes),
                read_only=view.read_only,
                expires_at=view.expires_at,
                days_left=view.days_left,
            ),
            created_at=view.created_at,
            next_sync_at=view.next_sync_at,
            last_synced_at=view.last_synced_at,
            stock_at=view.stock_at,
        )


class ConnectionList(BaseModel):
    items: list[ConnectionAnswer]


class TokenCheck(BaseModel):
    kind: str
    seller: str
    scopes: list[str]
    read_only: bool
    expires_at: datetime
    refusals: list[str] = Field(description="Why this token cannot be used. Empty: it can.")
    warnings: list[str]


class StartedRun(BaseModel):
    id: UUID
    run_id: UUID
    state: Literal["queued", "running"]
    already_running: bool = Field(description="True when this run was under way before: there is never a second one.")


@router.post("", status_code=201)
async def create(body: NewConnection, tenant: Member) -> ConnectionAnswer:
    """Connect a shop and start its first sync. Answers 422 with the reason when the token may not be used."""
    return ConnectionAnswer.of(
        await connecting.connect(tenant, body.marketplace, body.token.get_secret_value().strip())
    )


@router.post("/check")
async def check(body: NewConnection, tenant: CurrentTenant) -> TokenCheck:
    """What a token says about itself, without asking Wildberries and without keeping it."""
    token = decode(body.token.get_secret_value().strip())
    verdict = judge(token, now())
    return TokenCheck(
        kind=token.kind,
        seller=token.seller,
        scopes=token.scope_names,
        read_only=token.read_only,
        expires_at=token.expires_at,
        refusals=list(verdict.refusals),
        warnings=list(verdict.warnings),
    )


@router.get("")
async def list_all(session: TenantTransaction) -> ConnectionList:
    return ConnectionList(items=[ConnectionAnswer.of(one) for one in await connections_of(session)])


@router.get("/{connection_id}")
async def show(connection_id: UUID, session: TenantTransaction) -> ConnectionAnswer:
    return ConnectionAnswer.of(await connection_of(session, connection_id))


@router.put("/{connection_id}/token")
async def replace_token(connection_id: UUID, body: NewToken, tenant: Member) -> ConnectionAnswer:
    """Another token of the same shop."""
    view = await connecting.replace_token(tenant, connection_id, "wildberries", body.token.get_secret_value().strip())
    return ConnectionAnswer.of(view)


@router.delete("/{connection_id}", status_code=204)
async def delete(
    connection_id: UUID,
    tenant: Member,
    session: TenantTransaction,
    data: Annotated[Literal["delete", "keep"], Query(description="What becomes of what was read.")] = "delete",
) -> None:
    """The token is forgotten at once. With `data=keep` the shop stays, disconnected, with all its numbers."""
    if data == "keep":
        await disconnect(session, connection_id)
        return
    await disconnect_and_erase(session, tenant.organisation, connection_id)


@router.post("/{connection_id}/sync", status_code=202)
async def sync(connection_id: UUID, tenant: Member, session: TenantTransaction) -> StartedRun:
    """Synchronise now. While a run is under way its id comes back and no second one starts. 402 without a plan."""
    await demand_plan(session, tenant)
    row = await row_of(session, connection_id)
    if row.state == "disconnected":
        raise Conflict(_("This shop is disconnected. Connect it again first."))
    try:
        run = await start_run(session, row, trigger="manual")
    except AlreadyRunning as running:
        return StartedRun(id=running.run, run_id=running.run, state="running", already_running=True)
    return StartedRun(id=run, run_id=run, state="queued", already_running=False)
