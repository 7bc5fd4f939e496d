"""A stand-in for Wata's H2H API: https://api.wata.pro/en/."""

from verf.manifest import Simulator
from verf.sandbox.payments.wata.cabinet import router
from verf.sandbox.payments.wata.guide import GUIDE
from verf.sandbox.payments.wata.simulator import Wata

WATA = Simulator(name=Wata.name, title=Wata.title, create=Wata, control=router, tick=Wata.tick, documentation=GUIDE)

__all__ = ["WATA", "Wata"]
