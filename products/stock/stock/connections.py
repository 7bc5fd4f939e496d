"""Connected shops: what we know of them, how long their tokens live, and how they leave."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy import delete, select
from sqlalchemy.ext.asyncio import AsyncSession

from stock import models
from stock.messages import EraseShop
from stock.models import Connection
from stock.notices import SYNC_FAILED, TOKEN_EXPIRES, SyncFailed, TokenExpires
from stock.wildberries import TokenKind
from verf.errors import NotFound
from verf.jobs import enqueue
from verf.kit import now
from verf.notifications import notify
from verf.organisations import forget, owners_of
from verf.settings import House, load
from verf.web import _

WARNINGS = (1, 7, 30)
# Gone for its people, until a worker has deleted the last row.
ERASING = "erasing"
MARKETPLACES = {"wildberries": "Wildberries"}


@dataclass(frozen=True)
class ConnectionView:
    id: UUID
    marketplace: str
    seller: str
    name: str
    token_kind: str
    scopes: Sequence[str]
    read_only: bool
    expires_at: datetime
    state: str
    state_reason: str
    created_at: datetime
    next_sync_at: datetime
    first_synced_at: datetime | None
    last_synced_at: datetime | None
    stock_at: datetime | None

    @property
    def days_left(self) -> int:
        return max((self.expires_at - now()).days, 0)

    @property
    def is_base(self) -> bool:
        return self.token_kind == TokenKind.BASE


def view(row: Connection) -> ConnectionView:
    return ConnectionView(
        id=row.id,
        marketplace=row.marketplace,
        seller=row.seller,
        name=row.seller_name or f"{MARKETPLACES[row.marketplace]} {row.seller[:8]}",
        token_kind=row.token_kind,
        scopes=row.scopes,
        read_only=row.read_only,
        expires_at=row.expires_at,
        state=row.state,
        state_reason=row.state_reason,
        created_at=row.created_at,
        next_sync_at=row.next_sync_at,
        first_synced_at=row.first_synced_at,
        last_synced_at=row.last_synced_at,
        stock_at=row.stock_at,
    )


async def connections_of(session: AsyncSession) -> Sequence[ConnectionView]:
    query = select(Connection).where(Connection.state != ERASING)
    rows = await session.scalars(query.order_by(Connection.created_at, Connection.id).limit(100))
    return [view(row) for row in rows]


async def connection_of(session: AsyncSession, connection: UUID) -> ConnectionView:
    return view(await row_of(session, connection))


async def row_of(session: AsyncSession, connection: UUID, *, for_update: bool = False) -> Connection:
    row = await session.get(Connection, connection, with_for_update=for_update)
    if row is None or row.state == ERASING:
        raise NotFound(_("There is no such shop."))
    return row


async def disconnect(session: AsyncSession, connection: UUID) -> None:
    """Forget the token at once; what was read stays to be looked at."""
    row = await row_of(session, connection, for_update=True)
    if row.credential_id is not None:
        await forget(session, row.credential_id)
    row.credential_id = row.fingerprint = None
    row.state, row.state_at, row.state_reason = "disconnected", now(), ""
    for run in await session.scalars(
        select(models.SyncRun).where(
            models.SyncRun.connection_id == connection, models.SyncRun.state.in_(("queued", "running"))
        )
    ):
        run.state, run.finished_at, run.cancelled_at = "skipped", now(), now()
        run.first_error_code = "disconnected"


async def disconnect_and_erase(session: AsyncSession, organisation: UUID, connection: UUID) -> None:
    await disconnect(session, connection)
    (await row_of(session, connection)).state = ERASING
    await session.flush()
    await enqueue(session, EraseShop(organisation=organisation, connection=connection))


async def erase(session: AsyncSession, connection: UUID) -> None:
    """Delete the shop and everything that was read from it."""
    for table in (
        models.StockLevel,
        models.StockChange,
        models.Order,
        models.Sale,
        models.Day,
        models.ProductOutlook,
        models.Price,
        models.Size,
    ):
        await session.execute(delete(table).where(table.connection_id == connection))
    await session.execute(delete(Connection).where(Connection.id == connection))


async def announce_failure(session: AsyncSession, connection: Connection, run: UUID) -> None:
    """Tell the owners, once for each time the token stops working."""
    shop = view(connection)
    data = SyncFailed(
        shop=shop.name,
        url=f"{load(House).url}/stock/connections",
    )
    for person in await owners_of(session, connection.organisation_id):
        await notify(session, person, SYNC_FAILED, data, key=f"sync-failed:{run}")


def warning_due(expires_at: datetime, warned: int | None, at: datetime) -> int | None:
    """Which of the three warnings is due now: each once, the most urgent only."""
    due = [days for days in WARNINGS if expires_at - at <= timedelta(days=days)]
    if not due or expires_at <= at:
        return None
    return due[0] if warned is None or due[0] < warned else None


async def warn_of_expiry(session: AsyncSession, connection: UUID) -> None:
    row = await row_of(session, connection)
    days = warning_due(row.expires_at, row.warned_days, now())
    if days is None or row.state == "disconnected":
        return
    row.warned_days = days
    data = TokenExpires(
        shop=view(row).name,
        days=view(row).days_left,
        ends=row.expires_at.date(),
        url=f"{load(House).url}/stock/connections",
    )
    for person in await owners_of(session, row.organisation_id):
        await notify(session, person, TOKEN_EXPIRES, data, key=f"token-expires:{row.id}:{row.expires_at:%Y%m%d}:{days}")
