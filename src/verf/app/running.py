"""What each command runs: everything in one process, or the pieces alone on many machines."""

import asyncio
import gc
from collections.abc import AsyncIterator, Awaitable, Callable, Coroutine, Sequence
from contextlib import AsyncExitStack, asynccontextmanager, suppress
from datetime import timedelta
from functools import partial

from verf.app.house import open_house, sandbox_folder
from verf.app.rooms import all_rooms
from verf.app.serving import listening_socket, server, stop_on_signals
from verf.app.web import create_web, furnish
from verf.billing import publish
from verf.jobs import Worker, shift
from verf.manifest import Room
from verf.notifications import use_smtp
from verf.operations import watching_the_loop
from verf.realtime import Hub
from verf.sandbox import Guard, SmtpServer, create_sandbox, follow_clock
from verf.settings import House, load

Announce = Callable[[], Awaitable[None]]
Beside = Callable[[asyncio.Event], Coroutine[None, None, None]]


async def run_all(announce: Announce) -> None:
    """`verf up`: web, worker, schedules and the sandbox. `announce` is called once the site answers."""
    rooms = all_rooms()
    await _answer(rooms, announce, migrating=True, beside=Worker(rooms).run)


async def run_web(announce: Announce) -> None:
    """`verf serve`: answers requests; jobs are done by `verf work` elsewhere."""
    await _answer(all_rooms(), announce)


async def _answer(
    rooms: Sequence[Room], announce: Announce, *, migrating: bool = False, beside: Beside | None = None
) -> None:
    """Serve the site until told to stop; what runs `beside` it ends with it."""
    with listening_socket() as listener:
        async with open_house(rooms, migrating=migrating), AsyncExitStack() as stack:
            stop = asyncio.Event()
            hub = await stack.enter_async_context(Hub())
            await stack.enter_async_context(watching_the_loop())
            sandbox = await stack.enter_async_context(outside_world(rooms)) if load(House).is_sandbox else None
            serving = server(create_web(rooms, sandbox=sandbox), hub, stop)
            await publish()
            keep_for_good()
            async with asyncio.TaskGroup() as tasks:
                if beside:
                    tasks.create_task(beside(stop))
                tasks.create_task(_serve(serving.serve(sockets=[listener]), stop))
                tasks.create_task(_when(lambda: serving.started, announce, stop))
                if sandbox is not None:
                    tasks.create_task(_when(lambda: serving.started, partial(sandbox.ticking.run, stop), stop))


async def run_worker() -> None:
    """`verf work`: takes jobs until told to stop, then finishes the ones it has."""
    rooms = all_rooms()
    async with open_house(rooms), AsyncExitStack() as stack:
        stop = asyncio.Event()
        stop_on_signals(stop.set)
        furnish(rooms)
        await publish()
        if load(House).is_sandbox:
            await stack.enter_async_context(_following_the_sandbox())
        keep_for_good()
        await Worker(rooms).run(stop)


def keep_for_good() -> None:
    """What stands once the house is built stays, so the collector of garbage need not look through it ever again.

    That took a tenth of a second each time, and a sync of 50,000 rows makes it look once or twice.
    """
    gc.collect()
    gc.freeze()


@asynccontextmanager
async def outside_world(rooms: Sequence[Room]) -> AsyncIterator[Guard]:
    """Mail server, simulators and the clock, which moves waiting jobs with it."""
    folder = sandbox_folder()
    async with SmtpServer(folder) as smtp:
        use_smtp(smtp.host, smtp.port)
        simulators = [simulator for room in rooms for simulator in room.simulators]
        yield create_sandbox(simulators, folder, [_move_jobs])


async def _move_jobs(by: timedelta) -> None:
    await shift(by)


@asynccontextmanager
async def _following_the_sandbox() -> AsyncIterator[None]:
    """A worker beside the web process: its clock follows. Its mails look up the sandbox each time."""
    following = asyncio.create_task(follow_clock(sandbox_folder()))
    try:
        yield
    finally:
        following.cancel()
        with suppress(asyncio.CancelledError):
            await following


async def _serve(serving: Awaitable[None], stop: asyncio.Event) -> None:
    """When the server ends, by signal or by fault, the rest of the house ends too."""
    try:
        await serving
    finally:
        stop.set()


async def _when(true: Callable[[], bool], then: Announce, stop: asyncio.Event) -> None:
    while not true():
        if stop.is_set():
            return
        await asyncio.sleep(0.01)
    await then()
