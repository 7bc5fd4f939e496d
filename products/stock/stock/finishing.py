"""The end of a run: partial pages, roll-ups, outlooks, alerts, and the run's last word, all in one transaction."""

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from stock.alerts import evaluate
from stock.appraisal import appraise
from stock.connections import announce_failure
from stock.days import close_days, roll_up_trade
from stock.following import follow
from stock.models import Connection, StagedLevel, StockChange, StockLevel, SyncCursor, SyncRun, Warehouse
from stock.permits import sync_every
from stock.policies import policy_of
from stock.sync import STEPS, UNDER_WAY, next_sync, tell
from verf.database import History, upsert
from verf.kit import now

# A token that was refused is tried again this rarely, in case the marketplace erred.
PROBE = timedelta(hours=6)
DEAD_TOKEN = "token-refused"  # noqa: S105 - the name of an error
STOCK_STEPS = ("stocks", "seller_stocks")


async def finish(session: AsyncSession, organisation: UUID, run_id: UUID) -> None:
    run = await session.get(SyncRun, run_id, with_for_update=True)
    if run is None or run.state not in UNDER_WAY:
        return
    connection = await session.get(Connection, run.connection_id, with_for_update=True)
    if connection is None:
        return
    at = now()
    await _keep_partial_pages(session, run)
    is_first = connection.first_synced_at is None
    if _state_of(run.steps, "stocks") == "ok" and connection.first_synced_at is None:
        connection.first_synced_at = connection.stock_at or at
    await _roll_up(session, run, connection, at)
    await follow(session, organisation)
    appraised = await appraise(session, connection.id, policy=await policy_of(session, organisation), at=at)
    _close(run, at)
    await _judge_connection(session, connection, run, at)
    if all(_state_of(run.steps, step) in ("ok", "partial", "skipped") for step in STOCK_STEPS):
        await evaluate(session, organisation, run.id, appraised, at=at, silent=is_first)
    await tell(session, organisation, run.id, run.state, 100)


def _state_of(steps: Mapping[str, Any], step: str) -> str:
    return str(steps.get(step, {}).get("state", ""))


def _close(run: SyncRun, at: datetime) -> None:
    states = [_state_of(run.steps, step) for step in STEPS]
    run.finished_at = at
    run.resumes_at = None
    run.state = outcome(states, cancelled=run.cancelled_at is not None)
    failed = [run.steps[step] for step in STEPS if _state_of(run.steps, step) == "failed"]
    if failed:
        run.first_error = failed[0].get("error")
        run.first_error_code = failed[0].get("code")
    elif run.cancelled_at is not None:
        run.first_error_code = "cancelled"


def outcome(states: list[str], *, cancelled: bool) -> str:
    """`skipped` means "not due yet" and is no fault, unless nothing at all was read."""
    if all(state == "skipped" for state in states):
        return "skipped"
    if all(state in ("failed", "skipped") for state in states):
        return "failed"
    if cancelled or any(state in ("failed", "partial") for state in states):
        return "partial"
    return "ok"


async def _judge_connection(session: AsyncSession, connection: Connection, run: SyncRun, at: datetime) -> None:
    if connection.state == "disconnected":
        return
    every = await sync_every(session, connection.organisation_id)
    connection.next_sync_at = next_sync(connection.token_kind, connection.id, at, every)
    if run.first_error_code == DEAD_TOKEN:
        connection.next_sync_at = at + PROBE
        if connection.state != "invalid":
            connection.state, connection.state_reason, connection.state_at = "invalid", DEAD_TOKEN, at
            await announce_failure(session, connection, run.id)
        return
    if run.state in ("ok", "partial"):
        connection.last_synced_at = at
        if connection.state == "invalid":
            connection.state, connection.state_reason, connection.state_at = "active", "", at
    connection.state_reason = run.first_error_code or ""


async def _keep_partial_pages(session: AsyncSession, run: SyncRun) -> None:
    """What was staged and never completed is true as far as it goes: it is written, and zeroes nothing."""
    found = await session.execute(
        select(StagedLevel, Warehouse.id)
        .join(Warehouse, Warehouse.key == StagedLevel.warehouse)
        .where(StagedLevel.run_id == run.id, Warehouse.connection_id == run.connection_id)
    )
    rows = [
        (
            run.connection_id,
            level.chrt_id,
            warehouse,
            level.nm_id,
            "seller" if level.source.startswith("seller") else "wb",
            level.quantity,
            level.to_client,
            level.from_client,
        )
        for level, warehouse in found
    ]
    counts = ("quantity", "to_client", "from_client")
    await upsert(
        session,
        StockLevel,
        rows,
        columns=("connection_id", "chrt_id", "warehouse_id", "nm_id", "source", *counts),
        by=("connection_id", "chrt_id", "warehouse_id"),
        changed=counts,
        history=History(record=StockChange, values={"at": now(), "run_id": run.id}),
    )
    await session.execute(StagedLevel.__table__.delete().where(StagedLevel.run_id == run.id))  # type: ignore[attr-defined]


async def _roll_up(session: AsyncSession, run: SyncRun, connection: Connection, at: datetime) -> None:
    since = [
        date.fromisoformat(day)
        for step in ("orders", "sales")
        if (day := run.steps.get(step, {}).get("place", {}).get("from_day"))
    ]
    if since:
        await roll_up_trade(session, connection.id, min(since))
    if connection.first_synced_at is None:
        return
    query = select(SyncCursor.watermark).where(SyncCursor.connection_id == connection.id, SyncCursor.step == "days")
    known = (await session.scalar(query)) or {}
    closed = date.fromisoformat(known["closed"]) if "closed" in known else None
    last = await close_days(session, connection.id, watched_from=connection.first_synced_at, after=closed, at=at)
    if last is None or last == closed:
        return
    key = {"organisation_id": connection.organisation_id, "connection_id": connection.id, "step": "days"}
    values = {"watermark": {"closed": str(last)}, "completed_at": at}
    statement = insert(SyncCursor).values(key | values)
    await session.execute(
        statement.on_conflict_do_update(index_elements=["organisation_id", "connection_id", "step"], set_=values)
    )
