"""The controls that only Paddle has: its people looking at refunds."""

from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Request

from verf.sandbox.payments.control import control_router, running
from verf.sandbox.payments.paddle.simulator import PaddleSimulator
from verf.sandbox.payments.store import Document


def paddle(request: Request) -> PaddleSimulator:
    found = running("paddle", request)
    assert isinstance(found, PaddleSimulator)
    return found


router = APIRouter()


@router.post("/refunds/{identity}/{verdict}", summary="Paddle approves or rejects a refund now")
async def review(
    identity: str, verdict: Literal["approved", "rejected"], simulator: Annotated[PaddleSimulator, Depends(paddle)]
) -> Document:
    reviewed = simulator.review_refund(identity, verdict)
    simulator.store.flush()
    return reviewed


router.include_router(control_router(PaddleSimulator))
