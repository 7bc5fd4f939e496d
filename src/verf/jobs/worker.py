"""The process that works: takes jobs, fires schedules, and brings back what dead workers left."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import suppress
from datetime import timedelta

from pgqueuer.core.qm import QueueManager
from sqlalchemy.exc import DBAPIError

from verf.errors import Unavailable
from verf.jobs.crew import Crew, CrewMember, Ledger
from verf.jobs.doorbell import listen_here
from verf.jobs.engine import CHANNEL, engine_over
from verf.jobs.handlers import known_names
from verf.jobs.line import Line
from verf.jobs.recovery import bury_unknown, recover
from verf.jobs.schedules import Timetable
from verf.jobs.settings import JobsSettings
from verf.manifest import Room
from verf.settings import load
from verf.telemetry import log

BATCH = 25
CLOCK_GLANCE = timedelta(milliseconds=250)
AFTER_FAILURE = timedelta(seconds=1)


class Worker:
    """Serves the handlers of this process and the schedules of these rooms. Any number may run, anywhere."""

    def __init__(self, rooms: Sequence[Room], settings: JobsSettings | None = None) -> None:
        self._settings = settings or load(JobsSettings)
        self._timetable = Timetable(schedule for room in rooms for schedule in room.schedules)
        self._crew: Crew | None = None

    async def run(self, stop: asyncio.Event) -> None:
        """Work until `stop`; then finish what runs, for as long as the grace lasts, and give the rest back."""
        line = Line()
        stop_listening = listen_here(line.knock)
        beside = [
            asyncio.create_task(self._again_and_again(stop, self._timetable.look, CLOCK_GLANCE)),
            asyncio.create_task(self._again_and_again(stop, lambda: self._recover(line), self._recovery_interval)),
        ]
        try:
            while not stop.is_set():
                await self._work(line, stop)
        finally:
            for task in beside:
                task.cancel()
            await asyncio.gather(*beside, return_exceptions=True)
            stop_listening()
            await line.close()

    async def _work(self, line: Line, stop: asyncio.Event) -> None:
        ledger = engine_over(line, Ledger)
        manager = QueueManager(ledger, channel=CHANNEL)
        ledger.knock = line.knock
        self._crew = crew = Crew(manager, ledger, asyncio.Semaphore(self._settings.transactions))
        for name, handler in known_names().items():
            manager.register_executor(name, CrewMember(crew, handler))
        working = asyncio.create_task(self._dispatch(manager))
        stopping = asyncio.create_task(stop.wait())
        await asyncio.wait({working, stopping}, return_when=asyncio.FIRST_COMPLETED)
        stopping.cancel()
        if stop.is_set():
            await self._wind_down(manager, crew, working, line)
            return
        with suppress(asyncio.CancelledError):
            if error := working.exception():
                log(__name__).error("The worker stumbled and starts again.", exc_info=error)
        await asyncio.sleep(AFTER_FAILURE.total_seconds())

    async def _dispatch(self, manager: QueueManager) -> None:
        concurrency = self._settings.concurrency
        await manager.run(
            batch_size=max(1, min(BATCH, concurrency // 2)),
            max_concurrent_tasks=concurrency,
            dequeue_timeout=self._settings.poll,
            heartbeat_timeout=self._settings.heartbeat_timeout,
        )

    async def _wind_down(self, manager: QueueManager, crew: Crew, working: asyncio.Task[None], line: Line) -> None:
        manager.shutdown.set()
        await asyncio.wait({working}, timeout=self._settings.grace.total_seconds())
        line.give_up()
        for task in list(crew.running.values()):
            task.cancel()
        await asyncio.wait({working}, timeout=self._settings.grace.total_seconds())
        working.cancel()
        await asyncio.gather(working, return_exceptions=True)

    async def _recover(self, line: Line) -> None:
        """Not in the first moments after a broken line: the heartbeats of living workers were lost with it."""
        silence = self._settings.heartbeat_timeout
        mended = line.mended_at
        if mended is not None and asyncio.get_running_loop().time() - mended < silence.total_seconds():
            return
        if recovered := await recover(silence, running_here=self._crew.running if self._crew else ()):
            log(__name__).warning("Jobs of a dead worker were put back.", jobs=recovered)
        await bury_unknown(self._settings.unknown_after)

    @property
    def _recovery_interval(self) -> timedelta:
        return self._settings.heartbeat_timeout / 4

    async def _again_and_again(
        self, stop: asyncio.Event, task: Callable[[], Awaitable[object]], pause: timedelta
    ) -> None:
        while not stop.is_set():
            try:
                await task()
            except (OSError, DBAPIError, Unavailable) as error:
                log(__name__).warning("The database does not answer the worker; it asks again.", error=str(error))
                await asyncio.sleep(AFTER_FAILURE.total_seconds())
            except Exception:  # noqa: BLE001 - the edge of the worker
                log(__name__).exception("A worker's round failed.")
                await asyncio.sleep(AFTER_FAILURE.total_seconds())
            with suppress(TimeoutError):
                await asyncio.wait_for(stop.wait(), pause.total_seconds())
