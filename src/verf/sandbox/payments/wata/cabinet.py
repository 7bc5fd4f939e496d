"""The controls that only Wata has: the terminal's settings and its signing key."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, ConfigDict, Field

from verf.sandbox.payments.control import control_router, running
from verf.sandbox.payments.wata.simulator import Wata


class SettingsChange(BaseModel):
    """Fields that are named change. `asks_first`: the pre-payment webhook is on; `enforces_limits`: one look at one
    object in 30 seconds; `token_is_valid`: false once the token has run out; `question_seconds`: how long the shop may
    think, in real time."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"enforces_limits": False}]})

    asks_first: bool | None = None
    enforces_limits: bool | None = None
    token_is_valid: bool | None = None
    question_seconds: float | None = Field(default=None, gt=0, le=10)


def wata(request: Request) -> Wata:
    found = running("wata", request)
    assert isinstance(found, Wata)
    return found


Running = Annotated[Wata, Depends(wata)]

router = APIRouter()


@router.get("/settings", summary="How the terminal is set up")
async def read_settings(simulator: Running) -> dict[str, Any]:
    return simulator.terminal.settings.model_dump()


@router.post("/settings", summary="Set the terminal up otherwise")
async def change_settings(simulator: Running, change: SettingsChange) -> dict[str, Any]:
    settings = simulator.terminal.set_up(change.model_dump(exclude_none=True))
    simulator.store.flush()
    return settings.model_dump()


@router.post("/key/rotate", summary="Sign webhooks with a new key from now on")
async def rotate(simulator: Running) -> dict[str, str]:
    public = simulator.keys.rotate()
    simulator.store.flush()
    return {"value": public}


router.include_router(control_router(Wata))
