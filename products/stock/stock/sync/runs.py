"""Runs: one reading of a shop, from the wish for it to what came of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from stock.messages import Synchronise
from stock.models import Connection, SyncRun
from stock.permits import may_work, sync_every
from stock.settings import StockSettings
from stock.wildberries import TokenKind
from verf.errors import Conflict, NotFound
from verf.jobs import enqueue
from verf.kit import new_id, now
from verf.realtime import organisation_topic, publish
from verf.settings import load
from verf.web import _

STEPS = ("cards", "prices", "stocks", "seller_stocks", "orders", "sales")
UNDER_WAY = ("queued", "running")
REFRESH = timedelta(minutes=30)
# Wildberries needs a moment after the half hour until its reports show it.
SETTLES = timedelta(minutes=3)
# A run nobody touches for so long has lost its job.
FORGOTTEN = timedelta(hours=6)
LOOKS_AGAIN = timedelta(minutes=5)


class AlreadyRunning(Conflict):
    """`run` is the one under way."""

    def __init__(self, run: UUID) -> None:
        super().__init__(_("This shop is being synchronised already."))
        self.run = run


@dataclass(frozen=True)
class RunView:
    id: UUID
    connection: UUID
    state: str
    trigger: str
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    resumes_at: datetime | None
    steps: Mapping[str, Any]
    requests: int
    cost: int
    first_error: str | None
    first_error_code: str | None
    is_cancelling: bool

    @property
    def is_under_way(self) -> bool:
        return self.state in UNDER_WAY

    @property
    def progress(self) -> int:
        """0 to 100: each step counts the same, a step under way by its rows where their number is known."""
        if not self.is_under_way:
            return 100
        return progress_of(self.steps)

    @property
    def changed(self) -> int:
        return sum(int(step.get("changed", 0)) for step in self.steps.values())

    @property
    def rows(self) -> int:
        return sum(int(step.get("done", 0)) for step in self.steps.values())


def progress_of(steps: Mapping[str, Any]) -> int:
    return int(100 * sum(_share(steps.get(name, {})) for name in STEPS) / len(STEPS))


def _share(step: Mapping[str, Any]) -> float:
    if step.get("state") in ("ok", "partial", "failed", "skipped"):
        return 1.0
    total = int(step.get("total", 0))
    done = int(step.get("done", 0))
    # Where nobody knows how much is to come, the bar slows down on its way and never arrives by itself.
    return min(done / total, 0.95) if total else 0.95 * done / (done + 1_000)


def interval_of(kind: str, every: timedelta) -> timedelta:
    """The plan's interval, unless the token or the house lets us ask more rarely than that."""
    settings: StockSettings = load(StockSettings)
    rarest = timedelta(hours=3) if kind == TokenKind.BASE else settings.sync_interval
    return max(every, rarest)


def next_sync(kind: str, shop: UUID, at: datetime, every: timedelta) -> datetime:
    """About an interval from now, soon after Wildberries refreshes its numbers; shops are spread over some minutes."""
    interval = interval_of(kind, every)
    wish = at + interval
    if interval < REFRESH:
        return wish + timedelta(seconds=shop.int % 60)
    refresh = datetime.fromtimestamp(wish.timestamp() // REFRESH.total_seconds() * REFRESH.total_seconds(), UTC)
    moment = refresh + SETTLES + timedelta(seconds=shop.int % 240)
    return moment if moment > at + interval / 2 else moment + REFRESH


async def start_run(session: AsyncSession, connection: Connection, *, trigger: str) -> UUID:
    """Queue a run; AlreadyRunning when one is under way. Other triggers: schedule, first."""
    run = new_id()
    values = {
        "id": run,
        "organisation_id": connection.organisation_id,
        "connection_id": connection.id,
        "state": "queued",
        "trigger": trigger,
        "created_at": now(),
        "steps": {},
    }
    statement = insert(SyncRun).values(values).on_conflict_do_nothing().returning(SyncRun.id)
    if await session.scalar(statement) is None:
        running = await session.scalar(
            select(SyncRun.id).where(SyncRun.connection_id == connection.id, SyncRun.state.in_(UNDER_WAY))
        )
        if running is None:
            raise Conflict(_("The shop was being synchronised just now. Try again."))
        raise AlreadyRunning(running)
    every = await sync_every(session, connection.organisation_id)
    connection.next_sync_at = next_sync(connection.token_kind, connection.id, now(), every)
    message = Synchronise(organisation=connection.organisation_id, run=run)
    await enqueue(session, message, one_at_a_time=f"stock:{connection.id}")
    await tell(session, connection.organisation_id, run, "queued", 0)
    return run


async def start_due(session: AsyncSession) -> int:
    """Start what is due over all organisations; the session has the system's scope."""
    await _end_forgotten(session)
    due = select(Connection).where(Connection.next_sync_at <= now(), Connection.state.in_(("active", "invalid")))
    started = 0
    for connection in await session.scalars(
        due.order_by(Connection.next_sync_at).limit(500).with_for_update(skip_locked=True)
    ):
        if not await may_work(session, connection.organisation_id):
            # Nothing is read without a plan; what was read stays. A payment is noticed within minutes.
            connection.next_sync_at = now() + LOOKS_AGAIN
            continue
        try:
            await start_run(session, connection, trigger="schedule")
            started += 1
        except Conflict:
            connection.next_sync_at = now() + timedelta(minutes=5)
    return started


async def _end_forgotten(session: AsyncSession) -> None:
    long_ago = now() - FORGOTTEN
    await session.execute(
        update(SyncRun)
        .where(
            SyncRun.state.in_(UNDER_WAY),
            SyncRun.created_at < long_ago,
            or_(SyncRun.resumes_at.is_(None), SyncRun.resumes_at < long_ago),
        )
        .values(
            state="failed",
            finished_at=now(),
            first_error="The run stopped without a word. The next one starts anew.",
            first_error_code="forgotten",
        )
    )


async def cancel_run(session: AsyncSession, run: UUID) -> None:
    """Ask the run to stop at its next page. What was read stays."""
    asked = await session.scalar(
        update(SyncRun)
        .where(SyncRun.id == run, SyncRun.state.in_(UNDER_WAY))
        .values(cancelled_at=now())
        .returning(SyncRun.organisation_id)
    )
    if asked is None:
        await run_of(session, run)
        raise Conflict(_("This run has ended already."))
    # A run that waits for a limit need not wait to be told.
    await enqueue(session, Synchronise(organisation=asked, run=run))
    await tell(session, asked, run, "running", 0)


async def run_of(session: AsyncSession, run: UUID) -> RunView:
    found = await session.get(SyncRun, run)
    if found is None:
        raise NotFound(_("There is no such run."))
    return view(found)


async def runs_of(
    session: AsyncSession, *, connection: UUID | None = None, before: UUID | None = None, limit: int = 50
) -> Sequence[RunView]:
    """Newest first; `before` is the last run of the page before this one."""
    query = select(SyncRun).order_by(SyncRun.created_at.desc(), SyncRun.id.desc()).limit(limit)
    if connection:
        query = query.where(SyncRun.connection_id == connection)
    if before:
        query = query.where(SyncRun.id < before)
    return [view(run) for run in await session.scalars(query)]


def view(run: SyncRun) -> RunView:
    return RunView(
        id=run.id,
        connection=run.connection_id,
        state=run.state,
        trigger=run.trigger,
        created_at=run.created_at,
        started_at=run.started_at,
        finished_at=run.finished_at,
        resumes_at=run.resumes_at,
        steps=run.steps,
        requests=run.requests,
        cost=run.cost,
        first_error=run.first_error,
        first_error_code=run.first_error_code,
        is_cancelling=run.cancelled_at is not None,
    )


async def tell(session: AsyncSession, organisation: UUID, run: UUID, state: str, progress: int) -> None:
    data = {"run": str(run), "state": state, "progress": progress}
    await publish(session, organisation_topic(organisation, "stock"), "changed", data)
