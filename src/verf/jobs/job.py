"""What a handler sees of its job: which attempt it is, and a way to tell how far it has come."""

from datetime import timedelta
from typing import Any, NewType
from uuid import UUID

from verf.database import transaction
from verf.jobs.runs import RunState, is_cancelling, write_run

JobId = NewType("JobId", int)


class TryLater(Exception):
    """Not now, and it is nobody's fault: raise it to be run again after a while without counting a failure."""

    def __init__(self, *, after: timedelta) -> None:
        super().__init__(f"Try again in {after}.")
        self.after = after


class Job:
    """Given to a handler that asks for one; keeps the run that its people watch."""

    def __init__(self, job: JobId, attempt: int, organisation: UUID | None = None) -> None:
        self.id = job
        self.attempt = attempt
        self.is_watched = False
        self.last_state: RunState = "ok"
        self._organisation = organisation

    async def progress(self, done: int, total: int, note: str = "") -> None:
        """Show how far the job has come, live. Opens a short transaction of its own."""
        await self._write(done=done, total=total, note=note)

    async def result(self, result: dict[str, Any]) -> None:
        """Keep what came out of it, as JSON."""
        await self._write(result=result)

    async def cancelled(self) -> bool:
        """Did somebody ask to stop? Then tidy up and return; the run is kept as cancelled."""
        async with transaction() as session:
            asked = await is_cancelling(session, self.id)
        if asked:
            self.is_watched, self.last_state = True, "cancelled"
        return asked

    async def _write(self, **values: Any) -> None:
        async with transaction() as session:
            await write_run(session, self.id, "running", organisation=self._organisation, **values)
        self.is_watched = True
