"""A stand-in for YooKassa's payment API: https://yookassa.ru/developers/api."""

from verf.manifest import Simulator
from verf.sandbox.payments.yookassa.cabinet import router
from verf.sandbox.payments.yookassa.guide import GUIDE
from verf.sandbox.payments.yookassa.simulator import YooKassa

YOOKASSA = Simulator(
    name=YooKassa.name,
    title=YooKassa.title,
    create=YooKassa,
    control=router,
    tick=YooKassa.tick,
    documentation=GUIDE,
)

__all__ = ["YOOKASSA", "YooKassa"]
