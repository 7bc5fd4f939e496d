"""The chaos lab's stage in this process: the harbour, with workers that crowd, or die in the middle of something."""

import asyncio
import random
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from datetime import timedelta

import httpx
from sqlalchemy import text

from verf.database import transaction
from verf.jobs import drain, shift
from verf.jobs.recovery import recover
from verf.kit import advance, now, set_offset
from verf.limits import lifted
from verf.outbound import use_transport

# Rung at each step; the nightly count and the housekeeping are tested elsewhere.
ROUNDS = {
    "AttendDue",
    "CheckIntents",
    "CheckRefunds",
    "CheckSubscriptions",
    "ReadEveryChange",
    "RemindDue",
    "SweepEvents",
}
MOST_ROUNDS = 200
MOST_WAITS = 10


class Shielded(httpx.AsyncBaseTransport):
    """Who dies while it waits for an answer does not take the provider with it."""

    def __init__(self, inner):
        self.inner = inner

    async def handle_async_request(self, request):
        return await asyncio.shield(asyncio.ensure_future(self.inner.handle_async_request(request)))


class InProcess:
    def __init__(self, harbour, seed):
        self.harbour, self.http = harbour, harbour.sandbox
        self.weather, self.dice = None, random.Random(seed)
        self.deaths, self.planned = 0, now()
        harbour.schedules = [each for each in harbour.schedules if each.__name__ in ROUNDS]

    async def trouble(self, weather):
        self.weather = weather

    async def live(self, by):
        """To the moment planned, however long trouble took before; then minutes pass until nothing waits for them."""
        self.planned += by
        await self.wait(self.planned - now(), ringing=True)
        for _while in range(MOST_WAITS):
            await self.wait(timedelta(minutes=6))
            if not await self._waits_soon():
                return

    async def wait(self, by, *, ringing=False):
        advance(by)
        await shift(by)
        if ringing:
            await self.harbour.ring()
        await self.settle()

    async def _waits_soon(self):
        soon = "status = 'queued' AND execute_after < now() + interval '30 minutes'"
        async with transaction() as session:
            return await session.scalar(text(f"SELECT count(*) FROM jobs.queue WHERE {soon}"))

    async def settle(self):
        for _round in range(MOST_ROUNDS):
            await self._sort_out("DELETE FROM jobs.queue WHERE entrypoint LIKE '%.deliver_mail'")
            ticks = [simulator.tick() for simulator in self.harbour.simulators.values()]
            if self.weather and self.weather.crowd:
                done = await asyncio.gather(*ticks, *(drain(errors="keep") for _worker in range(4)))
                ran, steps = sum(done[len(ticks) :]), sum(done[: len(ticks)])
            else:
                steps = sum([await tick for tick in ticks])
                ran = await self._work()
            if not ran and not steps:
                return
        raise AssertionError("the house never comes to rest")

    async def _work(self):
        if self.weather is None or not self.weather.kills:
            return await drain(errors="raise" if self.weather is None else "keep")
        worker = asyncio.ensure_future(drain(errors="keep"))
        for _moment in range(self.dice.choice((self.dice.randint(1, 3000), 10**9))):
            if worker.done():
                return worker.result()
            await asyncio.sleep(0)
        worker.cancel()
        with suppress(asyncio.CancelledError):
            await worker
        self.deaths += 1
        await recover(timedelta())
        # One is missed after ten seconds; nobody waits for them here.
        await self._sort_out("UPDATE jobs.queue SET execute_after = now() WHERE headers ? 'died'")
        return 1

    async def _sort_out(self, statement):
        async with transaction() as session:
            await session.execute(text(statement))

    async def mails(self, who):
        async with transaction(system="test reads the mail") as session:
            query = "SELECT notice FROM notifications.notifications WHERE person_id = :person"
            return list(await session.scalars(text(query), {"person": who.person}))


@asynccontextmanager
async def staged(harbour, seed):
    """Under quotas nobody of a hundred customers in one process would be let in."""
    async with AsyncExitStack() as stack:
        stack.enter_context(lifted())
        transport = harbour.sandbox._transport
        for name in harbour.simulators:
            stack.enter_context(use_transport(name, Shielded(transport)))
        yield InProcess(harbour, seed)


def begin_at(moment):
    """The same first day for every run, since months differ in length."""
    set_offset(timedelta())
    set_offset(moment - now())
