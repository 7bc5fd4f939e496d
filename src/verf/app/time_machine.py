"""The clock of a running sandbox, moved in small steps, each lived to its end before the next."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

import httpx

from verf.app.house import NotReadyToStart, open_house, sandbox_folder
from verf.app.rooms import all_rooms
from verf.billing import Line, diary_of
from verf.database import transaction
from verf.jobs import statistics, unrung
from verf.kit import now
from verf.manifest import Room
from verf.organisations import list_organisations
from verf.outbound import client
from verf.sandbox import restore_clock
from verf.settings import House, load

LONGEST_STEP_SECONDS = 300
GLANCE = 0.05
# Nothing has been done for so long although something is due: nobody does it.
NOBODY_WORKS = 120.0
NOBODY = "Jobs are due and nobody does them. Start a worker: verf work"
MANY = 10_000


@dataclass(frozen=True, kw_only=True)
class Mail:
    at: datetime
    to: str
    subject: str


@dataclass(frozen=True, kw_only=True)
class Chronicle:
    """What a stretch of time was like; `names` are those of the organisations."""

    since: datetime
    until: datetime
    mails: list[Mail]
    lines: list[Line]
    names: dict[UUID, str]


class TimeMachine:
    """Speaks to the sandbox over HTTP and looks at the queue itself. Wants an open database."""

    def __init__(self, http: httpx.AsyncClient, rooms: Sequence[Room]) -> None:
        self._http = http
        self._simulators = [each.name for room in rooms for each in room.simulators if each.tick]
        self._schedules = [schedule for room in rooms for schedule in room.schedules]

    async def step(self, by: timedelta) -> None:
        await self._ask("POST", "/sandbox/api/clock", {"advance_seconds": by.total_seconds()})
        restore_clock(sandbox_folder())
        await self._wait_for_schedules()
        await self.settle()

    async def settle(self) -> None:
        """Until simulators have told everything and every job that is due is done."""
        while True:
            steps = [await self._tick(name) for name in self._simulators]
            if not await self._wait_for_jobs() and not any(steps):
                return

    async def mails(self, since: datetime) -> list[Mail]:
        found = await self._ask("GET", f"/sandbox/api/mail?limit={MANY}")
        mails = [Mail(at=datetime.fromisoformat(each["at"]), to=each["to"], subject=each["subject"]) for each in found]
        return [each for each in reversed(mails) if each.at >= since]

    async def _tick(self, name: str) -> int:
        answer = await self._http.post(f"/sandbox/api/{name}/tick")
        return int(answer.json().get("steps", 0)) if answer.is_success else 0

    async def _wait_for_schedules(self) -> None:
        """Until a worker has seen the new time: what it brings due is queued then."""
        loop = asyncio.get_running_loop()
        deadline = loop.time() + NOBODY_WORKS
        while True:
            async with transaction() as session:
                if not await unrung(session, self._schedules):
                    return
            if loop.time() > deadline:
                raise NotReadyToStart(NOBODY)
            await asyncio.sleep(GLANCE)

    async def _wait_for_jobs(self) -> bool:
        """Whether there were any."""
        loop = asyncio.get_running_loop()
        moved_at, before, had_some = loop.time(), None, False
        while True:
            async with transaction() as session:
                seen = await statistics(session)
            if not seen.due and not seen.running:
                return had_some
            had_some = True
            state = [(each.handler, each.due, each.running) for each in seen.queues]
            if state != before:
                moved_at, before = loop.time(), state
            elif loop.time() - moved_at > NOBODY_WORKS:
                raise NotReadyToStart(NOBODY)
            await asyncio.sleep(GLANCE)

    async def _ask(self, method: str, path: str, body: dict[str, Any] | None = None) -> Any:
        try:
            answer = await self._http.request(method, path, json=body)
        except httpx.HTTPError as error:
            raise NotReadyToStart("No sandbox answers. Start it first: verf up") from error
        if answer.is_error:
            raise NotReadyToStart(str(answer.json().get("detail", answer.text)))
        return answer.json()


async def live_through(by: timedelta, step: timedelta, on_step: Callable[[datetime], None]) -> Chronicle:
    """Move the running sandbox on, step by step, and tell what happened meanwhile."""
    house = load(House)
    if not house.is_sandbox:
        raise NotReadyToStart("Time can be moved in the sandbox only; this house runs in production mode.")
    rooms = all_rooms()
    async with open_house(rooms, quiet=True):
        since, left = now(), by
        machine = TimeMachine(sandbox_client(), rooms)
        while left > timedelta():
            move = min(step, left)
            await machine.step(move)
            left -= move
            on_step(now())
        return await chronicle(machine, since)


async def chronicle(machine: TimeMachine, since: datetime) -> Chronicle:
    until = now()
    async with transaction(system="names for the diary") as session:
        names: dict[UUID, str] = {each.id: each.name for each in await list_organisations(session, limit=MANY)}
    lines, mails = await diary_of(since, until), await machine.mails(since)
    return Chronicle(since=since, until=until, mails=mails, lines=lines, names=names)


def sandbox_client() -> httpx.AsyncClient:
    house = load(House)
    return client("sandbox", f"http://{house.host}:{house.port}", timeout=LONGEST_STEP_SECONDS)
