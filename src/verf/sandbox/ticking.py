"""Simulators live by the clock: what is due in them happens while the house runs and with each step of the clock."""

import asyncio
from collections.abc import Awaitable, Callable
from datetime import timedelta
from typing import Any

from verf.manifest import Simulator
from verf.telemetry import log

EVERY_SECONDS = 0.2
AFTER_FAILURE_SECONDS = 5


class Ticking:
    def __init__(self) -> None:
        self._ticks: dict[str, Callable[[], Awaitable[object]]] = {}

    def add(self, simulator: Simulator, running: Any) -> None:
        tick = simulator.tick
        if tick is not None:
            self._ticks[simulator.name] = lambda: tick(running)

    async def after_step(self, _step: timedelta) -> None:
        await self.tick()

    async def tick(self) -> bool:
        """Every simulator once; False when one of them failed, which holds up neither the others nor the clock."""
        is_well = True
        for name, tick in self._ticks.items():
            try:
                await tick()
            except Exception:  # noqa: BLE001 - whatever a simulator does wrong, the others and the clock go on
                log(__name__).exception("a simulator failed while time passed", simulator=name)
                is_well = False
        return is_well

    async def run(self, stop: asyncio.Event) -> None:
        """Beside the web server, once it answers: webhooks of simulators go to it."""
        while not stop.is_set():
            wait = EVERY_SECONDS if await self.tick() else AFTER_FAILURE_SECONDS
            try:
                await asyncio.wait_for(stop.wait(), wait)
            except TimeoutError:
                continue
