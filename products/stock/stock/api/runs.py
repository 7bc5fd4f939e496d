from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, Field

from stock.api.counting import counted
from stock.sync import STEPS, RunView, cancel_run, run_of, runs_of
from stock.words import error_text, note_of
from verf.organisations import Tenant, TenantTransaction, require
from verf.web import decode_cursor, encode_cursor, problem_responses

router = APIRouter(
    prefix="/api/v1/stock/runs",
    tags=["stock"],
    responses=problem_responses(401, 402, 403, 404, 409, 429),
    dependencies=[Depends(counted)],
)
Member = Annotated[Tenant, Depends(require("member"))]


class StepAnswer(BaseModel):
    name: str = Field(examples=["cards"])
    state: str = Field(examples=["ok"], description="pending, running, waiting, ok, partial, failed or skipped")
    read: int = Field(description="Rows that came from the marketplace.")
    new: int
    changed: int = Field(description="Rows that differ from what we had, new ones among them.")
    zeroed: int = Field(description="Stock that fell to zero.")
    resumes_at: datetime | None
    note: str


class RunAnswer(BaseModel):
    id: UUID
    connection_id: UUID
    state: Literal["queued", "running", "ok", "partial", "failed", "skipped"]
    trigger: str = Field(examples=["schedule"])
    progress: int = Field(ge=0, le=100, examples=[42])
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    resumes_at: datetime | None = Field(description="Waiting for the marketplace's limit until then.")
    counts: dict[str, int] = Field(examples=[{"read": 1520, "new": 12, "changed": 88, "zeroed": 3}])
    steps: list[StepAnswer]
    requests: int
    cost: int = Field(description="What these requests count against the marketplace's limits.")
    first_error: str | None
    first_error_code: str | None

    @classmethod
    def of(cls, run: RunView) -> "RunAnswer":
        steps = [_step(name, run.steps.get(name, {})) for name in STEPS]
        code = run.first_error_code
        failed: Mapping[str, Any] = next((step for step in run.steps.values() if step.get("code") == code), {})
        return cls(
            id=run.id,
            connection_id=run.connection,
            state=run.state,
            trigger=run.trigger,
            progress=run.progress,
            created_at=run.created_at,
            started_at=run.started_at,
            finished_at=run.finished_at,
            resumes_at=run.resumes_at,
            counts={name: sum(getattr(step, name) for step in steps) for name in ("read", "new", "changed", "zeroed")},
            steps=steps,
            requests=run.requests,
            cost=run.cost,
            first_error=error_text(code, str(failed.get("step", "")), run.first_error or "") if code else None,
            first_error_code=code,
        )


def _step(name: str, state: Any) -> StepAnswer:
    return StepAnswer(
        name=name,
        state=state.get("state", "pending"),
        read=state.get("done", 0),
        new=state.get("new", 0),
        changed=state.get("changed", 0),
        zeroed=state.get("zeroed", 0),
        resumes_at=state.get("until") if state.get("state") == "waiting" else None,
        note=note_of(state),
    )


class RunPage(BaseModel):
    items: list[RunAnswer]
    next_cursor: str | None


@router.get("")
async def list_all(
    session: TenantTransaction,
    connection_id: UUID | None = None,
    cursor: str | None = None,
    limit: Annotated[int, Query(ge=1, le=200)] = 50,
) -> RunPage:
    """Newest first."""
    (before,) = decode_cursor(cursor, UUID) if cursor is not None else (None,)
    runs = await runs_of(session, connection=connection_id, before=before, limit=limit + 1)
    following = encode_cursor(runs[limit - 1].id) if len(runs) > limit else None
    return RunPage(items=[RunAnswer.of(run) for run in runs[:limit]], next_cursor=following)


@router.get("/{run_id}")
async def show(run_id: UUID, session: TenantTransaction) -> RunAnswer:
    return RunAnswer.of(await run_of(session, run_id))


@router.post("/{run_id}/cancel", status_code=202)
async def cancel(run_id: UUID, tenant: Member, session: TenantTransaction) -> RunAnswer:
    """Stop at the next page. What was read stays."""
    await cancel_run(session, run_id)
    return RunAnswer.of(await run_of(session, run_id))
