from datetime import timedelta
from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel, ConfigDict, Field

from verf.sandbox.clock import LONGEST_STEP, Clock


class ClockStep(BaseModel):
    model_config = ConfigDict(json_schema_extra={"examples": [{"advance_seconds": 86400}]}, extra="forbid")

    advance_seconds: float = Field(gt=0, le=LONGEST_STEP.total_seconds(), allow_inf_nan=False)


def clock_api(clock: Clock) -> APIRouter:
    router = APIRouter(prefix="/api/clock", tags=["clock"])

    @router.get("", summary="What time the business believes it is")
    async def reading() -> dict[str, Any]:
        return clock.reading

    @router.post("", summary="Move the clock forward; schedules and waiting jobs come due")
    async def advance(step: ClockStep) -> dict[str, Any]:
        return await clock.advance(timedelta(seconds=step.advance_seconds))

    return router
