"""Claims about the machine that must hold before anybody is let in."""

import shutil
from pathlib import Path

from verf.errors import Unavailable
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


def _existing(folder: Path) -> Path:
    while not folder.exists():
        folder = folder.parent
    return folder
