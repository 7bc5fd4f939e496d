"""Stand-ins for the marketplaces, so that the whole product runs and is tested without leaving the machine."""

from stock.simulators.wildberries import control
from stock.simulators.wildberries.guide import GUIDE
from verf.manifest import Simulator

WILDBERRIES = Simulator(
    name="wildberries",
    title="Wildberries",
    create=control.create,
    control=control.router,
    documentation=GUIDE,
)

__all__ = ["WILDBERRIES"]
