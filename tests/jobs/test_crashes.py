import asyncio
import os
import signal
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path

import mortal
from crew_at_work import at_work, queue_is_empty, queued, until
from sqlalchemy import text

from verf.database import transaction
from verf.jobs import enqueue, enqueue_all, failed

HERE = Path(__file__).parent
START = "import asyncio, sys, mortal; asyncio.run(mortal.main(sys.argv[1]))"


@contextmanager
def worker_process(database, **environment):
    url = database.server.url(database.name).render_as_string(hide_password=False)
    environment = {**os.environ, "PYTHONPATH": str(HERE), **environment}
    process = subprocess.Popen([sys.executable, "-c", START, url], env=environment)
    try:
        yield process
    finally:
        process.kill()
        process.wait()


async def ticks():
    async with transaction() as session:
        rows = await session.execute(text("SELECT schedule, count(*) FROM jobs.slots GROUP BY schedule"))
        return dict(rows.all())


async def test_killing_a_worker_in_mid_run_loses_no_job(database):
    async with transaction() as session:
        await enqueue_all(session, [mortal.Count(f"outside {number}") for number in range(300)])
        await enqueue_all(session, [mortal.CountInside(f"inside {number}") for number in range(300)])

    async def is_in_mid_run():
        return len(await ticks()) > 100

    with worker_process(database) as worker:
        await until(is_in_mid_run)
        worker.send_signal(signal.SIGKILL)
        worker.wait()
    assert await queued() > 0
    async with at_work():
        await until(queue_is_empty)
    counted = await ticks()
    assert len(counted) == 600
    assert {times for name, times in counted.items() if name.startswith("inside")} == {1}


async def test_a_job_that_kills_its_worker_ends_as_a_dead_letter_and_others_are_done(database):
    async with transaction() as session:
        await enqueue(session, mortal.Kill("poison"))
        await enqueue_all(session, [mortal.CountInside(f"good {number}") for number in range(50)])
    for _ in range(2):
        with worker_process(database) as worker:
            await asyncio.to_thread(worker.wait, 60)
        assert worker.returncode == -signal.SIGKILL
    with worker_process(database):

        async def only_the_poison_is_left():
            return (await queued(), await queued("failed")) == (1, 1)

        await until(only_the_poison_is_left)
    async with transaction() as session:
        [letter] = await failed(session)
    assert letter.error.startswith("WorkerDied")
    assert len(await ticks()) == 50


async def test_what_a_handler_wrote_is_gone_when_its_process_dies_before_the_commit(database):
    async with transaction() as session:
        await enqueue(session, mortal.DieBeforeCommit("once"))
    with worker_process(database, MORTAL="1") as worker:
        await asyncio.to_thread(worker.wait, 60)
    assert await ticks() == {}
    with worker_process(database):
        await until(queue_is_empty)
    assert await ticks() == {"once": 1}


async def test_sigterm_lets_a_worker_finish_and_leave(database):
    async with transaction() as session:
        await enqueue_all(session, [mortal.Count(str(number)) for number in range(400)])

    async def has_begun():
        return len(await ticks()) > 20

    with worker_process(database) as worker:
        await until(has_begun)
        worker.send_signal(signal.SIGTERM)
        assert await asyncio.to_thread(worker.wait, 60) == 0
    assert await queued("picked") == 0
    assert len(await ticks()) + await queued("queued") == 400


async def test_the_worker_outlives_a_killed_postgresql(tmp_path):
    environment = {**os.environ, "PYTHONPATH": str(HERE)}
    process = await asyncio.create_subprocess_exec(
        sys.executable, str(HERE / "outage.py"), str(tmp_path / "postgres"), env=environment, stdout=subprocess.PIPE
    )
    try:
        async with asyncio.timeout(150):
            said, _ = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
    assert said.decode().endswith("The worker outlived its database.\n")
