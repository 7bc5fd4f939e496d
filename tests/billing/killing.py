"""Work that dies in the middle: cancelled after so many breaths, at whatever it was waiting for, again and again.

A cancelled task leaves what a killed process leaves: transactions rolled back, questions asked whose answers nobody
reads, jobs marked as running that nobody runs.
"""

import asyncio
from contextlib import suppress
from datetime import timedelta

from sqlalchemy import text

from verf.database import transaction
from verf.jobs import drain
from verf.jobs.recovery import recover

FORGET_DEATHS = """
UPDATE jobs.queue SET execute_after = now(), attempts = 0, headers = headers - 'died' WHERE headers ? 'died'
"""


async def dies(work, *, after):
    """Run for so many breaths; true when it was killed, false when it came to its end before."""
    task = asyncio.ensure_future(work)
    for _breath in range(after):
        if task.done():
            break
        await asyncio.sleep(0)
    if task.done():
        task.result()
        return False
    task.cancel()
    with suppress(asyncio.CancelledError):
        await task
    return True


def moments(*, growth=1.25):
    """At first every breath, then ever larger strides: what happens late happens seldom."""
    breath = 1.0
    while True:
        yield int(breath)
        breath = max(breath + 1, breath * growth)


async def work_through(*, most=60):
    """Workers die ever later in their work until one gets through all of it. How many died."""
    deaths, when = 0, moments()
    while await dies(drain(), after=next(when)):
        deaths += 1
        assert deaths < most, "nobody ever gets through"
        await recover(timedelta())
        async with transaction() as session:
            await session.execute(text(FORGET_DEATHS))
    return deaths
