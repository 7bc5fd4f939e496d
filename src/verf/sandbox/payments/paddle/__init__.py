"""A stand-in for Paddle Billing: https://developer.paddle.com/api-reference."""

from verf.manifest import Simulator
from verf.sandbox.payments.paddle.cabinet import router
from verf.sandbox.payments.paddle.guide import GUIDE
from verf.sandbox.payments.paddle.simulator import PaddleSimulator

PADDLE = Simulator(
    name=PaddleSimulator.name,
    title=PaddleSimulator.title,
    create=PaddleSimulator,
    control=router,
    tick=PaddleSimulator.tick,
    documentation=GUIDE,
)

__all__ = ["PADDLE", "PaddleSimulator"]
