"""What the tracker does in the background."""

from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.ext.asyncio import AsyncSession

from stock.connections import erase, row_of, warn_of_expiry, warning_due
from stock.finishing import finish
from stock.messages import Appraise, EraseShop, StartDueSyncs, Synchronise, WarnOfExpiry, WarnShop
from stock.models import Connection, SyncRun
from stock.sync import Cancelled, Shop, Visit, begin, drive, start_due, stop
from stock.wildberries import TokenKind, open_market
from verf.database import transaction
from verf.jobs import enqueue, handles
from verf.kit import now
from verf.manifest import Schedule
from verf.organisations import reveal

SCHEDULES = (
    Schedule(every=timedelta(minutes=1), message=StartDueSyncs),
    Schedule(every=timedelta(hours=1), message=WarnOfExpiry),
)


@handles(StartDueSyncs, system="start the syncs that are due, of all organisations")
async def start_due_syncs(message: StartDueSyncs, session: AsyncSession) -> None:
    await start_due(session)


@handles(Synchronise)
async def synchronise(message: Synchronise) -> None:
    visit = await _visit(message)
    if visit is None:
        return
    await begin(visit)
    if visit.is_cancelled:
        await stop(visit)
        return
    try:
        await drive(visit)
    except Cancelled:
        await stop(visit)


async def _visit(message: Synchronise) -> Visit | None:
    """Everything a run needs, read before anything outside is asked. None when the run is over or its shop is gone."""
    async with transaction(organisation=message.organisation) as session:
        run = await session.get(SyncRun, message.run)
        if run is None or run.state not in ("queued", "running"):
            return None
        connection = await row_of(session, run.connection_id)
        if connection.credential_id is None:
            return None
        token = await reveal(session, connection.credential_id)
    shop = Shop(
        organisation=message.organisation,
        connection=connection.id,
        marketplace=connection.marketplace,
        seller=connection.seller,
        kind=TokenKind(connection.token_kind),
    )
    return Visit(
        shop=shop,
        run=run.id,
        market=open_market(token),
        steps={name: dict(state) for name, state in run.steps.items()},
        is_cancelled=run.cancelled_at is not None,
    )


@handles(Appraise)
async def appraise_run(message: Appraise, session: AsyncSession) -> None:
    await finish(session, message.organisation, message.run)


@handles(WarnOfExpiry, system="find tokens that end soon, of all organisations")
async def warn_all_of_expiry(message: WarnOfExpiry, session: AsyncSession) -> None:
    soon = select(Connection).where(
        Connection.expires_at <= now() + timedelta(days=31), Connection.state != "disconnected"
    )
    for row in await session.scalars(soon.order_by(Connection.id)):
        if warning_due(row.expires_at, row.warned_days, now()) is not None:
            warning = WarnShop(organisation=row.organisation_id, connection=row.id)
            await enqueue(session, warning, unless_queued=f"stock:warn:{row.id}")


@handles(WarnShop)
async def warn_shop(message: WarnShop, session: AsyncSession) -> None:
    await warn_of_expiry(session, message.connection)


@handles(EraseShop)
async def erase_shop(message: EraseShop, session: AsyncSession) -> None:
    await erase(session, message.connection)
