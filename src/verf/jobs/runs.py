"""The runs people watch: progress, result, error and the wish to stop. Most jobs never have one."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Literal
from uuid import UUID

from sqlalchemy import case, select
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.ext.asyncio import AsyncSession

from verf.jobs.engine import SessionDriver
from verf.jobs.models import JobRun
from verf.kit import new_id, now

RunState = Literal["queued", "running", "cancelling", "ok", "failed", "cancelled"]


@dataclass(frozen=True)
class Run:
    job: int
    state: RunState
    organisation: UUID | None = None
    done: int = 0
    total: int = 0
    note: str = ""
    result: dict[str, Any] | None = None
    error: str | None = None


Watcher = Callable[[AsyncSession, Run], Awaitable[None]]
_watchers: list[Watcher] = []


def watch_runs(watcher: Watcher) -> Watcher:
    """Call the function, in the transaction that changes a run. The room `realtime` tells open pages this way."""
    if watcher not in _watchers:
        _watchers.append(watcher)
    return watcher


async def run_of(session: AsyncSession, job: int) -> Run | None:
    """How the job is doing; None when nothing is known of it (it finished without ever reporting)."""
    row = (await session.scalars(select(JobRun).where(JobRun.job == job))).first()
    if row is not None:
        return as_run(row)
    waiting = await SessionDriver(session).fetch("SELECT status::text FROM jobs.queue WHERE id = $1", job)
    states: dict[object, RunState] = {"queued": "queued", "picked": "running", "failed": "failed"}
    return Run(job, states[waiting[0]["status"]]) if waiting else None


async def write_run(session: AsyncSession, job: int, state: RunState, **values: Any) -> Run:
    """Note how the job is doing, and tell the watchers. A wish to stop is not forgotten by more progress."""
    moment = now()
    written = {"state": state, "updated_at": moment, **values}
    fresh = insert(JobRun).values(id=new_id(), job=job, started_at=moment, **written)
    if state == "running":
        written["state"] = case((JobRun.state == "cancelling", "cancelling"), else_="running")
    statement = fresh.on_conflict_do_update(index_elements=["job"], set_=written).returning(JobRun)
    row = (await session.scalars(statement, execution_options={"populate_existing": True})).one()
    run = as_run(row)
    for watcher in _watchers:
        await watcher(session, run)
    return run


async def is_cancelling(session: AsyncSession, job: int) -> bool:
    return await session.scalar(select(JobRun.state).where(JobRun.job == job)) == "cancelling"


def as_run(row: JobRun) -> Run:
    state: Any = row.state
    return Run(row.job, state, row.organisation, row.done, row.total, row.note, row.result, row.error)
