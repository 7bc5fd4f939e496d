"""Claims about the machine that must hold before anybody is let in."""

import shutil
from datetime import timedelta
from pathlib import Path

from verf.database import transaction
from verf.errors import Unavailable
from verf.jobs import statistics
from verf.operations.settings import OperationsSettings
from verf.settings import House, load

MEGABYTE = 1024 * 1024


class DiskFull(Unavailable):
    """Little room is left where data lies."""


async def disk_has_room() -> None:
    wanted = load(OperationsSettings).free_megabytes
    folder = _existing(load(House).data.resolve())
    free = shutil.disk_usage(folder).free // MEGABYTE
    if free < wanted:
        raise DiskFull(f"{free} MB are free at {folder}, at least {wanted} are needed.")


class JobsLate(Unavailable):
    """Jobs are due and nobody does them."""


async def jobs_are_being_done() -> None:
    allowed = timedelta(minutes=load(OperationsSettings).latest_job_minutes)
    async with transaction() as session:
        seen = await statistics(session)
    if allowed and seen.oldest > allowed:
        raise JobsLate(f"The oldest of {seen.due} due jobs waits since {seen.oldest.total_seconds() / 60:.0f} minutes.")


def _existing(folder: Path) -> Path:
    while not folder.exists():
        folder = folder.parent
    return folder
