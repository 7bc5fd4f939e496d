"""The controls that only YooKassa has: the shop's settings and the owner of a method who takes it back."""

from typing import Annotated, Any

from fastapi import APIRouter, Depends, Request
from pydantic import BaseModel, ConfigDict, Field

from verf.sandbox.payments.control import control_router, running
from verf.sandbox.payments.store import Document
from verf.sandbox.payments.yookassa.simulator import YooKassa


class SettingsChange(BaseModel):
    """Fields that are named change. `receipts`: 54-FZ receipts are on; `recurring`: methods may be saved and charged;
    `test`: a test shop; `confirmation_minutes`: how long a payer has."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"receipts": True}]})

    receipts: bool | None = None
    recurring: bool | None = None
    test: bool | None = None
    confirmation_minutes: int | None = Field(default=None, ge=1, le=10_080)


def yookassa(request: Request) -> YooKassa:
    found = running("yookassa", request)
    assert isinstance(found, YooKassa)
    return found


Running = Annotated[YooKassa, Depends(yookassa)]

router = APIRouter()


@router.get("/settings", summary="How the shop is set up")
async def read_settings(simulator: Running) -> dict[str, Any]:
    return simulator.shop.settings.model_dump()


@router.post("/settings", summary="Set the shop up otherwise")
async def change_settings(simulator: Running, change: SettingsChange) -> dict[str, Any]:
    settings = simulator.shop.set_up(change.model_dump(exclude_none=True))
    simulator.store.flush()
    return settings.model_dump()


@router.post("/methods/{identity}/revoke", summary="The owner of a saved method forbids further charges")
async def revoke(simulator: Running, identity: str) -> Document:
    method = simulator.revoke_method(identity)
    simulator.store.flush()
    return method


router.include_router(control_router(YooKassa))
