import asyncio
import contextlib
from datetime import datetime, timedelta

import pytest

from verf.kit import now, set_offset
from verf.sandbox import create_sandbox, follow_clock, restore_clock


async def test_the_clock_moves_and_says_where_it_stands(browser):
    before = now()
    answer = (await browser.post("/api/clock", json={"advance_seconds": 3600})).json()
    assert answer["offset_seconds"] == 3600
    assert datetime.fromisoformat(answer["now"]) - before >= timedelta(hours=1)
    assert now() - before >= timedelta(hours=1)
    assert (await browser.get("/api/clock")).json()["offset_seconds"] == 3600


@pytest.mark.parametrize("seconds", [0, -1, 401 * 86400, "soon", None, 1e300])
async def test_a_step_that_makes_no_sense_is_refused(browser, seconds):
    answer = await browser.post("/api/clock", json={"advance_seconds": seconds})
    assert answer.status_code == 422
    assert (await browser.get("/api/clock")).json()["offset_seconds"] == 0


async def test_the_clock_is_where_it_was_after_a_restart(browser, tmp_path):
    await browser.post("/api/clock", json={"advance_seconds": 86400})
    set_offset(timedelta())
    create_sandbox([], tmp_path)
    assert restore_clock(tmp_path) == timedelta(days=1)


async def test_parallel_steps_add_up(browser):
    await asyncio.gather(*(browser.post("/api/clock", json={"advance_seconds": 10}) for _ in range(20)))
    assert (await browser.get("/api/clock")).json()["offset_seconds"] == 200


async def test_hooks_hear_of_each_step(tmp_path, visitor):
    heard: list[timedelta] = []

    async def listen(step: timedelta) -> None:
        heard.append(step)

    async with visitor(create_sandbox([], tmp_path, [listen])) as browser:
        await browser.post("/api/clock", json={"advance_seconds": 60})
    assert heard == [timedelta(minutes=1)]


async def test_a_step_whose_hook_fails_has_not_happened(tmp_path, visitor):
    async def fail(step: timedelta) -> None:
        raise RuntimeError("the jobs could not be moved")

    async with visitor(create_sandbox([], tmp_path, [fail])) as browser:
        assert (await browser.post("/api/clock", json={"advance_seconds": 60})).status_code == 500
        assert (await browser.get("/api/clock")).json()["offset_seconds"] == 0


async def test_another_process_follows_the_clock(browser, tmp_path):
    await browser.post("/api/clock", json={"advance_seconds": 7200})
    set_offset(timedelta())  # as if we were the other process
    before = now()
    follower = asyncio.create_task(follow_clock(tmp_path))
    async with asyncio.timeout(10):
        while now() - before < timedelta(hours=2):  # noqa: ASYNC110 - the clock rings no bell
            await asyncio.sleep(0.01)
    follower.cancel()
    with contextlib.suppress(asyncio.CancelledError):
        await follower
