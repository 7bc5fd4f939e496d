"""A house of its own for one run: a site, its simulators and workers in real processes, on data that are thrown away.

Workers are killed with SIGKILL in the middle of whatever they do; the processes that talk to customers stay.
"""

import asyncio
import os
import random
import shutil
import socket
import tempfile
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path

import httpx

from verf.app import NotReadyToStart, TimeMachine, all_rooms, furnish, open_house
from verf.cli.chaos.children import ENDING, Child, begin, end
from verf.cli.chaos.playing import Customer
from verf.cli.chaos.weathers import Weather
from verf.kit import now
from verf.settings import House as Settings
from verf.settings import load

FOLDERS = "verf-chaos-"
FIRST_DAY = datetime.fromisoformat("2035-01-15T09:00:00+00:00")
READY_SECONDS = 90
# Weathers with a crowd have so many workers.
CROWD = 3
DIES_AFTER = (0.1, 1.5)
A_STEP = timedelta(minutes=6)
WAITS_IN_TROUBLE = 3


class House:
    """The stage of `playing`, over the network."""

    def __init__(self, url: str, dice: random.Random) -> None:
        self.http = httpx.AsyncClient(base_url=url, timeout=60, trust_env=False)
        self.deaths = 0
        self._planned, self._is_in_trouble = now(), False
        self._dice, self._start_takes = dice, 0.0
        self._log = Path(f"{load(Settings).data}.log")
        self._site: Child | None = None
        self._workers: list[Child] = []
        self._killing: asyncio.Task[None] | None = None
        self._machine = TimeMachine(self.http, all_rooms())

    async def live(self, by: timedelta) -> None:
        """To the moment planned, however long trouble took before; then webhooks and providers get their time."""
        self._planned += by
        await self._machine.step(self._planned - now())
        for _while in range(WAITS_IN_TROUBLE if self._is_in_trouble else 1):
            await self._machine.step(A_STEP)

    async def wait(self, by: timedelta) -> None:
        await self._machine.step(by)

    async def settle(self) -> None:
        await self._machine.settle()

    async def mails(self, customer: Customer) -> list[str]:
        answer = await self.http.get("/sandbox/api/mail", params={"to": customer.email, "limit": 1000})
        return [each["subject"] for each in answer.raise_for_status().json()]

    async def trouble(self, weather: Weather | None) -> None:
        self._is_in_trouble = weather is not None
        if self._killing:
            self._killing.cancel()
            with suppress(asyncio.CancelledError):
                await self._killing
            self._killing = None
        if weather and weather.crowd:
            self._workers += [self._start("work") for _worker in range(CROWD - 1)]
        if weather and weather.kills:
            self._killing = asyncio.create_task(self._kill())
        await self._man()

    async def start(self) -> None:
        began = asyncio.get_running_loop().time()
        self._site = self._start("serve")
        async with asyncio.timeout(READY_SECONDS):
            while not await self._is_ready():  # noqa: ASYNC110 - another process, which cannot set an event of ours
                await asyncio.sleep(0.2)
        self._start_takes = asyncio.get_running_loop().time() - began
        self._workers = [self._start("work")]

    async def stop(self) -> None:
        await self.trouble(None)
        running = [each for each in (*self._workers, self._site) if each]
        await asyncio.gather(*(asyncio.to_thread(end, each) for each in running))
        await self.http.aclose()

    async def _kill(self) -> None:
        """Whoever was given the time to start; killed earlier, nobody would ever do anything."""
        while True:
            await asyncio.sleep(self._start_takes * 2 + self._dice.uniform(*DIES_AFTER))
            victim = self._dice.choice(self._workers)
            victim.kill()
            await asyncio.to_thread(victim.wait)
            self.deaths += 1
            await self._man()

    async def _man(self) -> None:
        """Who is dead is replaced."""
        self._workers = [each if each.poll() is None else self._start("work") for each in self._workers]

    async def _is_ready(self) -> bool:
        assert self._site
        if self._site.poll() is not None:
            raise NotReadyToStart(f"The house did not start: {self._log.read_text()[-2000:]}")
        try:
            return (await self.http.get("/health/ready")).is_success
        except httpx.HTTPError:
            return False

    def _start(self, word: str) -> Child:
        return begin([word], log=self._log)


@contextmanager
def ground() -> Iterator[dict[str, str]]:
    """Settings of a house on empty data. It begins on the same day each time, since months differ in length."""
    _sweep()
    folder = Path(tempfile.mkdtemp(prefix=f"{FOLDERS}{os.getpid()}-"))
    clock = folder / "data" / "sandbox" / "clock.json"
    clock.parent.mkdir(parents=True)
    clock.write_text(f'{{"offset_seconds": {(FIRST_DAY - now()).total_seconds()}}}')
    try:
        yield {
            "VERF_MODE": "sandbox",
            "VERF_DATA": str(folder / "data"),
            "VERF_PORT": str(_free_port()),
            "VERF_LIMITS_CREDENTIALS_PER_MINUTE": "1000000",
            "VERF_JOBS_HEARTBEAT_TIMEOUT": "PT2S",
        }
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _sweep() -> None:
    """What was left on the disk by runs that were killed; their processes went with them."""
    for folder in Path(tempfile.gettempdir()).glob(f"{FOLDERS}*-*"):
        owner = folder.name.removeprefix(FOLDERS).partition("-")[0]
        if owner.isdigit() and not Path(f"/proc/{owner}").exists() and Path("/proc/self").exists():
            shutil.rmtree(folder, ignore_errors=True)


@asynccontextmanager
async def open_laboratory(seed: str) -> AsyncIterator[House]:
    """In a process whose settings are those of `ground`: they are read once."""
    rooms = all_rooms()
    with _ends_on_signals():
        async with open_house(rooms, migrating=True, quiet=True):
            furnish(rooms)
            house = House(f"http://127.0.0.1:{load(Settings).port}", random.Random(seed))  # noqa: S311 - no secret
            try:
                await house.start()
                yield house
            finally:
                await house.stop()


@contextmanager
def _ends_on_signals() -> Iterator[None]:
    """The first signal ends what is played, and the house with it in good order; further ones change nothing."""
    loop, task = asyncio.get_running_loop(), asyncio.current_task()
    assert task
    asked: list[bool] = []

    def stop() -> None:
        if not asked:
            asked.append(True)
            task.cancel()

    for kind in ENDING:
        loop.add_signal_handler(kind, stop)
    try:
        yield
    finally:
        for kind in ENDING:
            loop.remove_signal_handler(kind)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
