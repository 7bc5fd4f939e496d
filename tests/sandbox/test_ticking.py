import asyncio

import httpx
from starlette.applications import Starlette

from verf.manifest import Simulator
from verf.sandbox import create_sandbox


def simulator(name: str, tick) -> Simulator:
    return Simulator(name=name, title=name, create=lambda _folder: Starlette(), tick=tick)


async def test_simulators_live_while_the_house_runs_and_with_each_step_of_the_clock(tmp_path, visitor):
    lived, enough, stop = [], asyncio.Event(), asyncio.Event()

    async def tick(app):
        lived.append(app)
        if len(lived) == 3:
            enough.set()

    sandbox = create_sandbox([simulator("one", tick)], tmp_path)
    running = asyncio.create_task(sandbox.ticking.run(stop))
    await asyncio.wait_for(enough.wait(), 10)
    stop.set()
    await asyncio.wait_for(running, 10)
    before = len(lived)
    async with visitor(sandbox) as browser:
        await browser.post("/api/clock", json={"advance_seconds": 60})
    assert len(lived) == before + 1


async def test_a_simulator_that_fails_holds_up_neither_the_others_nor_the_clock(tmp_path, visitor):
    lived = []

    async def fail(_app):
        raise RuntimeError("a mistake in a simulator")

    async def tick(app):
        lived.append(app)

    sandbox = create_sandbox([simulator("one", fail), simulator("other", tick)], tmp_path)
    async with visitor(sandbox) as browser:
        answer = await browser.post("/api/clock", json={"advance_seconds": 60})
    assert (answer.status_code, len(lived)) == (200, 1)


async def test_a_simulator_without_a_life_of_its_own_is_left_alone(tmp_path, visitor):
    async with visitor(create_sandbox([simulator("one", None)], tmp_path)) as browser:
        assert isinstance(await browser.post("/api/clock", json={"advance_seconds": 60}), httpx.Response)
