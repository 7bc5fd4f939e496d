"""The business clock of one sandbox: moved by one process, followed by the others through a file."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import timedelta
from pathlib import Path

from verf.errors import Invalid
from verf.kit import now, set_offset
from verf.sandbox.files import read_json, write_json

ClockHook = Callable[[timedelta], Awaitable[object]]

LONGEST_STEP = timedelta(days=400)
# datetime ends with the year 9999; a century is more than any business plan.
FURTHEST = timedelta(days=36525)
FOLLOW_EVERY_SECONDS = 0.2


class ClockStepRefused(Invalid):
    pass


def restore_clock(folder: Path) -> timedelta:
    """Set this process's clock as the sandbox in `folder` (<data>/sandbox) last had it."""
    return set_offset(_kept(folder))


async def follow_clock(folder: Path) -> None:
    """Run beside a worker that is not the web process: whenever the sandbox clock moves, so does ours."""
    while True:
        restore_clock(folder)
        await asyncio.sleep(FOLLOW_EVERY_SECONDS)


class Clock:
    def __init__(self, folder: Path, hooks: Sequence[ClockHook] = ()) -> None:
        self._folder = folder
        self._hooks = hooks
        self._one_at_a_time = asyncio.Lock()
        restore_clock(folder)

    @property
    def reading(self) -> dict[str, object]:
        offset = _kept(self._folder)
        return {"now": now().isoformat(), "offset_seconds": _number(offset.total_seconds())}

    async def advance(self, by: timedelta) -> dict[str, object]:
        """Move the clock forward, then tell the hooks; if a hook fails the clock goes back to where it was."""
        if not timedelta() < by <= LONGEST_STEP:
            raise ClockStepRefused(f"One step is more than zero and at most {LONGEST_STEP.days} days.")
        async with self._one_at_a_time:
            before = _kept(self._folder)
            if before + by > FURTHEST:
                raise ClockStepRefused("The clock is a century ahead already; start a sandbox with fresh data.")
            self._keep(before + by)
            try:
                for hook in self._hooks:
                    await hook(by)
            except BaseException:
                self._keep(before)
                raise
            return self.reading

    def _keep(self, offset: timedelta) -> None:
        write_json(_file(self._folder), {"offset_seconds": offset.total_seconds()})
        set_offset(offset)


def _file(folder: Path) -> Path:
    return folder / "clock.json"


def _kept(folder: Path) -> timedelta:
    return timedelta(seconds=float(read_json(_file(folder)).get("offset_seconds", 0)))


def _number(seconds: float) -> float:
    return int(seconds) if seconds == int(seconds) else seconds
